/*
 * The run as a Process Run Crate (https://w3id.org/ro/wfrun/process/0.5): what went in, with what
 * settings, on which versions, and what came out, each file with its size and SHA-256.
 */

// Writes ro-crate-metadata.json beside the results that index.csv lists.
def writeRunCrate(run, given, inputs) {
    def root = run.outputDir
    def results = indexed(root)
    def used = inputs.unique().collect { path -> described(path, path.toUri().toString()) }
    def made = results.collect { path -> described(path, inCrate(root, path)) }
    def settings = given
        .findAll { name, value -> value != null && value != '' && name != 'help' }
        .sort()
        .collect { name, value -> ['@id': "#parameter-${name}".toString(), '@type': 'PropertyValue', name: name, value: "${value}".toString()] }
    def tools = versions(root).collect { name, version ->
        ['@id': "#software-${name}".toString(), '@type': 'SoftwareApplication', name: name, softwareVersion: version]
    }
    def suite = [
        '@id': run.manifest.homePage,
        '@type': 'SoftwareApplication',
        name: run.manifest.name,
        description: run.manifest.description,
        url: run.manifest.homePage,
        softwareVersion: run.manifest.version,
        license: ['@id': 'https://spdx.org/licenses/MIT'],
        softwareRequirements: references(tools),
    ]
    def action = [
        '@id': "#run-${run.sessionId}".toString(),
        '@type': 'CreateAction',
        name: "Run ${run.runName} of ${run.manifest.name} ${run.manifest.version}".toString(),
        instrument: ['@id': suite['@id']],
        object: references(used + settings),
        result: references(made),
        startTime: run.start.toString(),
        endTime: run.complete.toString(),
        actionStatus: ['@id': 'http://schema.org/CompletedActionStatus'],
    ]
    def folder = [
        '@id': './',
        '@type': 'Dataset',
        name: "Results of ${run.manifest.name}".toString(),
        description: 'Tissue, sex and age of small-RNA sequencing samples: calls, models and how good they are',
        datePublished: run.complete.toString(),
        license: 'The licence of the input data applies',
        conformsTo: ['@id': 'https://w3id.org/ro/wfrun/process/0.5'],
        hasPart: references(made + used),
        mentions: [['@id': action['@id']]],
    ]
    def descriptor = [
        '@id': 'ro-crate-metadata.json',
        '@type': 'CreativeWork',
        about: ['@id': './'],
        conformsTo: ['@id': 'https://w3id.org/ro/crate/1.1'],
    ]
    def profile = [
        '@id': 'https://w3id.org/ro/wfrun/process/0.5',
        '@type': 'CreativeWork',
        name: 'Process Run Crate',
        version: '0.5',
    ]
    def licence = ['@id': 'https://spdx.org/licenses/MIT', '@type': 'CreativeWork', name: 'MIT License']
    def crate = [
        '@context': ['https://w3id.org/ro/crate/1.1/context', 'https://w3id.org/ro/terms/workflow-run/context'],
        '@graph': [descriptor, folder, profile, licence, suite, action] + tools + settings + used + made,
    ]
    root.resolve('ro-crate-metadata.json').text = groovy.json.JsonOutput.prettyPrint(groovy.json.JsonOutput.toJson(crate)) + '\n'
}

// The files and folders of the index; the last of its columns is the path.
def indexed(root) {
    def lines = root.resolve('index.csv').readLines().drop(1)
    return lines
        .collect { line -> file(line.substring(line.lastIndexOf(',"') + 2, line.length() - 1), glob: false) }
        .unique()
}

def inCrate(root, path) {
    def name = root.toAbsolutePath().relativize(path.toAbsolutePath()).toString()
    return path.isDirectory() ? "${name}/".toString() : name
}

// A file with size and SHA-256; those of other machines are not fetched for it.
def described(path, id) {
    def entity = ['@id': id, '@type': path.isDirectory() ? 'Dataset' : 'File', name: path.name]
    if (path.isDirectory() || path.toUri().scheme != 'file') {
        return entity
    }
    return entity + [contentSize: path.size().toString(), sha256: sha256(path)]
}

def sha256(path) {
    def digest = java.security.MessageDigest.getInstance('SHA-256')
    path.toFile().eachByte(1 << 20) { bytes, length -> digest.update(bytes, 0, length) }
    return digest.digest().encodeHex().toString()
}

// Names and versions of software_versions.yml.
def versions(root) {
    return root.resolve('pipeline_info/software_versions.yml').readLines()
        .findAll { line -> line.startsWith('  ') }
        .collectEntries { line -> line.trim().replace("'", '').split(': ', 2).toList() }
}

def references(entities) {
    return entities.collect { entity -> ['@id': entity['@id']] }
}
