"""Options that `train-dl` and `train-rf` share, and which of them go together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import rich_click as click

from ..errors import UsageError
from ..files import check_output_folder
from ..targets import TARGETS
from .common import INPUT_FILE

DATA_PANEL, CV_PANEL, OUTPUT_PANEL = "Data", "Cross-validation", "Output"
OUTPUT_FILE = click.Path(dir_okay=False, path_type=Path)


def training_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that both training commands have."""
    options = [
        click.argument("expression", type=INPUT_FILE),
        click.option(
            "--target",
            required=True,
            type=click.Choice(TARGETS),
            panel=DATA_PANEL,
            help="What to predict.",
        ),
        click.option(
            "--label-column",
            metavar="COLUMN",
            panel=DATA_PANEL,
            help="Metadata column of the labels; by default the usual names are tried.",
        ),
        click.option(
            "--condition",
            "condition_column",
            metavar="COLUMN",
            panel=DATA_PANEL,
            help="Metadata column of what differs within a study and class, such as tumour or "
            "normal: each value of a study has one vote on its class. Default: condition, "
            "disease_state, disease, is_normal or sample_type, the first that is there.",
        ),
        click.option(
            "--strangers",
            metavar="COLUMN=VALUE",
            panel=DATA_PANEL,
            help="Samples with this value of a metadata column are none of the classes, whatever "
            "their labels say (material=cells, for instance): the final model takes samples like "
            "them for out of distribution.",
        ),
        click.option(
            "--batch",
            "batch_column",
            metavar="COLUMN",
            panel=DATA_PANEL,
            help="Metadata column of batches that a study was done in, such as versions of its "
            "pipeline, where these have not the same classes: the model is blind to what the means "
            "of batches differ in. Blank is not known. Baselines do not use it.",
        ),
        click.option(
            "--min-samples",
            type=click.IntRange(1),
            default=5,
            panel=DATA_PANEL,
            help="Leave out classes with fewer labelled samples.",
        ),
        click.option(
            "--scheme",
            "schemes",
            multiple=True,
            panel=CV_PANEL,
            type=click.Choice(["random", "group", "site", "transfer", "none"]),
            default=["random"],
            help="What a fold leaves out: subjects (random), whole studies (group) or sites; "
            "may be given several times. 'transfer' tests on other groups than it trains on. "
            "'none' only trains the final model.",
        ),
        click.option(
            "--train-on",
            multiple=True,
            metavar="NAME",
            panel=CV_PANEL,
            help="Scheme transfer: a value of the group column to train on (repeatable).",
        ),
        click.option(
            "--test-on",
            multiple=True,
            metavar="NAME",
            panel=CV_PANEL,
            help="Scheme transfer: a value of the group column to test on (repeatable). Default: "
            "all that are not trained on.",
        ),
        click.option(
            "--group",
            "group_column",
            metavar="COLUMN",
            panel=CV_PANEL,
            help="Metadata column that the scheme 'group' leaves out as a whole, and that counts "
            "once in figures. Default: study, dataset or series; where there is none, figures take "
            "the site.",
        ),
        click.option(
            "--folds",
            "n_folds",
            type=click.IntRange(2),
            default=10,
            panel=CV_PANEL,
            help="Number of folds.",
        ),
        click.option(
            "--fold",
            "only_folds",
            type=click.IntRange(0),
            multiple=True,
            panel=CV_PANEL,
            help="Run this fold only (from 0; repeatable), to spread folds over machines.",
        ),
        click.option(
            "--calibrate-from",
            type=INPUT_FILE,
            multiple=True,
            panel=CV_PANEL,
            metavar="PREDICTIONS",
            help="Raw predictions of all folds, run before with --fold, to calibrate the final "
            "model; --predictions then gets them gathered and calibrated.",
        ),
        click.option(
            "-o",
            "--output",
            type=OUTPUT_FILE,
            panel=OUTPUT_PANEL,
            metavar="MODEL",
            help="Write the final model here (.h5); without it only folds are run.",
        ),
        click.option(
            "--predictions",
            type=OUTPUT_FILE,
            panel=OUTPUT_PANEL,
            metavar="TSV",
            help="Write out-of-fold predictions here.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@dataclass(frozen=True)
class TrainingWanted:
    """What was asked for; see the options above."""

    expression: Path
    target: str
    label_column: str | None
    condition_column: str | None
    strangers: str | None
    batch_column: str | None
    min_samples: int
    schemes: tuple[str, ...]
    train_on: tuple[str, ...]
    test_on: tuple[str, ...]
    group_column: str | None
    n_folds: int
    only_folds: tuple[int, ...]
    calibrate_from: tuple[Path, ...]
    output: Path | None
    predictions: Path | None
    seed: int
    subclasses: str = "none"

    @property
    def to_run(self) -> list[str]:
        """Schemes to run, each once; none where their folds were run before."""
        if self.calibrate_from:
            return []
        return [scheme for scheme in dict.fromkeys(self.schemes) if scheme != "none"]

    @property
    def folded(self) -> list[str]:
        """Those of them that cut all samples into folds."""
        return [scheme for scheme in self.to_run if scheme != "transfer"]

    @property
    def stranger(self) -> tuple[str, str] | None:
        """Column and value of ``--strangers``.

        Raises
        ------
        UsageError
            It is not both.
        """
        if self.strangers is None:
            return None
        column, sign, value = self.strangers.partition("=")
        if not (column and sign and value):
            raise UsageError(
                f"--strangers {self.strangers}: write COLUMN=VALUE, as in material=cells"
            )
        return column, value

    def check(self) -> None:
        """Make sure that the options go together, and that outputs can be written.

        Raises
        ------
        UsageError
            They do not, or cannot.
        """
        transfers = "transfer" in self.to_run
        if bool(self.train_on or self.test_on) != transfers or (self.test_on and not self.train_on):
            raise UsageError("--scheme transfer and --train-on go together: give both, or neither")
        if self.output is None and self.predictions is None:
            raise UsageError("nothing to write: give --output, --predictions, or both")
        if self.predictions is not None and not self.to_run and not self.calibrate_from:
            raise UsageError("--predictions needs a --scheme: random, group, site or transfer")
        if self.only_folds:
            self._check_only_folds()
        for path in (self.output, self.predictions):
            if path is not None:
                check_output_folder(path)

    def _check_only_folds(self) -> None:
        last = max(self.only_folds)
        if last >= self.n_folds:
            raise UsageError(
                f"--fold {last}: with --folds {self.n_folds} the last is fold {self.n_folds - 1}, "
                f"as they are counted from 0"
            )
        if "transfer" in self.to_run:
            raise UsageError(
                "--fold runs a part of the folds, and --scheme transfer has none: run it by itself"
            )
        if self.output is not None:
            raise UsageError(
                "--fold runs a part of the folds, and the final model needs all: leave out "
                "--output, then train it with --calibrate-from"
            )
