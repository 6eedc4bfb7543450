"""Small pieces of HTML: text from the data made harmless, numbers in words, lists of facts."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

MAXIMUM_ITEMS = 30

TITLES = {"tissue": "Tissue", "tissue_group": "Tissue group", "sex": "Sex", "age": "Age"}

# C0 and C1 controls, and the marks that turn the direction of text around.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def text(value: str) -> str:
    """Escape text from the data, and show what cannot be printed as a replacement mark."""
    return html.escape(_UNPRINTABLE.sub("\ufffd", value), quote=True)


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: 1 sample, 2,000 samples."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def percent(share: float) -> str:
    """Show a share, rounded down: what falls short of a threshold must not read as if it did not.

    Only certainty reads 100% and only nothing reads 0%.
    """
    whole = math.floor(100 * share + 1e-6)
    if whole == 99 and share > 0.99:
        return "&gt;99%"
    return "&lt;1%" if whole == 0 and share > 0 else f"{whole}%"


def or_zero(value: float) -> float:
    """Return a number, or 0 for NaN."""
    return 0.0 if math.isnan(value) else value


def list_words(words: Sequence[str]) -> str:
    """Return words as people list them: one, two and three."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def title(target: str) -> str:
    """Return the heading for a target, or for another name."""
    return TITLES.get(target) or text(target.replace("_", " ").capitalize())


def paragraphs(lines: str) -> str:
    """Return each line of a text as a paragraph."""
    return "".join(f"<p>{text(line)}</p>" for line in lines.splitlines() if line.strip())


def definitions(content: Mapping[str, Any]) -> str:
    """Return names and values as a list; blanks are left out, mappings are nested."""
    rows = "".join(
        f"<dt>{text(str(key).replace('_', ' '))}</dt><dd>{_value(value)}</dd>"
        for key, value in content.items()
        if value is not None and value != ""
    )
    return f"<dl>{rows}</dl>"


def _run(items: Sequence[str]) -> str:
    more = len(items) - MAXIMUM_ITEMS
    return ", ".join(items[:MAXIMUM_ITEMS]) + (f" and {more:,} more" if more > 0 else "")


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        if any(isinstance(item, (Mapping, list, tuple)) for item in value.values()):
            return definitions(value)
        return _run([f"{text(str(name))}: {_value(item)}" for name, item in value.items()])
    if isinstance(value, (list, tuple)):
        return _run([_value(item) for item in value])
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    return text(str(value))
