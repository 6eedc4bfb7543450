"""The page of `augment`: what it says, what it puts first, and that hostile names stay text."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from srna_augment import page
from srna_augment.left_out_checks import LeftOut

VOID = {"meta", "br", "input"}
HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</td></table></style><h1>gone</h1>",
    "javascript:alert(1)",
    "&lt;b&gt;",
    "a\x00b\x1b[31m",
    "evil\u202etxt.exe",
    "{{7*7}} ${x} %s",
]  # fmt: skip


class _Page(HTMLParser):
    """Elements, attributes and text; fails on tags that do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: dict[str, list[list[str]]] = {}
        self._open: list[str] = []
        self._heading = ""
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "h2":
            self._heading = ""
        if tag == "tr":
            self.rows.setdefault(self._heading, []).append([])
        if tag in ("td", "th"):
            self.rows[self._heading][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "h2":
            self._heading += data
        if "td" in self._open or "th" in self._open:
            cells = self.rows[self._heading][-1]
            cells[-1] = " ".join(f"{cells[-1]} {data}".split())

    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]


def annotated(**columns: list) -> pd.DataFrame:
    """Four samples: a called swap of two, one withheld, one out of distribution."""
    frame = pd.DataFrame(
        {
            "sample_id": ["kept", "swap-a", "odd", "swap-b"],
            "tissue": ["", "liver", "lung", "brain"],
            "tissue_best": ["colon", "brain", "lung", "liver"],
            "tissue_probability": [0.612, 0.9991, 0.3, 0.95],
            "tissue_status": ["withheld", "called", "out_of_distribution", "called"],
            "tissue_pred": ["", "brain", "", "liver"],
            "tissue_pred_ontology_term_id": ["", "UBERON:0000955", "", "UBERON:0002107"],
            "tissue_set": ["colon|rectum", "brain", "lung|brain", "liver"],
            "tissue_check": ["", "disagrees", "", "disagrees"],
        }
    )
    return frame.assign(**columns)


def render(frame: pd.DataFrame, **settings) -> str:
    arguments = {"targets": ["tissue"], "model_cards": {}, "input_summary": "", **settings}
    return page.render_page(frame, **arguments)


def test_disagreements_stand_first_with_their_swap() -> None:
    found = _Page(render(annotated())).rows
    assert found["Labels that disagree"][1:] == [
        ["swap-a", "Tissue: liver", "Tissue: brain >99% ● called", "with swap-b"],
        ["swap-b", "Tissue: brain", "Tissue: liver 95% ● called", "with swap-a"],
    ]
    names = [row[0] for row in found["All samples"][1:]]
    assert names == ["swap-a", "swap-b", "kept", "odd"]


def test_a_training_sample_is_shown_with_what_was_said_out_of_fold() -> None:
    # the final model agrees with the labels that it has learnt
    frame = annotated(tissue_best=["colon", "liver", "lung", "brain"])
    out = {1: LeftOut("brain", 0.9, True), 3: LeftOut("liver", 0.85, True)}
    found = _Page(render(frame, left_out={"tissue": out})).rows["Labels that disagree"]
    assert found[1:] == [
        ["swap-a", "Tissue: liver", "Tissue: brain 90%, when left out of training", "with swap-b"],
        ["swap-b", "Tissue: brain", "Tissue: liver 85%, when left out of training", "with swap-a"],
    ]


def test_the_surest_contradiction_stands_first_out_of_fold_too() -> None:
    frame = annotated(tissue_status=["withheld", "called", "withheld", "withheld"])
    out = {1: LeftOut("brain", 0.81, True), 3: LeftOut("liver", 0.95, True)}
    found = _Page(render(frame, left_out={"tissue": out})).rows["Labels that disagree"]
    assert [row[0] for row in found[1:]] == ["swap-b", "swap-a"]


