"""Columns of numbers that are no expression: totals, lengths, metadata, statistics of a test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from srna_augment.errors import DataError
from srna_augment.features.names import looks_like_feature

from .annotation import describes_features, share_of_features
from .text import FEATURES_AS_ROWS, Layout

# Numbers that stand beside the values of samples.
_OF_SAMPLES = frozenset(
    {"age", "age_years", "sex", "gender", "group", "batch", "plate", "lane", "run", "class",
     "label", "condition", "status", "stage", "grade", "bmi", "rin", "time", "day", "year",
     "patient", "patient_id", "subject", "subject_id", "replicate", "total", "total_reads",
     "mapped_reads", "library_size", "depth", "sum"}
)  # fmt: skip
# The same as words of longer names: no small RNA is called so.
_WORDS_OF_SAMPLES = re.compile(
    r"(?<![a-z])(?:age|sex|gender|batch|replicate|rep|plate|lane|run|cohort|site|condition|status"
    r"|stage|grade|score|diagnosis|treatment|dose|survival|follow|smok(?:er|ing)|bmi|weight|height"
    r"|(?:day|month|year|hour)s?|time|date|patient|subject|participant|donor|individual"
    r"|rin|integrity|purity|quality|conc(?:entration)?|volume|yield|h(?:a)?emoly(?:sis|[sz]ed)"
    r"|reads?|total|sum|mapped|aligned|mapping|depth|library|lib|size|percent(?:age)?|pct|ratio"
    r"|rate)(?![a-z])",
    re.IGNORECASE,
)
_WORDS_JOINED = re.compile(r"(?<=[a-z])(?=[A-Z])")  # ageAtDiagnosis
# Metadata stand in front of at least so large a share of names of small RNAs.
_CLEAR = 0.9
_MOST_IN_FRONT = 64
_SUMMARY = re.compile(
    r"(?:total|sum|mean|median|average|avg|cumulative)(?:[ _.-]?(?:reads?|counts?|copies|"
    r"norm(?:ali[sz]ed)?|expression|rpm|cpm|tpm|percent(?:age)?))?",
    re.IGNORECASE,
)
# What limma, edgeR, DESeq, DESeq2 and Partek call their results, behind the name of a comparison
# (WTvsKO.logFC) or in front of it. The short ones can be names of samples, and are taken for
# statistics only beside one of the others.
_RESULT = (
    r"(?:log(?:2|10)?[\W_]?f(?:old[\W_]?)?c(?:hange)?|fold[\W_]?change|lfc[\W_]?se|base[\W_]?mean[ab]?"
    r"|ave[\W_]?expr|(?:adj(?:usted)?[\W_]?)?[pq][\W_]?val(?:ue)?(?:[\W_]?adj(?:usted)?)?"
    r"|p[\W_]?adj(?:usted)?)"
)
_STATISTIC = re.compile(
    rf"(?:.*[\W_])?(?:{_RESULT}|fdr)|{_RESULT}[\W_].*|fdr\s.*", re.IGNORECASE | re.DOTALL
)
_OF_TESTS = re.compile(
    r"(?:ls[\W_]?means?|ratio|log2[\W_]*ratio|odds[\W_]?ratio|(?:combined|z)[\W_]?score)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_SHORT = frozenset(
    {"b", "f", "fc", "lr", "p", "q", "s", "t", "z", "stat", "statistic", "svalue", "cil", "cir",
     "logcpm", "meancounts", "rank"}
)  # fmt: skip
# What a sample may have several columns of, the best first: molecules, reads, an expression value
# (as CLC calls what it copies from one of the others), reads divided by depth, sequences.
_KINDS = tuple(
    re.compile(rf"(?:(?P<sample>.*?)[\W_]+)?(?:{kind})\W*", re.IGNORECASE | re.DOTALL)
    for kind in (
        r"umis?(?:[\W_]?counts?)?",
        r"(?<!unique[\W_])(?:raw|total|(?:raw[\W_]?)?(?:total[\W_]?)?(?:reads?|(?:reads?[\W_]?)?counts?))",
        r"expression(?:[\W_]?values?)?",
        r"(?:r|c|t)pm|[rf]pkm|norm(?:ali[sz]ed)?(?:[\W_]?(?:reads?|counts?|values?|expression))?",
        r"unique[\W_]?(?:reads?|counts?|tags?|sequences?)",
        r"log(?:2|10)?(?:[\W_]?(?:[rct]pm|[rf]pkm|counts?|expression))?|vst|rlog",
    )
)
# Beside one another these are no samples.
_SPREAD = frozenset(
    {"sd", "se", "sem", "cv", "min", "max", "iqr", "range", "variance", "var", "stdev", "stddev",
     "standarddeviation", "standarderror"}
)  # fmt: skip
# In front of each sample's name in the tables of GDC's client for R (TCGAbiolinks).
_GDC_COUNTS, _GDC_RPM = "read_count_", "reads_per_million_miRNA_mapped_"


def without_other_numbers(layout: Layout, orientation: str, where: str) -> Layout:
    """Leave out columns of numbers whose names say that they are no expression values.

    Raises
    ------
    DataError
        The table holds the results of a test and no sample.
    """
    if orientation == FEATURES_AS_ROWS:
        layout = _gdc_samples(layout)
    other = are_other_numbers(layout.columns, orientation, where)
    layout = _keep(layout, [i for i, is_other in enumerate(other) if not is_other])
    return _one_kind(layout) if orientation == FEATURES_AS_ROWS else layout


def _keep(layout: Layout, kept: Sequence[int], names: Sequence[str] | None = None) -> Layout:
    """Keep some of the columns of values, perhaps under other names."""
    chosen = set(kept)
    left_out = [name for i, name in enumerate(layout.columns) if i not in chosen]
    return replace(
        layout,
        values=[layout.values[i] for i in kept],
        columns=[layout.columns[i] for i in kept] if names is None else list(names),
        left_out=[*layout.left_out, *left_out],
    )


def _one_kind(layout: Layout) -> Layout:
    """Take the best of several columns that each sample has, as reads and RPM, by plain names.

    A file of one sample may name the kinds alone; its name is for others to find.
    """
    found: dict[int, dict[str, int]] = {}
    for i, name in enumerate(layout.columns):
        kinds = [(kind, m) for kind, p in enumerate(_KINDS) if (m := p.fullmatch(name.strip()))]
        if not kinds:
            return layout
        kind, match = min(kinds, key=lambda one: len(one[1]["sample"] or ""))
        if found.setdefault(kind, {}).setdefault(match["sample"] or "", i) != i:
            return layout
    first, *others = (set(of_samples) for of_samples in found.values())
    if not others or any(samples != first for samples in others):
        return layout
    best = found[min(found)]
    names = [sample or layout.columns[i] for sample, i in best.items()]
    return _keep(layout, list(best.values()), names)


def are_other_numbers(columns: Sequence[str], orientation: str, where: str) -> list[bool]:
    """Tell which columns of numbers are no expression, by their names; none if all would be.

    Raises
    ------
    DataError
        The table holds the results of a test and no sample.
    """
    if orientation == FEATURES_AS_ROWS:
        other = _beside_samples(columns, where)
    else:
        other = _beside_features(columns)
    return [False] * len(columns) if all(other) else other


def _beside_features(columns: Sequence[str]) -> list[bool]:
    """Tell which columns of a table of samples are metadata.

    Where the others are called as small RNAs, words in their names tell, or that they stand in
    front; elsewhere, whole names alone.
    """
    other = [name.strip().lower() in _OF_SAMPLES for name in columns]
    if share_of_features(columns) < 0.5:
        return other
    for i, name in enumerate(columns):
        words = _WORDS_JOINED.sub("_", name)
        other[i] |= bool(_WORDS_OF_SAMPLES.search(words)) and not looks_like_feature(name)
    known = (i for i, name in enumerate(columns[:_MOST_IN_FRONT]) if looks_like_feature(name))
    first = next(known, 0)
    behind = [name for i, name in enumerate(columns) if i >= first and not other[i]]
    if share_of_features(behind) >= _CLEAR:
        other[:first] = [True] * first
    return other


def _gdc_samples(layout: Layout) -> Layout:
    """Take the counts, or RPM where there are none, of a table of TCGAbiolinks, by plain names."""
    if not all(name.startswith((_GDC_COUNTS, _GDC_RPM)) for name in layout.columns):
        return layout
    has_counts = any(name.startswith(_GDC_COUNTS) for name in layout.columns)
    wanted = _GDC_COUNTS if has_counts else _GDC_RPM
    kept = [i for i, name in enumerate(layout.columns) if name.startswith(wanted)]
    return _keep(layout, kept, [layout.columns[i].removeprefix(wanted) for i in kept])


def _beside_samples(columns: Sequence[str], where: str) -> list[bool]:
    """Tell which columns of a table of features are none of samples."""
    words = [re.sub(r"[\W_]", "", name).lower() for name in columns]
    statistics = [bool(_STATISTIC.fullmatch(name.strip())) for name in columns]
    tested = any(statistics)
    spread = sum(word in _SPREAD or bool(_SUMMARY.fullmatch(word)) for word in words) > 1
    mirdeep2 = {"readcount", "total"} <= set(words)
    other = [
        is_statistic
        or (mirdeep2 and word == "readcount")  # a total, too
        or (tested and (word in _SHORT or bool(_OF_TESTS.match(name.strip()))))
        or describes_features(name)
        or (spread and word in _SPREAD)
        or bool(_SUMMARY.fullmatch(name.strip()))
        for name, word, is_statistic in zip(columns, words, statistics, strict=True)
    ]
    if columns and all(map(describes_features, columns)):
        raise DataError(
            f"{where}: has no numbers but such as describe features ({', '.join(columns[:3])}): "
            "give a table of counts"
        )
    if tested and all(other):
        raise DataError(
            f"{where}: holds the results of a test of differences ({', '.join(columns[:3])}) and "
            "no sample: give the counts that were tested"
        )
    return other
