"""Sample ids come out as they went in: blanks, dashes, leading digits and all."""

import dataclasses
import logging
import os
import sys

import numpy as np
import pytest

from srna_augment.errors import DataError
from srna_augment.expression import read_expression
from srna_augment.metadata import match, read_metadata
from srna_augment.reading import read_tables

from . import writers

ODD = [" 1A-2", "plasma.7 ", "S 3"]
TOY = dataclasses.replace(writers.TOY, samples=ODD)
NAMED_BY_FILE = (
    writers.mirdeep2_samples,
    writers.excerpt_samples,
    writers.srnabench,
    writers.srnabench_single,
    writers.gdc,
    writers.gdc_isoforms,
    writers.bcbio_isomirs,
    writers.salmon,
    writers.kallisto,
    writers.rsem,
    writers.oasis,
)


@pytest.mark.parametrize(
    "write",
    [write for write in writers.COUNT_WRITERS if write not in NAMED_BY_FILE],
    ids=lambda write: write.__name__,
)
def test_every_format_keeps_ids(write, tmp_path):
    table = read_tables(write(tmp_path, TOY))
    assert table.samples == ODD
    assert table.features == TOY.features


@pytest.mark.parametrize("write", NAMED_BY_FILE, ids=lambda write: write.__name__)
def test_names_of_files_and_folders_are_ids_as_they_are(write, tmp_path):
    assert read_tables(write(tmp_path, TOY)).samples == ODD


@pytest.mark.parametrize(
    "text",
    [
        "id\t hsa-miR-21-5p\thsa-let-7a-5p \n a\t1\t2\nb \t3\t4\n",
        "miRNA\t a\tb \n hsa-miR-21-5p\t1\t3\nhsa-let-7a-5p \t2\t4\n",
        'miRNA," a","b "\n" hsa-miR-21-5p",1,3\n"hsa-let-7a-5p ",2,4\n',
    ],
)
def test_blanks_are_kept_of_samples_and_not_of_features(text, tmp_path, caplog):
    (tmp_path / "t.txt").write_text(text)
    with caplog.at_level(logging.INFO, logger="srna_augment"):
        table = read_tables(tmp_path / "t.txt")
    assert table.samples == [" a", "b "]
    assert table.features == ["hsa-miR-21-5p", "hsa-let-7a-5p"]
    np.testing.assert_array_equal(table.values, [[1, 2], [3, 4]])
    said = "2 sample ids begin or end with blanks, for example ' a': they are kept as they are"
    assert [r.getMessage() for r in caplog.records][1:] == [said]


def test_an_id_of_blanks_alone_is_none(tmp_path):
    (tmp_path / "t.tsv").write_text("id\thsa-miR-21-5p\n  \t1\n")
    with pytest.raises(DataError, match=r"sample 1 \(by row\) has no name"):
        read_tables(tmp_path / "t.tsv")


def test_metadata_meet_ids_with_and_without_blanks(tmp_path, caplog):
    (tmp_path / "m.tsv").write_text("sample_id\tsex\n1A-2\tfemale\nplasma.7 \tmale\n S.3\tmale\n")
    with caplog.at_level(logging.INFO, logger="srna_augment"):
        aligned, report = match(ODD, read_metadata(tmp_path / "m.tsv"))
    assert list(aligned.index) == ODD
    assert list(aligned["sample_id"]) == ["1A-2", "plasma.7 ", " S.3"]
    assert (report.n_exact, report.tolerant) == (1, {" 1A-2": "1A-2", "S 3": " S.3"})
    assert "sample ' 1A-2' is taken for '1A-2' of the metadata" in caplog.text


def test_commands_write_the_ids_that_they_read(run_command, demo_data, tmp_path):
    import gzip

    import pandas as pd

    with gzip.open(demo_data / "tcga.tsv.gz", "rt") as handle:
        header, *rows = [handle.readline() for _ in range(4)]
    text = header + "".join(
        name + row[row.index("\t") :] for name, row in zip(ODD, rows, strict=True)
    )
    done = run_command("normalise", "-", "-o", tmp_path / "e.h5ad", input=text)
    assert done.returncode == 0, done.stderr
    assert read_expression(tmp_path / "e.h5ad").samples == ODD
    done = run_command("augment", "-", "-o", tmp_path / "a.tsv", input=text)
    assert done.returncode == 0, done.stderr
    annotated = pd.read_csv(tmp_path / "a.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert list(annotated["sample_id"]) == ODD


@pytest.mark.parametrize(
    ("name", "header", "rest"),
    [
        ("S{}.txt", "miRNA\tcount\tRPM", ""),
        ("S{}.tsv", "miRNA\tRaw counts\tRPM", ""),
        (
            "miRNAs_expressed_all_samples_S{}.csv",
            "#miRNA\tread_count\tprecursor\ttotal\tseq\tseq(norm)",
            "hsa-mir-1-1\t{0}\t",
        ),
    ],
)
def test_a_column_named_by_a_quantity_leaves_the_name_to_the_file(name, header, rest, tmp_path):
    paths = []
    for sample in (1, 2):
        lines = [header]
        for number in range(12):
            count = 37 * number % 11 * sample + 5
            cells = f"{count}\t{rest.format(count)}{count if rest else count * 3.14:.4f}"
            lines.append(f"hsa-miR-{100 + number}-5p\t{cells}" + ("\t1.5" if rest else ""))
        path = tmp_path / name.format(sample)
        path.write_text("\n".join(lines) + "\n")
        paths.append(path)
    table = read_tables(paths)
    assert table.samples == ["S1", "S2"]
    assert table.units == "counts"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no such name")
def test_a_file_name_that_is_no_text_still_names_its_sample(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.txt")
    path.write_text("miRNA\tcount\nhsa-miR-21-5p\t100\n")
    assert read_tables([path]).samples == ["caf\\xe9"]
