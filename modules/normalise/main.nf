// Count tables as their tools wrote them, made comparable: one table of samples x features.
process NORMALISE {
    tag "${tables.collect { table -> table.name.tokenize('/').last() }.join(', ')}"
    label 'base_image'
    label 'process_medium'
    conda "${moduleDir}/environment.yml"

    input:
    path tables, arity: '1..*', stageAs: 'table?/*'
    path metadata

    output:
    path 'expression.h5ad', emit: expression
    path 'normalisation.json', emit: state
    path 'reading.json', emit: reading
    path 'multiqc', emit: sections
    tuple val(task.process), val('normalise'), eval("normalise --version | sed 's,.* ,,'"), topic: versions

    script:
    def labels = metadata ? "--metadata ${metadata}" : ''
    """
    normalise ${tables} ${labels} \\
        --output expression.h5ad \\
        --save-state normalisation.json \\
        --report reading.json \\
        --multiqc multiqc \\
        --threads ${task.cpus} ${task.ext.args ?: ''}
    """

    stub:
    """
    touch expression.h5ad
    echo '{}' > normalisation.json
    echo '{}' > reading.json
    mkdir multiqc
    touch multiqc/normalise_mqc.json
    """
}
