/*
 * Parameters checked against nextflow_schema.json before the first task, without a plugin.
 */

// Stops with a line for each parameter that is unknown, missing or wrong.
def checkParameters(given, schema) {
    def properties = properties(schema)
    def leftOver = nextflow.Global.session.binding.variables.args
        .findAll { word -> word != 'true' } // what Nextflow makes of -stub
        .collect { word -> "${word}: belongs to no parameter: put commas between values, quotes around wildcards" }
    def unknown = given.keySet()
        .findAll { name -> !properties.containsKey(name) }
        .collect { name -> "--${name}: no such parameter: ${suggestion(name, properties.keySet())}" }
    def missing = sections(schema)
        .collectMany { section -> section.required ?: [] }
        .findAll { name -> isBlank(given[name]) && properties[name]['default'] == null }
        .collect { name -> "--${name}: is missing: give the ${properties[name].description.uncapitalize()}" }
    // a name and no value in a file of parameters
    def blank = properties
        .findAll { name, property -> property['default'] != null && isBlank(given[name]) }
        .collect { name, property -> "--${name}: is blank: leave it out for ${property['default']}" }
    def wrong = properties
        .findAll { name, _property -> !isBlank(given[name]) }
        .collect { name, property -> [name, given[name], complaint(given[name], property)] }
        .findAll { _name, _value, text -> text }
        .collect { name, value, text -> "--${name} ${value}: ${text}" }

    def mistakes = leftOver + unknown + missing + blank + wrong
    mistakes += mistakes ? [] : contradictions(given)
    if (mistakes) {
        error(mistakes.join('\n'))
    }
}

// What is wrong between parameters that are right by themselves.
def contradictions(given) {
    def training = given.train.toString().toBoolean()
    def labelled = given.metadata || listedFiles(given.input).any { path -> path.name.contains('.h5ad') }
    def told = []
    if (training && given.models) {
        told << "--models ${given.models}: would not be used: add --train false to fill in with it, or leave it out"
    }
    if (training && !labelled) {
        told << '--metadata: is missing: training needs labels; to fill in without training add --train false'
    }
    return told + contradictionsOfTransfer(given)
}

def contradictionsOfTransfer(given) {
    def schemes = listed(given.schemes)
    def sides = ['train_on', 'test_on'].findAll { name -> listed(given[name]) }
    if (!('transfer' in schemes)) {
        return sides.collect { name -> "--${name} ${given[name]}: would not be used: add transfer to --schemes, or leave it out" }
    }
    def told = []
    if (schemes.every { scheme -> scheme == 'transfer' }) {
        told << '--schemes transfer: calls are calibrated on folds: add random, group or site'
    }
    if (!('train_on' in sides)) {
        told << '--train_on: is missing: name the groups that --schemes transfer trains on'
    }
    return told
}

// What --help shows.
def helpText(schema) {
    return sections(schema)
        .collectMany { section ->
            ['', section.title] + section.properties.collect { name, property ->
                def preset = property['default'] == null ? '' : " [${property['default']}]"
                "  --${name.padRight(19)} ${property.description}${preset}"
            }
        }
        .join('\n')
}

// The parts of a value that has commas between, each once; commas in braces belong to a wildcard.
def listed(value) {
    return isBlank(value)
        ? []
        : value.toString().split(/,(?![^{}]*\})/).collect { part -> part.trim() }.findAll { part -> part }.unique()
}

// The files that a value names, with commas between; names may have wildcards.
def listedFiles(value) {
    return listed(value).collectMany { name -> filesNamed(name) }
}

// A name with brackets may be that of a file, such as counts[1].tsv.
def filesNamed(name) {
    def literal = file(name, glob: false)
    return literal.exists() ? [literal] : files(name).sort { path -> path.toUriString() }
}

def sections(schema) {
    return new groovy.json.JsonSlurper().parse(file(schema, checkIfExists: true).toFile())['$defs'].values()
}

def properties(schema) {
    return sections(schema).collectEntries { section -> section.properties }
}

def isBlank(value) {
    return value == null || value.toString() == ''
}

def suggestion(name, known) {
    def near = known.toList().closest(name)
    return near ? "did you mean --${near[0]}?" : '--help lists all'
}

// What is wrong with a value, or null.
def complaint(value, property) {
    def text = value.toString()
    if (value instanceof Collection) {
        return 'must be one text, with commas between the values'
    }
    if (!hasType(value, property.type)) {
        def names = [integer: 'a whole number', number: 'a number', boolean: 'true or false', string: 'followed by a value']
        return "must be ${names[property.type]}"
    }
    if (property['enum'] && !(text in property['enum'])) {
        return "must be one of ${property['enum'].join(', ')}"
    }
    if (property.pattern && !(text ==~ property.pattern)) {
        return property.errorMessage ?: "must match ${property.pattern}"
    }
    if (property.minimum != null && text.toBigDecimal() < property.minimum) {
        return "must be ${property.minimum} or more"
    }
    if (property.maximum != null && text.toBigDecimal() > property.maximum) {
        return "must be ${property.maximum} or less"
    }
    return property.exists ? complaintOfFiles(value, property) : null
}

def complaintOfFiles(value, property) {
    def named = listedFiles(value)
    def absent = listed(value).find { name -> !filesNamed(name) || !filesNamed(name).every { path -> path.exists() } }
    if (absent || !named) {
        return "${absent ?: value}: no such file"
    }
    if (property.format == 'file-path' && named.size() > 1) {
        return "must be one file, not ${named.size()}"
    }
    // Nextflow hands it to a shell, which takes what follows for the name of a variable.
    def dollar = named.find { path -> path.toUriString().contains('$') }
    return dollar ? "${dollar.toUriString()}: has a dollar sign, which no task can be given: rename it" : null
}

// Whether a value is of a type of the schema. A number may stand for a text (--container_tag 1.0)
// and a text for a number (quotes in a parameters file).
def hasType(value, type) {
    def text = value.toString()
    def fits = [
        integer: text ==~ /-?\d+/,
        number: text.isNumber(),
        boolean: text in ['true', 'false'],
        string: value instanceof CharSequence || value instanceof Number,
    ]
    return fits[type]
}
