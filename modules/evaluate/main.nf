// How good the predictions of held-out samples are, by target, learner and scheme, and which
// learner to trust.
process EVALUATE {
    label 'base_image'
    label 'process_low'
    conda "${moduleDir}/environment.yml"

    input:
    path predictions, arity: '1..*'
    path reading // what normalise read of the same samples, for why studies fail; none: []

    output:
    path 'metrics.json', emit: metrics
    path 'metrics.tsv', emit: table
    path 'plots', emit: plots
    path 'multiqc', emit: sections
    tuple val(task.process), val('evaluate'), eval("evaluate --version | sed 's,.* ,,'"), topic: versions

    script:
    def read = reading ? "--reading ${reading}" : ''
    """
    evaluate ${predictions} ${read} \\
        --output metrics.json \\
        --table metrics.tsv \\
        --plots plots \\
        --multiqc multiqc \\
        --threads ${task.cpus} ${task.ext.args ?: ''}
    """

    stub:
    def columns = 'target learner scheme n studies accuracy_by_study low high accuracy'
    """
    echo '{}' > metrics.json
    echo '${columns.replace(' ', '\t')}' > metrics.tsv
    mkdir plots multiqc
    touch plots/calibration.png multiqc/evaluate_mqc.json
    """
}
