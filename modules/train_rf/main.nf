// A random forest that predicts one target, with simpler learners to measure it against.
// job: its name and target; the schemes, and the folds of them, to hold out in turn (none: all
// folds); the groups that scheme transfer trains and tests on; model: whether to train it on
// everything; votes: whether to keep the votes that each held-out sample loses. Where other tasks
// predicted the held-out folds, their tables come as out_of_fold and those votes as votes, and only
// the model on everything is left to train. The task of the model also says what the forests of the
// folds look at.
process TRAIN_RF {
    tag "${job.name}"
    label 'base_image'
    label 'process_high'
    conda "${moduleDir}/environment.yml"

    input:
    tuple val(job), path(expression), path(out_of_fold, stageAs: 'out_of_fold/?.tsv'), path(votes, stageAs: 'votes/?.h5')

    output:
    tuple val(job), path("${job.name}.h5"), optional: true, emit: model
    tuple val(job), path("${job.name}.tsv"), emit: predictions
    tuple val(job), path("${job.name}.votes.h5"), optional: true, emit: votes
    tuple val(job), path("${job.name}.importance.tsv"), optional: true, emit: importance
    path "${job.name}.multiqc", optional: true, emit: sections
    tuple val(task.process), val('train-rf'), eval("train-rf --version | sed 's,.* ,,'"), topic: versions

    script:
    def schemes = job.schemes.collect { scheme -> "--scheme ${scheme}" }
    def folds = job.folds.collect { fold -> "--fold ${fold}" }
    def sides = job.train_on.collect { name -> "--train-on '${name}'" } + job.test_on.collect { name -> "--test-on '${name}'" }
    def calibration = out_of_fold.collect { table -> "--calibrate-from ${table}" }
    def model = job.model ? ["--output ${job.name}.h5"] : []
    def gathered = votes.collect { part -> "--importance-from ${part}" }
    def kept = job.votes ? ["--save-importance ${job.name}.votes.h5"] : []
    def importance = job.model && (gathered || job.schemes.any { scheme -> scheme != 'transfer' })
        ? ["--importance ${job.name}.importance.tsv", "--multiqc ${job.name}.multiqc"]
        : []
    """
    train-rf ${expression} \\
        --target ${job.target} \\
        ${(schemes + folds + sides + calibration + model + gathered + kept + importance).join(' ')} \\
        --predictions ${job.name}.tsv \\
        --threads ${task.cpus} ${task.ext.args ?: ''}
    """

    stub:
    def columns = 'sample_id target model scheme fold truth predicted probability study calibrated distance'
    def importance = job.model && (votes || job.schemes.any { scheme -> scheme != 'transfer' })
    """
    ${job.model ? "touch ${job.name}.h5" : ''}
    ${job.votes ? "touch ${job.name}.votes.h5" : ''}
    ${importance ? "touch ${job.name}.importance.tsv; mkdir ${job.name}.multiqc" : ''}
    echo '${columns.replace(' ', '\t')}' > ${job.name}.tsv
    """
}
