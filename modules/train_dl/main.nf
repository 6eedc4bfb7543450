// A neural network that predicts one target.
// job: its name and target; the schemes, and the folds of them, to hold out in turn (none: all
// folds); the groups that scheme transfer trains and tests on; model: whether to train it on
// everything. Where other tasks predicted the held-out folds, their tables come as out_of_fold, and
// only the model on everything is left to train.
process TRAIN_DL {
    tag "${job.name}"
    label 'train_image'
    label 'process_high'
    conda "${moduleDir}/environment.yml"

    input:
    tuple val(job), path(expression), path(out_of_fold, stageAs: 'out_of_fold/?.tsv')

    output:
    tuple val(job), path("${job.name}.h5"), optional: true, emit: model
    tuple val(job), path("${job.name}.tsv"), emit: predictions
    tuple val(task.process), val('train-dl'), eval("train-dl --version | sed 's,.* ,,'"), topic: versions

    script:
    def schemes = job.schemes.collect { scheme -> "--scheme ${scheme}" }
    def folds = job.folds.collect { fold -> "--fold ${fold}" }
    def sides = job.train_on.collect { name -> "--train-on '${name}'" } + job.test_on.collect { name -> "--test-on '${name}'" }
    def calibration = out_of_fold.collect { table -> "--calibrate-from ${table}" }
    def model = job.model ? ["--output ${job.name}.h5"] : []
    """
    train-dl ${expression} \\
        --target ${job.target} \\
        ${(schemes + folds + sides + calibration + model).join(' ')} \\
        --predictions ${job.name}.tsv \\
        --threads ${task.cpus} ${task.ext.args ?: ''}
    """

    stub:
    def columns = 'sample_id target model scheme fold truth predicted probability study calibrated distance'
    """
    ${job.model ? "touch ${job.name}.h5" : ''}
    echo '${columns.replace(' ', '\t')}' > ${job.name}.tsv
    """
}
