// The blanks of the metadata filled, each call with its probability, term and status.
// No models: the one that ships with augment. Predictions: of samples that the models trained on, by
// models that did not.
process AUGMENT {
    tag "${tables.collect { table -> table.name.tokenize('/').last() }.join(', ')}"
    label 'base_image'
    label 'process_medium'
    conda "${moduleDir}/environment.yml"

    input:
    path tables, arity: '1..*', stageAs: 'table?/*'
    path metadata, stageAs: 'metadata/*' // it may have the name of an output
    path models, arity: '0..*', stageAs: 'model?/*'
    path predictions, arity: '0..*', stageAs: 'out_of_fold?/*'

    output:
    path 'annotated.tsv', emit: table
    path 'annotated.html', emit: page
    path 'cellxgene.tsv', emit: fields
    path 'multiqc', emit: sections
    tuple val(task.process), val('augment'), eval("augment --version | sed 's,.* ,,'"), topic: versions

    script:
    def labels = metadata ? "--metadata ${metadata}" : ''
    def chosen = models.collect { model -> "--model ${model}" }.join(' ')
    def left_out = predictions.collect { table -> "--out-of-fold ${table}" }.join(' ')
    """
    augment ${tables} ${labels} ${chosen} ${left_out} \\
        --output annotated.tsv \\
        --html annotated.html \\
        --cellxgene cellxgene.tsv \\
        --multiqc multiqc \\
        --threads ${task.cpus} ${task.ext.args ?: ''}
    """

    stub:
    def columns = 'sample_id tissue_best tissue_probability tissue_status tissue_pred'
    """
    echo '${columns.replace(' ', '\t')}' > annotated.tsv
    touch annotated.html cellxgene.tsv
    mkdir multiqc
    touch multiqc/augment_mqc.json
    """
}
