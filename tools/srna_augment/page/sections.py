"""The sections of the page, each from the samples to a piece of HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .. import ontology
from .markup import count, definitions, or_zero, percent, text, title
from .samples import STATUSES, Samples

MAXIMUM_ROWS = 2000
MAXIMUM_PARTNERS = 3
COMMON_CLASSES = 6


def overview(samples: Samples) -> str:
    """Return one card a target: how many were called, withheld or unlike anything known."""
    return f'<div class="cards">{"".join(_card(samples, t) for t in samples.targets)}</div>'


def _card(samples: Samples, target: str) -> str:
    rows = range(len(samples))
    total = max(len(samples), 1)
    counts = {status.name: 0 for status in STATUSES}
    classes: dict[str, int] = {}
    blanks = filled = agree = disagree = 0
    for row in rows:
        status = samples.status(row, target)
        counts[status.name] += 1
        called = status.name == "called"
        if called:
            name = samples.text(row, f"{target}_best")
            classes[name] = classes.get(name, 0) + 1
        if not samples.labels[target][row]:
            blanks += 1
            filled += called
        agree += samples.text(row, f"{target}_check") == "agrees"
        disagree += samples.disagrees(row, target)
    stack = "".join(
        f'<span class="{s.style}" style="width:{counts[s.name] / total:.2%}"></span>'
        for s in STATUSES
    )
    key = "".join(
        f'<li class="{s.style}"><span class="mark">{s.mark}</span>{counts[s.name]:,} {s.words}</li>'
        for s in STATUSES
    )
    common = sorted(classes.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{text(name)} {n:,}" for name, n in common[:COMMON_CLASSES]]
    if len(common) > COMMON_CLASSES:
        named.append(f"and {count(len(common) - COMMON_CLASSES, 'other class', 'other classes')}")
    lines = [f"<p>Called: {', '.join(named)}</p>"] if named else []
    if blanks:
        lines.append(f"<p>{filled:,} of {count(blanks, 'blank')} filled</p>")
    if agree or disagree:
        emphasis = ' class="disagrees"' if disagree else ""
        lines.append(
            f"<p>Against the labels given: {agree:,} agree, "
            f"<span{emphasis}>{disagree:,} disagree</span></p>"
        )
    return (
        f'<div class="card"><h3>{title(target)}</h3>'
        f'<div class="big">{counts["called"]:,} of {len(samples):,} called</div>'
        f'<div class="stack" aria-hidden="true">{stack}</div><ul class="key">{key}</ul>'
        f"{''.join(lines)}</div>"
    )


def disagreements(samples: Samples) -> str:
    """Return the samples whose prediction contradicts a label: possible swaps."""
    rows = [row for row in samples.order if samples.disagreeing(row)]
    compared = sum(
        samples.text(row, f"{target}_check") != ""
        for row in range(len(samples))
        for target in samples.targets
    )
    if not compared:
        return "<p>There was no call of a sample that has a label, so nothing to compare.</p>"
    if not rows:
        return f"<p>None of {count(compared, 'call')} contradicts the label that was given.</p>"
    body = []
    for row in rows[:MAXIMUM_ROWS]:
        found = samples.disagreeing(row)
        said = "<br>".join(f"{title(t)}: {text(samples.labels[t][row])}" for t in found)
        cells = "".join(_contradiction(samples, row, t) for t in found)
        body.append(
            f"<tr><th><bdi>{text(samples.ids[row])}</bdi></th><td>{said}</td><td>{cells}</td>"
            f"<td>{_swap(samples, row)}</td></tr>"
        )
    return (
        f'<p class="warn">In {count(len(rows), "sample")} the prediction contradicts a label, '
        "calls first. Reasons to think of: samples changed places, a wrong label, a mixture or "
        "contamination, a tissue close to another one, or a mistake of the model.</p>"
        '<div class="scroll"><table><thead><tr><th>Sample</th><th>The label says</th>'
        "<th>Predicted</th><th>Possible swap</th></tr></thead><tbody>"
        f"{''.join(body)}</tbody>{_cap(len(rows))}</table></div>"
    )


def _contradiction(samples: Samples, row: int, target: str) -> str:
    """Return what contradicts a label: of a training sample, what was said out of fold."""
    out = samples.out_of_fold(row, target)
    if out is None:
        return prediction(samples, row, target, named=True)
    return (
        f'<div class="best">{title(target)}: {text(out.best)}</div>'
        f'<div class="small">{percent(out.probability)}, when left out of training</div>'
    )


def _swap(samples: Samples, row: int) -> str:
    partners = samples.partners(row)
    if not partners:
        return '<span class="nothing">no matching sample here</span>'
    names = [f"<bdi>{text(samples.ids[other])}</bdi>" for other in partners[:MAXIMUM_PARTNERS]]
    more = len(partners) - len(names)
    rest = f" or {count(more, 'other')}" if more else ""
    return f"with {' or '.join(names) if not more else ', '.join(names)}{rest}"


def sample_table(samples: Samples) -> str:
    """Return the table of all samples, one column a target."""
    heads = "".join(f'<th scope="col">{title(target)}</th>' for target in samples.targets)
    body = []
    for row in samples.order[:MAXIMUM_ROWS]:
        name = text(samples.ids[row])
        cells = "".join(
            f'<td data-sort="{_sort_key(samples, row, t)}">{prediction(samples, row, t)}'
            f"{check(samples, row, t)}</td>"
            for t in samples.targets
        )
        body.append(f'<tr><th scope="row" data-sort="{name}"><bdi>{name}</bdi></th>{cells}</tr>')
    return (
        "<p>Disagreements first, then in the order of the table. The bar is the probability of the "
        "class; marks and words are explained below.</p>"
        '<p class="tools"><label>Show only rows with <input id="filter" type="search" '
        'placeholder="a sample, a class, a status"></label></p>'
        '<div class="scroll"><table id="samples">'
        f'<thead><tr><th scope="col">Sample</th>{heads}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody>{_cap(len(samples))}</table></div>"
    )


def _cap(number: int) -> str:
    if number <= MAXIMUM_ROWS:
        return ""
    return (
        f"<caption>The first {MAXIMUM_ROWS:,} of {number:,} samples; all of them are in the "
        "annotated table.</caption>"
    )


def prediction(samples: Samples, row: int, target: str, *, named: bool = False) -> str:
    """One cell: best class, probability, status, what else is possible, years for age."""
    status = samples.status(row, target)
    best = samples.text(row, f"{target}_best")
    probability = samples.number(row, f"{target}_probability")
    possible = [c for c in samples.text(row, f"{target}_set").split("|") if c and c != best]
    term = samples.text(row, f"{target}_pred_ontology_term_id")
    mark = f'<span><span class="mark">{status.mark}</span> {status.words}</span>'
    what = f"{title(target)}: " if named else ""
    hint = f' title="{text(term)}"' if term else ""
    parts = [f'<div class="best"{hint}>{what}{text(best) or "no class"}</div>']
    if not math.isnan(probability):
        share = min(max(probability, 0.0), 1.0)
        bar = f'<b><i style="width:{share:.1%}"></i></b>'
        parts.append(f'<div class="bar">{bar}<span>{percent(share)}</span> {mark}</div>')
    else:
        parts.append(f'<div class="bar">{mark}</div>')
    if possible:
        parts.append(f'<div class="small">or {text(", ".join(possible))}</div>')
    if target == "age":
        parts.append(_years(samples, row))
    return f'<div class="{status.style}">{"".join(parts)}</div>'


def _years(samples: Samples, row: int) -> str:
    years = samples.number(row, f"{ontology.YEARS}_pred")
    if math.isnan(years):
        return ""
    low = samples.number(row, f"{ontology.YEARS}_low")
    high = samples.number(row, f"{ontology.YEARS}_high")
    between = "" if math.isnan(low + high) else f" ({low:.0f} to {high:.0f})"
    return f'<div class="small">about {years:.0f} years{between}</div>'


def check(samples: Samples, row: int, target: str) -> str:
    """Return the label that was given, and whether the call agrees with it; '' for a blank."""
    label = samples.labels[target][row]
    if samples.disagrees(row, target):
        out = samples.out_of_fold(row, target)
        instead = "" if out is None else f"; left out of training: {text(out.best)}"
        return f'<div class="small disagrees">✗ label: {text(label)}{instead}</div>'
    if samples.text(row, f"{target}_check") == "agrees":
        return '<div class="small">✓ as labelled</div>'
    return f'<div class="small">label: {text(label)}</div>' if label else ""


def _sort_key(samples: Samples, row: int, target: str) -> str:
    probability = or_zero(samples.number(row, f"{target}_probability"))
    return f"{text(samples.text(row, f'{target}_best'))} {1 - probability:.4f}"


def glossary(targets: Sequence[str], *, explained: bool = False) -> str:
    """Return what the words of the page mean."""
    words = [
        (f'<span class="{s.style}"><span class="mark">{s.mark}</span></span> {s.words}', s.meaning)
        for s in STATUSES
    ]
    words += [
        (
            "probability",
            "How sure the model is of its best class, adjusted on samples kept out of training: "
            "of all predictions at 90%, about nine in ten should be right.",
        ),
        (
            "or …",
            "Further classes that cannot be ruled out. The true class is meant to be among them.",
        ),
        (
            "✓ as labelled, ✗ label",
            "The prediction against a label that was given. A label is never overwritten. A model "
            "that was trained on these very samples rarely contradicts them, right or wrong.",
        ),
    ]
    if "age" in targets:
        words.append(
            ("about … years", "Predicted age, with the range that held most left-out samples.")
        )
    if explained:
        words.append(
            (
                "what decided",
                "The small RNAs that added most to the score of the class, or took most from it, "
                "against the mean of the training samples (DeepLIFT), and how much higher or lower "
                "they are there. They tell what the model looked at, not what causes a tissue.",
            )
        )
    rows = "".join(f"<dt>{name}</dt><dd>{meaning}</dd>" for name, meaning in words)
    return f"<dl>{rows}</dl>"


def model_card(target: str, card: Mapping[str, Any]) -> str:
    """Return the card of one target's model."""
    facts = {name: value for name, value in card.items() if name != "target"}
    return f'<div class="card"><h3>{title(target)}</h3>{definitions(facts)}</div>'
