#!/usr/bin/env nextflow
/*
 * srna-augment: fills in the tissue, sex and age of small-RNA sequencing samples.
 *
 *   count tables --> NORMALISE --> CROSS_VALIDATE --> EVALUATE ------.
 *   and metadata                         |                            > MULTIQC
 *        |                               |--> DEEPLIFT_SCORE --------|
 *        '------------------------> AUGMENT (best models) -----------'
 */
nextflow.preview.output = true

include { checkParameters; helpText; listed; listedFiles } from './subworkflows/parameters.nf'
include { writeRunCrate } from './subworkflows/run_crate.nf'
include { CROSS_VALIDATE } from './subworkflows/cross_validate.nf'
include { NORMALISE } from './modules/normalise/main.nf'
include { EVALUATE } from './modules/evaluate/main.nf'
include { DEEPLIFT_SCORE } from './modules/deeplift_score/main.nf'
include { AUGMENT } from './modules/augment/main.nf'
include { MULTIQC } from './modules/multiqc/main.nf'

workflow {
    main:
    if (params.help) {
        println(helpText("${projectDir}/nextflow_schema.json"))
        exit(0)
    }
    checkParameters(params, "${projectDir}/nextflow_schema.json")

    given = channel.of(parametersJson(params))
    tables = channel.value(listedFiles(params.input))
    metadata = channel.value(listedFiles(params.metadata))
    training = params.train.toString().toBoolean()

    // counts -> one table of samples x features, on one scale
    NORMALISE(training ? tables : channel.empty(), metadata)
    expression = NORMALISE.out.expression

    // -> per target and learner: a model, and the predictions of samples that it had not seen
    CROSS_VALIDATE(
        expression,
        [
            targets: listed(params.targets),
            learners: listed(params.learners),
            schemes: listed(params.schemes),
            train_on: listed(params.train_on),
            test_on: listed(params.test_on),
            folds: params.folds as int,
            folds_per_task: foldsPerTask(params.folds_per_task as int),
        ],
    )
    trained = CROSS_VALIDATE.out.models

    // -> how good each learner is, and why the networks say what they say
    EVALUATE(
        CROSS_VALIDATE.out.predictions.map { _job, table -> table }.collect(sort: { table -> table.name }),
        NORMALISE.out.reading,
    )
    DEEPLIFT_SCORE(trained.filter { job, _model -> job.learner == 'dl' }.combine(expression))

    // best model of each target -> the blanks of the metadata
    chosen = training
        ? trained.combine(EVALUATE.out.metrics)
            .filter { job, _model, metrics -> isBest(job, metrics) }
            .map { _job, model, _metrics -> model }
            .collect(sort: { model -> model.name })
        : channel.value(listedFiles(params.models))
    // labels that the models have learnt are checked by models that have not
    left_out = training
        ? CROSS_VALIDATE.out.predictions.map { _job, table -> table }.collect(sort: { table -> table.name })
        : channel.value([])
    AUGMENT(tables, metadata, chosen, left_out)

    // -> one page of everything
    versions = channel.topic('versions').unique().toSortedList().map { rows -> versionsYaml(rows) }
    MULTIQC(
        NORMALISE.out.sections
            .mix(EVALUATE.out.sections, DEEPLIFT_SCORE.out.sections, CROSS_VALIDATE.out.sections, AUGMENT.out.sections)
            .collect(sort: { section -> section.toString() }),
        file(params.multiqc_config ?: "${projectDir}/assets/multiqc_config.yml"),
        versions,
    )
    // of MultiQC, too, which cannot be told its own
    all_versions = channel.topic('versions')
        .mix(MULTIQC.out.versions)
        .unique()
        .toSortedList()
        .map { rows -> versionsYaml(rows) }

    workflow.onComplete = {
        if (workflow.success) {
            def used = listedFiles(params.input) + listedFiles(params.metadata) + listedFiles(params.models)
            writeRunCrate(workflow, params, used)
            keepTrace(workflow.outputDir)
            log.info("The annotated table and the report are in ${workflow.outputDir}: annotated.tsv, multiqc_report.html")
        }
    }

    publish:
    results = published('annotated table', '.', AUGMENT.out.table)
        .mix(
            published('annotated page', '.', AUGMENT.out.page),
            published('CELLxGENE fields', '.', AUGMENT.out.fields),
            published('report', '.', MULTIQC.out.report),
            published('expression', 'expression', expression),
            published('normalisation', 'expression', NORMALISE.out.state),
            published('what was read', 'expression', NORMALISE.out.reading),
            published('model', 'models', trained),
            published('predictions', 'predictions', CROSS_VALIDATE.out.predictions),
            published('metrics', 'metrics', EVALUATE.out.metrics),
            published('metrics table', 'metrics', EVALUATE.out.table),
            published('metrics plots', 'metrics', EVALUATE.out.plots),
            published('attribution', 'attribution', DEEPLIFT_SCORE.out.scores),
            published('attribution tables', 'attribution', DEEPLIFT_SCORE.out.tables),
            published('attribution plots', 'attribution', DEEPLIFT_SCORE.out.plots),
            published('importance', 'attribution', CROSS_VALIDATE.out.importance),
            published('software versions', 'pipeline_info', all_versions.collectFile(name: 'software_versions.yml')),
            published('parameters', 'pipeline_info', given.collectFile(name: 'parameters.json', newLine: true)),
        )
}

output {
    results {
        path { result -> result.folder }
        index {
            path 'index.csv'
            header true
        }
    }
}

// What is published: the kind of result, where it belongs, and what it is of.
def published(kind, folder, files) {
    return files.map { row ->
        def job = row instanceof List ? row[0] : [:]
        [result: kind, target: job.target ?: '', learner: job.learner ?: '', folder: folder, path: [row].flatten().last()]
    }
}

// Folds a task: as asked, else all in one task on this machine and one a task on others.
def foldsPerTask(asked) {
    def executor = nextflow.Global.session.config.process?.executor ?: 'local'
    return asked ?: (executor == 'local' ? 0 : 1)
}

// Whether evaluation ranked a job's learner first of those that can be kept (baselines cannot).
// The learners stay in the order in which they were asked for where there is no ranking (-stub).
def isBest(job, metrics) {
    def learners = listed(params.learners)
    def best = new groovy.json.JsonSlurper().parseText(metrics.text).best_model ?: [:]
    def ranking = best[job.target]?.ranking?.collect { entry -> entry.model } ?: learners
    return job.learner == ranking.find { name -> name in learners }
}

// All parameters of the run, as -params-file takes them.
def parametersJson(given) {
    def set = given.findAll { name, value -> value != null && value != '' && name != 'help' }
    return groovy.json.JsonOutput.prettyPrint(groovy.json.JsonOutput.toJson(set))
}

// The trace of a run that ended well, under a name that stays the same; those of all runs bear a time.
def keepTrace(folder) {
    def trace = nextflow.Global.session.config.trace
    if (trace?.enabled) {
        file(trace.file, glob: false).copyTo(folder.resolve('pipeline_info/trace.tsv'))
    }
}

// Versions of the tools that ran, as MultiQC and people read them; in quotes, as 1.30 is no number.
def versionsYaml(rows) {
    def tools = rows.collect { _process, tool, version -> "  ${tool}: '${version}'" }.unique().sort()
    def suite = ['Workflow:', "  srna-augment: '${workflow.manifest.version}'", "  Nextflow: '${workflow.nextflow.version}'"]
    return (['Tools:'] + tools + suite).join('\n') + '\n'
}
