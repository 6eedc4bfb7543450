// One page of everything: how good the models are, what they look at, what was filled in.
process MULTIQC {
    label 'process_single'
    conda "${moduleDir}/environment.yml"

    input:
    path sections, stageAs: 'sections?/*'
    path config
    val versions // of the tools that ran, as YAML

    output:
    path 'multiqc_report.html', emit: report
    tuple val(task.process), val('multiqc'), eval("multiqc --version | sed 's,.* ,,'"), emit: versions

    script:
    """
    cat > software_mqc_versions.yml <<'END'
    ${versions.replace('\n', '\n    ')}
    END
    multiqc . --config ${config} --filename multiqc_report.html --force ${task.ext.args ?: ''}
    """

    stub:
    """
    touch multiqc_report.html
    """
}
