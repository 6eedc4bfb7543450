"""How all plots look: colours that colour-blind readers tell apart, and sizes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ...files import atomic_output
from ..names import SCHEMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito 2008; a marker tells the same as the colour, for print in grey
LEARNER_STYLES = {
    "dl": ("#0072B2", "o"),
    "rf": ("#D55E00", "s"),
    "plain_forest": ("#E69F00", "P"),
    "boosted": ("#009E73", "^"),
    "logistic": ("#CC79A7", "D"),
    "majority": ("#767676", "v"),
}
OTHER_STYLES = (("#56B4E9", "X"), ("#000000", "*"))
SCHEME_STYLES = dict(
    zip(
        SCHEMES,
        (("#0072B2", "o"), ("#009E73", "^"), ("#CC79A7", "D"), ("#E69F00", "s")),
        strict=True,
    )
)
GREY = "#767676"
PALE = "#D9D9D9"
SMALL, NORMAL, LARGE = 7, 8.5, 10
PNG_DPI = 160
FORMATS = ("svg", "png")

Style = tuple[str, str]


def learner_style(model: str) -> Style:
    """Return colour and marker of a learner, always the same ones for a name."""
    return LEARNER_STYLES.get(model) or _other(model)


def scheme_style(scheme: str) -> Style:
    """Return colour and marker of a scheme, always the same ones for a name."""
    return SCHEME_STYLES.get(scheme) or _other(scheme)


def _other(name: str) -> Style:
    return OTHER_STYLES[sum(name.encode()) % len(OTHER_STYLES)]


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure of a size in inches; needs no display and touches no global state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def percent(value: float, _: float = 0) -> str:
    """Write a share as percent, for the ticks of an axis."""
    return f"{round(100 * value, 6):g}%"


def tidy(axes: Axes, *, grid: str = "both") -> None:
    """Take the frame away and set a pale grid behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(labelsize=NORMAL, color=GREY, length=3)
    axes.grid(axis=grid, color=PALE, linewidth=0.6)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def save(figure: Figure, folder: Path, stem: str, formats: tuple[str, ...] = FORMATS) -> None:
    """Write a figure; the same figure gives the same bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    folder : pathlib.Path
        An existing folder.
    stem : str
        File name without its ending.
    formats : tuple of str
        Endings.
    """
    import matplotlib as mpl

    with _names_as_they_are(figure), mpl.rc_context({"svg.hashsalt": stem, "svg.fonttype": "none"}):
        for form in formats:
            metadata = {"Date": None} if form == "svg" else {"Software": None}
            with atomic_output(folder / f"{stem}.{form}") as temporary:
                figure.savefig(temporary, format=form, dpi=PNG_DPI, metadata=metadata)


def png(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG."""
    import io

    buffer = io.BytesIO()
    with _names_as_they_are(figure):
        figure.savefig(buffer, format="png", dpi=PNG_DPI, metadata={"Software": None})
    return buffer.getvalue()


@contextmanager
def _names_as_they_are(figure: Figure) -> Iterator[None]:
    """Draw what stands between dollars, in the name of a study for instance, as the text it is."""
    import matplotlib as mpl
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)
    with mpl.rc_context({"text.parse_math": False}):  # for texts that are made while it is drawn
        yield
