// Why a network says what it says: what each feature adds to each class and each sample.
process DEEPLIFT_SCORE {
    tag "${job.name}"
    label 'train_image'
    label 'process_medium'
    conda "${moduleDir}/environment.yml"

    input:
    tuple val(job), path(model), path(expression)

    output:
    tuple val(job), path("${job.name}/scores.h5"), emit: scores
    tuple val(job), path("${job.name}/tables"), emit: tables
    tuple val(job), path("${job.name}/plots"), emit: plots
    path "${job.name}/multiqc", emit: sections
    tuple val(task.process), val('deeplift-score'), eval("deeplift-score --version | sed 's,.* ,,'"), topic: versions

    script:
    """
    mkdir ${job.name}
    deeplift-score ${model} ${expression} \\
        --output ${job.name}/scores.h5 \\
        --tables ${job.name}/tables \\
        --plots ${job.name}/plots \\
        --multiqc ${job.name}/multiqc \\
        --threads ${task.cpus} ${task.ext.args ?: ''}
    """

    stub:
    def columns = 'target class samples_of n_samples n_studies rank feature mean'
    """
    mkdir -p ${job.name}/tables ${job.name}/plots ${job.name}/multiqc
    touch ${job.name}/scores.h5
    echo '${columns.replace(' ', '\t')}' > ${job.name}/tables/${job.target}.classes.tsv
    touch ${job.name}/plots/${job.target}.classes.png ${job.name}/multiqc/${job.name}_mqc.json
    """
}
