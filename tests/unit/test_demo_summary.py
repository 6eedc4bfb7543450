"""The last table of `make demo` counts what it says it counts."""

from pathlib import Path
from types import ModuleType

import pytest

from checkout import load_script

METRICS = """\
target\tlearner\tscheme\taccuracy\tmae_by_study\tbest
tissue\tdl\trandom\t0.932\t\t
tissue\tdl\tgroup\t0.871\t\t*
tissue\trf\trandom\t0.900\t\t
sex\trf\trandom\t0.700\t\t*
age_years\trf\trandom\t\t9.81\t
"""
TRUTH = """\
sample_id\tblank\ttissue\ttissue_group\tsex\tage
a\ttissue,sex,age\tliver\thepatobiliary\tmale\tadult
b\ttissue\tbrain\tnervous system\tmale\tadult
c\ttissue,sex,age\tlung\trespiratory\t\telderly
"""
ANNOTATED = """\
sample_id\ttissue_best\ttissue_status\tsex_best\tsex_status\tage_best\tage_status
c\tlung\twithheld\tmale\tcalled\tadult\tcalled
b\tliver\tcalled\tfemale\tcalled\tadult\tcalled
a\tliver\tcalled\tmale\tcalled\tadult\tout_of_distribution
labelled\tliver\tcalled\tmale\tcalled\tadult\tcalled
"""


@pytest.fixture(scope="module")
def summary() -> ModuleType:
    return load_script("scripts/demo_summary.py")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "metrics.tsv").write_text(METRICS)
    (tmp_path / "annotated.tsv").write_text(ANNOTATED)
    (tmp_path / "truth.tsv").write_text(TRUTH)
    return tmp_path


def test_accuracy_stands_by_target_learner_and_scheme(summary: ModuleType, folder: Path) -> None:
    assert summary.held_out(summary.read(folder / "metrics" / "metrics.tsv")) == [
        ["target", "learner", "random", "group", ""],
        ["tissue", "dl", "0.932", "0.871", "best"],
        ["tissue", "rf", "0.900", "", ""],
        ["sex", "rf", "0.700", "", "best"],
        ["age_years", "rf", "9.81 y", "", ""],
    ]


def test_only_blanks_with_a_truth_count(summary: ModuleType, folder: Path) -> None:
    annotated, truth = summary.read(folder / "annotated.tsv"), summary.read(folder / "truth.tsv")
    assert summary.blanks(annotated, truth) == [
        ["target", "blanks", "best guess right", "called", "called right"],
        ["tissue", "3", "2", "2", "1"],
        ["sex", "1", "1", "1", "1"],
        ["age", "2", "1", "1", "0"],
    ]


def test_it_ends_with_the_paths_to_look_at(
    summary: ModuleType, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary.main(folder, folder / "truth.tsv")
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].split() == ["Report:", str(folder / "multiqc_report.html")]
    assert lines[-1].split() == ["Annotated", "table:", str(folder / "annotated.tsv")]
    assert "  tissue     dl        0.932  0.871  best" in lines


def test_a_missing_result_ends_in_one_line(summary: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"metrics.tsv: no such file: run `make demo`"):
        summary.main(tmp_path, tmp_path / "truth.tsv")