def test_a_swap_must_explain_every_target() -> None:
    frame = annotated(
        sex=["", "male", "", "male"],
        sex_best=["male", "male", "male", "female"],
        sex_probability=[0.9] * 4,
        sex_status=["called"] * 4,
        sex_set=["male", "male", "male", "female"],
        sex_check=["", "agrees", "", "disagrees"],
    )
    found = _Page(render(frame, targets=["tissue", "sex"])).rows["Labels that disagree"]
    assert {row[0]: row[3] for row in found[1:]} == {
        "swap-a": "no matching sample here",
        "swap-b": "no matching sample here",
    }


def test_a_guess_that_was_not_called_hides_no_swap() -> None:
    frame = annotated(
        sex=["", "male", "", "female"],
        sex_best=["male", "male", "male", "female"],
        sex_probability=[0.5] * 4,
        sex_status=["withheld"] * 4,
        sex_set=["male|female"] * 4,
        sex_check=[""] * 4,
    )
    found = _Page(render(frame, targets=["tissue", "sex"])).rows["Labels that disagree"]
    assert [row[3] for row in found[1:]] == ["with swap-b", "with swap-a"]


def test_a_swap_is_found_in_any_spelling() -> None:
    frame = annotated(
        tissue=["", "my tissue", "lung", "THE OTHER"],
        tissue_best=["colon", "the_other", "lung", "my_tissue"],
    )
    found = _Page(render(frame)).rows["Labels that disagree"]
    assert [row[3] for row in found[1:]] == ["with swap-b", "with swap-a"]


def test_labels_come_from_the_columns_of_the_whole_table() -> None:
    """Who disagrees has no age in years: its age in days must not be taken for years."""
    frame = annotated(
        age_years=["60", "", "", ""],
        age=["21915"] * 4,
        age_best=["older adult"] * 4,
        age_probability=["0.5"] * 4,
        age_status=["withheld"] * 4,
        age_set=["older adult|adult"] * 4,
        age_check=[""] * 4,
    )
    found = _Page(render(frame, targets=["tissue", "age"])).rows["Labels that disagree"]
    assert [row[3] for row in found[1:]] == ["with swap-b", "with swap-a"]


def test_a_sample_is_not_its_own_partner() -> None:
    frame = annotated(tissue_check=["", "disagrees", "", ""], tissue_best=["liver"] * 4)
    found = _Page(render(frame)).rows["Labels that disagree"]
    assert [row[3] for row in found[1:]] == ["no matching sample here"]


def test_cells_say_status_set_and_label() -> None:
    rows = {row[0]: row[1] for row in _Page(render(annotated())).rows["All samples"][1:]}
    assert rows["kept"] == "colon 61% ◐ withheld or rectum"
    assert rows["swap-a"] == "brain >99% ● called ✗ label: liver"
    assert rows["odd"] == "lung 30% ◇ unlike known samples or brain label: lung"


def test_what_is_withheld_never_reads_as_probable_as_what_is_called() -> None:
    frame = annotated(tissue_probability=["0.7996", "0.8000", "0.0042", "0.2900"])
    rows = {row[0]: row[1] for row in _Page(render(frame)).rows["All samples"][1:]}
    assert rows["kept"].startswith("colon 79% ◐ withheld")
    assert rows["swap-a"].startswith("brain 80% ● called")
    assert rows["odd"].startswith("lung <1%")
    assert rows["swap-b"].startswith("liver 29%")


def test_counts_of_each_status() -> None:
    text = render(annotated())
    assert "2 of 4 called" in text
    assert re.findall(r"</span>(\d+) (called|withheld|unlike known samples)</li>", text) == [
        ("2", "called"),
        ("1", "withheld"),
        ("1", "unlike known samples"),
    ]
    assert "0 of 1 blank filled" in text
    assert "2 disagree" in text
    assert re.findall(r'class="(?:called|withheld|novel)" style="width:([\d.]+)%"', text) == [
        "50.00",
        "25.00",
        "25.00",
    ]


