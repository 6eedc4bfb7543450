"""Draw the pictures in the help of the Galaxy tools: the suite, with the tool at hand in colour.

python docs/galaxy/draw_help_pictures.py      writes galaxy/images/*.png
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

TARGET = Path(__file__).resolve().parents[2] / "galaxy" / "images"
# x, y of the centre, what it says; tools by their wrapper's name, data by a capital
NODES = {
    "Tables": (0.7, 2.6, "count table(s)"),
    "Known": (0.7, 0.9, "what you know\nabout samples"),
    "augment": (4.0, 2.6, "sRNA augment"),
    "Page": (8.9, 2.95, "annotated table"),
    "Html": (8.9, 2.25, "page to read"),
    "normalise": (2.6, 0.9, "sRNA normalise"),
    "train": (4.6, 0.9, "sRNA train\nforest | network"),
    "evaluate": (6.8, 1.3, "sRNA evaluate"),
    "deeplift_score": (6.8, 0.5, "sRNA explain"),
    "Metrics": (8.9, 1.3, "how well it does"),
    "Scores": (8.9, 0.5, "which small RNAs"),
}
ARROWS = [
    ("Tables", "augment"), ("Known", "augment"), ("augment", "Page"), ("augment", "Html"),
    ("Tables", "normalise"), ("Known", "normalise"), ("normalise", "train"), ("train", "augment"),
    ("train", "evaluate"), ("train", "deeplift_score"), ("evaluate", "Metrics"),
    ("deeplift_score", "Scores"),
]  # fmt: skip
WIDTH, HEIGHT = 1.55, 0.55
BLUE, PALE, GREY = "#25537b", "#dce8f2", "#666666"


def draw(tool: str) -> None:
    """Draw the suite with `tool` filled."""
    figure, axes = plt.subplots(figsize=(8.4, 3.2), dpi=92)
    axes.set(xlim=(-0.2, 9.8), ylim=(0.1, 3.35))
    axes.axis("off")
    shown = "train" if tool.startswith("train") else tool
    for start, end in ARROWS:
        (x0, y0, _), (x1, y1, _) = NODES[start], NODES[end]
        upwards = abs(x1 - x0) < 1.5
        begin = (x0, y0 + HEIGHT / 2) if upwards and start == "train" else (x0 + WIDTH / 2, y0)
        finish = (x1, y1 - HEIGHT / 2) if upwards and start == "train" else (x1 - WIDTH / 2, y1)
        arrow = {"arrowstyle": "-|>", "color": BLUE if shown in (start, end) else "#b5b5b5"}
        axes.annotate("", finish, begin, arrowprops={**arrow, "shrinkA": 2, "shrinkB": 2})
    for name, (x, y, text) in NODES.items():
        is_tool, at_hand = name[0].islower(), name == shown
        box = FancyBboxPatch(
            (x - WIDTH / 2, y - HEIGHT / 2), WIDTH, HEIGHT,
            boxstyle="round,pad=0.02,rounding_size=0.08" if is_tool else "square,pad=0",
            facecolor=BLUE if at_hand else PALE if is_tool else "white",
            edgecolor=BLUE if is_tool else GREY, linewidth=1.2,
        )  # fmt: skip
        axes.add_patch(box)
        colour = "white" if at_hand else "black"
        axes.text(x, y, text, ha="center", va="center", fontsize=8, color=colour)
    figure.savefig(TARGET / f"srna_augment_{tool}.png", bbox_inches="tight", pad_inches=0.05)
    plt.close(figure)


if __name__ == "__main__":
    TARGET.mkdir(exist_ok=True)
    for tool in ("augment", "normalise", "train_rf", "train_dl", "evaluate", "deeplift_score"):
        draw(tool)
