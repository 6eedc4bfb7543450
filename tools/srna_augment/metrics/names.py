"""Order and wording of targets, learners and schemes in tables and plots."""

from collections.abc import Iterable
from urllib.parse import quote

TARGETS = ("tissue", "tissue_group", "sex", "age", "age_years")
# `group` first: it is the scheme that speaks of a laboratory that was never seen
SCHEMES = ("group", "site", "transfer", "random")
LEARNERS = {
    "dl": "network",
    "rf": "forest of discriminants",
    "plain_forest": "random forest",
    "boosted": "boosted trees",
    "logistic": "logistic",
    "majority": "majority or mean",
}
SCHEME_WORDS = {
    "group": "whole studies left out",
    "site": "whole sites left out",
    "transfer": "other data sets",
    "random": "random folds",
}
YEARS_TARGET = "age_years"


def ordered(found: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return the names of `found`, the `known` ones first and in their order, then by alphabet."""
    names = set(found)
    first = [name for name in known if name in names]
    return first + sorted(names.difference(first))


def learner_words(model: str) -> str:
    """Return what a reader calls a learner, or its own name."""
    return LEARNERS.get(model, model)


def scheme_words(scheme: str) -> str:
    """Return what a scheme leaves out, in words."""
    return SCHEME_WORDS.get(scheme, scheme)


def file_stem(*parts: str) -> str:
    """Join names to a file name, one for each combination, whatever characters are in them."""
    return ".".join(quote(part, safe="").replace(".", "%2E") for part in parts)