def test_years_stand_with_the_age_group() -> None:
    frame = annotated().rename(columns=lambda name: name.replace("tissue", "age"))
    frame["age"] = ""
    frame["age_check"] = ""
    frame["age_years_pred"] = [34.4, np.nan, 50, 60]
    frame["age_years_low"] = [20, np.nan, np.nan, 48.6]
    frame["age_years_high"] = [48, np.nan, np.nan, 71.2]
    rows = {r[0]: r[1] for r in _Page(render(frame, targets=["age"])).rows["All samples"][1:]}
    assert rows["kept"].endswith("about 34 years (20 to 48)")
    assert "years" not in rows["swap-a"]
    assert rows["odd"].endswith("about 50 years")
    assert rows["swap-b"].endswith("about 60 years (49 to 71)")


def test_without_labels_there_is_nothing_to_disagree_with() -> None:
    frame = annotated().drop(columns="tissue").assign(tissue_check="")
    text = render(frame)
    assert "nothing to compare" in text
    assert "0 disagree" not in text


def test_calls_that_all_agree_are_counted() -> None:
    text = render(annotated(tissue_check=["", "agrees", "", "agrees"]))
    assert "None of 2 calls contradicts the label" in text


def test_sample_ids_may_be_the_index() -> None:
    frame = annotated().set_index("sample_id")
    assert render(frame) == render(annotated())


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_stays_text(name: str) -> None:
    clean = _Page(render(annotated(), model_cards={"t": {"k": {"k": "v"}}}, input_summary="k"))
    n = 4
    frame = annotated(
        sample_id=[name] * n,
        tissue=[name] * n,
        tissue_best=[name] * n,
        tissue_set=[f"{name}|{name}x"] * n,
        tissue_pred_ontology_term_id=[name] * n,
        tissue_status=[name, "called", "called", "called"],
    )
    text = render(
        frame,
        model_cards={name: {name: {name: [name]}}},
        input_summary=name,
    )
    found = _Page(text)
    assert set(found.tags()) <= set(clean.tags()) | {"i", "b"}
    assert found.tags().count("script") == 1
    for _, attributes in found.elements:
        assert not [key for key in attributes if key.startswith("on")]
        assert not {"src", "href"} & set(attributes)
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", text)
    shown = re.sub("[\x00-\x1f\u202e]", "\ufffd", name)
    assert found.rows["All samples"][1][0] == " ".join(shown.split())


def test_policy_allows_this_script_and_nothing_else() -> None:
    text = render(annotated())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    script = re.search(r"<script>(.*)</script>", text, re.DOTALL)
    assert policy is not None
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert policy[1] == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )
    assert "http://" not in text
    assert "https://" not in text


def test_long_tables_end_and_say_so() -> None:
    n = page.MAXIMUM_ROWS + 1
    frame = pd.concat([annotated()] * (n // 4 + 1), ignore_index=True).iloc[:n]
    frame["sample_id"] = [f"s{i}" for i in range(n)]
    text = render(frame)
    assert len(_Page(text).rows["All samples"]) == page.MAXIMUM_ROWS + 1
    assert "The first 2,000 of 2,001 samples" in text
    assert "The first" not in render(frame.iloc[:-1])


def test_no_samples_still_make_a_page() -> None:
    assert "Small-RNA calls for 0 samples" in render(annotated().iloc[:0])


def test_cards_show_values_and_cut_long_lists() -> None:
    card = {
        "target": "tissue",
        "classes": [f"c{i}" for i in range(40)],
        "accuracy": {"group": {"all": 0.81234}},
        "studies": {"GSE1": 12, "GSE2": 3},
        "blank": None,
        "human_only": True,
        "seed": 20240501,
    }
    text = render(annotated(), model_cards={"tissue": card})
    assert "c29 and 10 more" in text
    assert "<dt>group</dt><dd>all: 0.812</dd>" in text
    assert "<dt>studies</dt><dd>GSE1: 12, GSE2: 3</dd>" in text
    assert "<dt>human only</dt><dd>yes</dd>" in text
    assert "<dt>seed</dt><dd>20240501</dd>" in text
    assert "blank</dt>" not in text


def test_what_was_read_is_said() -> None:
    text = render(annotated(), input_summary="a.tsv: mirtop table\n2 of 4 samples have metadata")
    assert "<p>a.tsv: mirtop table</p><p>2 of 4 samples have metadata</p>" in text
