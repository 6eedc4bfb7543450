// A random forest that predicts one target, with simpler learners to measure it against.
// job: its name and target; the schemes, and the folds of them, to hold out in turn (none: all
// folds); model: whether to train it on everything. Where other tasks predicted the held-out
// folds, their tables come as out_of_fold, and only the model on everything is left to train.
// A task that holds out all folds itself also says what its forests look at.
process TRAIN_RF {
    tag "${job.name}"
    label 'base_image'
    label 'process_high'
    conda "${moduleDir}/environment.yml"

    input:
    tuple val(job), path(expression), path(out_of_fold, stageAs: 'out_of_fold/?.tsv')

    output:
    tuple val(job), path("${job.name}.h5"), optional: true, emit: model
    tuple val(job), path("${job.name}.tsv"), emit: predictions
    tuple val(job), path("${job.name}.importance.tsv"), optional: true, emit: importance
    path "${job.name}.multiqc", optional: true, emit: sections
    tuple val(task.process), val('train-rf'), eval("train-rf --version | sed 's,.* ,,'"), topic: versions

    script:
    def schemes = job.schemes.collect { scheme -> "--scheme ${scheme}" }
    def folds = job.folds.collect { fold -> "--fold ${fold}" }
    def calibration = out_of_fold.collect { table -> "--calibrate-from ${table}" }
    def model = job.model ? ["--output ${job.name}.h5"] : []
    def importance = job.model && job.schemes
        ? ["--importance ${job.name}.importance.tsv", "--multiqc ${job.name}.multiqc"]
        : []
    """
    train-rf ${expression} \\
        --target ${job.target} \\
        ${(schemes + folds + calibration + model + importance).join(' ')} \\
        --predictions ${job.name}.tsv \\
        --threads ${task.cpus} ${task.ext.args ?: ''}
    """

    stub:
    def columns = 'sample_id target model scheme fold truth predicted probability study distance'
    def importance = job.model && job.schemes
    """
    ${job.model ? "touch ${job.name}.h5" : ''}
    ${importance ? "touch ${job.name}.importance.tsv; mkdir ${job.name}.multiqc" : ''}
    echo '${columns.replace(' ', '\t')}' > ${job.name}.tsv
    """
}
