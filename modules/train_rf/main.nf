// A random forest that predicts one target, with simpler learners to measure it against.
// job: its name and target; the schemes, and the folds of them, to hold out in turn (none: all
// folds); model: whether to train it on everything. Where the held-out folds were predicted
// by other tasks, their tables come as out_of_fold, and only the final model is left to train.
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
    tuple val(task.process), val('train-rf'), eval("train-rf --version | sed 's,.* ,,'"), topic: versions

    script:
    def calibration = out_of_fold.collect { table -> "--calibrate-from ${table}" }.join(' ')
    def schemes = job.schemes.collect { scheme -> "--scheme ${scheme}" }.join(' ')
    def folds = job.folds.collect { fold -> "--fold ${fold}" }.join(' ')
    def evidence = out_of_fold
        ? "--scheme none ${calibration}"
        : "${schemes} ${folds} --predictions ${job.name}.tsv"
    def gather = "awk 'FNR > 1 || NR == 1' ${out_of_fold} > ${job.name}.tsv"
    """
    train-rf ${expression} \\
        --target ${job.target} \\
        ${evidence} \\
        ${job.model ? "--output ${job.name}.h5" : ''} \\
        --threads ${task.cpus} ${task.ext.args ?: ''}
    ${out_of_fold ? gather : ''}
    """

    stub:
    """
    ${job.model ? "touch ${job.name}.h5" : ''}
    printf '%s\\t' sample_id target model scheme fold truth predicted > ${job.name}.tsv
    printf 'probability\\n' >> ${job.name}.tsv
    """
}
