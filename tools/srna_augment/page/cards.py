"""A card a sample: each call, what else is possible, why there is none, and what decided."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..deciding import MOST, Deciding
from .markup import count, text, title
from .samples import Samples
from .sections import check, prediction

MAXIMUM_CARDS = 50


def sample_cards(samples: Samples, why: Mapping[str, Mapping[int, Sequence[Deciding]]]) -> str:
    """Return a card for each sample that is explained, disagreements first; '' where none is.

    Parameters
    ----------
    samples : Samples
        The annotated table.
    why : mapping
        Target to row to what decided.
    """
    explained = set().union(*why.values()) if why else set()
    rows = [row for row in samples.order if row in explained][:MAXIMUM_CARDS]
    if not rows:
        return ""
    some = (
        ""
        if len(rows) == len(samples)
        else f"<p>{count(len(rows), 'sample')} of {len(samples):,}, those that disagree with their "
        "label first.</p>"
    )
    cards = "".join(_card(samples, row, why) for row in rows)
    legend = (
        f"<p>Below each class stand the {MOST} small RNAs that decided most: red speaks for the "
        "class, hatched blue against it, and the arrow says how much higher or lower the sample "
        "is than the mean of the training samples, in log2.</p>"
    )
    return f'{some}{legend}<div class="samples">{cards}</div>'


def _card(samples: Samples, row: int, why: Mapping[str, Mapping[int, Sequence[Deciding]]]) -> str:
    parts = "".join(
        f'<div class="call"><h4>{title(target)}</h4>{prediction(samples, row, target)}'
        f"{check(samples, row, target)}{_withheld(samples, row, target)}"
        f"{_deciding(why.get(target, {}).get(row, ()))}</div>"
        for target in samples.targets
    )
    return f'<article class="card"><h3><bdi>{text(samples.ids[row])}</bdi></h3>{parts}</article>'


def _withheld(samples: Samples, row: int, target: str) -> str:
    """Say why there is no call; '' where there is one."""
    status = samples.status(row, target).name
    if status == "called":
        return ""
    if status == "out_of_distribution":
        reason = "no call: it is unlike the samples that the model knows"
    else:
        possible = [name for name in samples.text(row, f"{target}_set").split("|") if name]
        several = f", and {len(possible)} classes remain possible" if len(possible) > 1 else ""
        reason = f"no call: no class is probable enough{several}"
    return f'<div class="small">{reason}</div>'


def _deciding(entries: Sequence[Deciding]) -> str:
    if not entries:
        return ""
    largest = max(abs(entry.contribution) for entry in entries) or 1.0
    rows = "".join(_one(entry, abs(entry.contribution) / largest) for entry in entries)
    return f'<ul class="why" aria-label="what decided">{rows}</ul>'


def _one(entry: Deciding, share: float) -> str:
    side, sign = ("for", "+") if entry.contribution > 0 else ("against", "\N{MINUS SIGN}")
    if math.isnan(entry.difference):
        level = "not reported"
    else:
        step = f"{abs(entry.difference):.1f}"
        level = f"{'↑' if entry.difference > 0 else '↓'}{step}"
    meaning = "log2 RPM above or below the mean of the training samples"
    return (
        f'<li class="{side}"><span class="name">{text(entry.feature)}</span>'
        f'<b><i style="width:{share:.0%}"></i></b>'
        f"<span>{sign}{abs(entry.contribution):.1f}</span>"
        f'<span title="{meaning}">{level}</span></li>'
    )
