"""The page that `augment --html` writes: what was called, how sure, and what to look at first.

One file that needs nothing from elsewhere. Every text from the data is escaped, and the page's own
content security policy lets no script run but the one that stands in it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..deciding import Deciding
from .cards import MAXIMUM_CARDS, sample_cards
from .markup import count, list_words, paragraphs, text, title
from .samples import Samples
from .sections import (
    MAXIMUM_ROWS,
    disagreements,
    glossary,
    model_card,
    overview,
    sample_table,
)

if TYPE_CHECKING:
    import pandas as pd

    from ..left_out_checks import ChecksOfRows

__all__ = ["MAXIMUM_CARDS", "MAXIMUM_ROWS", "render_page"]


def render_page(
    annotated: pd.DataFrame,
    *,
    targets: Sequence[str],
    model_cards: Mapping[str, Mapping[str, Any]],
    input_summary: str,
    label_columns: Mapping[str, str | None] | None = None,
    why: Mapping[str, Mapping[int, Sequence[Deciding]]] | None = None,
    left_out: ChecksOfRows | None = None,
) -> str:
    """Return the page as one self-contained HTML document.

    Parameters
    ----------
    annotated : pandas.DataFrame
        One row a sample, with the columns of ``annotated.tsv``: all metadata columns and, for each
        target ``T``, ``T_best``, ``T_probability``, ``T_status``, ``T_pred``,
        ``T_pred_ontology_term_id``, ``T_set`` and ``T_check``; sample ids in ``sample_id`` or else
        the index.
    targets : sequence of str
        The targets that were predicted, in the order to show.
    model_cards : mapping
        Target to its model's card: names to texts, numbers, lists or further mappings.
    input_summary : str
        What was read; each line becomes a paragraph.
    label_columns : mapping, optional
        Target to the column that holds its labels, where it is not one of the usual names.
    why : mapping, optional
        Target to row to the sRNAs that decided. Samples that are in it get a card each.
    left_out : mapping, optional
        Target to row to what the label of a training sample was checked by
        (`srna_augment.left_out_checks`).

    Returns
    -------
    str
        HTML, UTF-8. Tables end after `MAXIMUM_ROWS` samples and say so.
    """
    samples = Samples(annotated, targets, left_out, label_columns)
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    script = files(__package__).joinpath("page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    number = count(len(samples), "sample")
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Small-RNA calls for {number}</title>",
        f"<style>{style}</style></head><body>",
        f"<header><h1>Small-RNA calls for {number}</h1>",
        f'<p class="soft">{list_words([title(t) for t in targets]).capitalize()}, predicted by '
        f"srna-augment {text(__version__)} from small-RNA expression. A prediction is not a "
        f"measurement: use it to fill gaps and to find mix-ups, not for a diagnosis.</p></header>",
        "<main>",
        _section("What was read", paragraphs(input_summary)),
        _section("At a glance", overview(samples)),
        _section("Labels that disagree", disagreements(samples)),
        _section("One by one", sample_cards(samples, why or {})),
        _section("All samples", sample_table(samples)),
        _section("What the words mean", glossary(targets, explained=bool(why))),
        _section("The models", "".join(model_card(*card) for card in model_cards.items())),
        "</main>",
        f"<footer>Made by srna-augment {text(__version__)}. This file needs no network.</footer>",
        f"<script>{script}</script></body></html>",
    ]
    return "\n".join(parts) + "\n"


def _section(heading: str, content: str) -> str:
    return f"<section><h2>{heading}</h2>{content}</section>" if content else ""
