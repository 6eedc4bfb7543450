"""Options and steps that `train-dl` and `train-rf` share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from ..errors import UsageError
from ..files import check_distinct, check_output_folder, sha256
from ..log import get_logger
from ..targets import TARGETS
from .common import INPUT_FILE

if TYPE_CHECKING:
    from ..expression import Expression
    from ..fitting import Recipe
    from ..labelled import Labelled
    from ..learners.forest_importance import LeftOutImportance

DATA_PANEL, CV_PANEL, OUTPUT_PANEL = "Data", "Cross-validation", "Output"
OUTPUT_FILE = click.Path(dir_okay=False, path_type=Path)


@dataclass(frozen=True)
class ImportanceWanted:
    """Where the importance of sRNAs on samples left out shall go.

    Attributes
    ----------
    table : pathlib.Path or None
        A TSV, in the columns of the class tables of `deeplift-score`.
    multiqc : pathlib.Path or None
        Folder for a section of a MultiQC report.
    top : int
        Rows of each class in the table; 0 for all.
    parts : pathlib.Path or None
        HDF5 of what each sample loses, to be gathered.
    gathered : tuple of pathlib.Path
        Such files of all folds, run before; nothing is then measured anew.
    """

    table: Path | None
    multiqc: Path | None
    top: int
    parts: Path | None = None
    gathered: tuple[Path, ...] = ()

    def check(self, folded: list[str]) -> None:
        """Make sure that what was asked for can be had from the schemes that cut folds.

        Raises
        ------
        UsageError
            It cannot.
        """
        shown = self.table is not None or self.multiqc is not None
        if self.gathered and (not shown or self.parts is not None or folded):
            raise UsageError(
                "--importance-from is for --importance or --multiqc, of folds that were run "
                "before: add one of them, with --calibrate-from or --scheme none, and leave out "
                "--save-importance"
            )
        if (shown or self.parts) and not (self.gathered or folded):
            raise UsageError(
                "--importance, --save-importance and --multiqc are of samples that folds left "
                "out: give --scheme random, group or site, or folds run before by "
                "--importance-from"
            )

    def __bool__(self) -> bool:
        """Tell whether anything was asked for."""
        return any(each is not None for each in (self.table, self.multiqc, self.parts))

    def write(self, data: Labelled, importance: LeftOutImportance, scheme: str) -> None:
        """Write what was asked for."""
        from ..attribution import plots, tables
        from ..training import SCHEME_TEXT

        if self.parts is not None:
            importance.parts(scheme).write(self.parts)
        if self.table is None and self.multiqc is None:
            return
        features, found = data.expression.features, importance.results()
        if self.table is not None:
            rows = tables.class_rows(
                data.target, (data.classes, data.classes), features, found,
                importance.differences(), self.top,
            )  # fmt: skip
            tables.write_table(self.table, tables.CLASS_COLUMNS, rows)
        if self.multiqc is not None:
            names = [data.classes[each.group] for each in found]
            shown = plots.heat_map(found, names, features)
            plots.write_importance(self.multiqc, data.target, shown, SCHEME_TEXT[scheme])


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


def run_training(
    recipes: list[Recipe],
    *,
    expression: Path,
    target: str,
    label_column: str | None,
    min_samples: int,
    schemes: tuple[str, ...],
    train_on: tuple[str, ...],
    test_on: tuple[str, ...],
    group_column: str | None,
    condition_column: str | None,
    strangers: str | None,
    n_folds: int,
    only_folds: tuple[int, ...],
    calibrate_from: tuple[Path, ...],
    output: Path | None,
    predictions: Path | None,
    seed: int,
    settings: dict[str, Any],
    subclasses: str = "none",
    importance: ImportanceWanted | None = None,
) -> None:
    """Cross-validate, then train and write the final model of the first recipe.

    Raises
    ------
    UsageError
        Options that do not go together.
    DataError
        The data cannot be learnt from.
    """
    wanted = [name for name in dict.fromkeys(schemes) if name != "none"]
    if calibrate_from:
        wanted = []
    if bool(train_on or test_on) != ("transfer" in wanted) or (test_on and not train_on):
        raise UsageError("--scheme transfer and --train-on go together: give both, or neither")
    _check_options(wanted, only_folds, n_folds, calibrate_from, output, predictions)
    importance = importance or ImportanceWanted(None, None, 0)
    importance.check([scheme for scheme in wanted if scheme != "transfer"])
    check_distinct(
        (output, predictions, importance.table, importance.parts),
        [expression, *calibrate_from, *importance.gathered],
    )
    from .. import __version__
    from ..cross_validation import calibrate_across_folds, check_scheme, cross_validate, transfer
    from ..expression import read_expression
    from ..labelled import labelled
    from ..model.file import save_models
    from ..model.target import LABEL_COLUMN
    from ..predictions import (
        OutOfFold,
        YearsOutOfFold,
        read_predictions,
        write_predictions,
    )
    from ..training import CALIBRATES, check_gathered, evidence, final_model

    table = read_expression(expression)
    data = labelled(
        table,
        target,
        label_column=label_column,
        group_column=group_column,
        condition_column=condition_column,
        strangers=_pair(strangers),
        subclasses=subclasses,
        minimum_samples=min_samples,
    )
    for scheme in wanted:
        check_scheme(data, scheme, train_on, test_on)
    moved: list[OutOfFold | YearsOutOfFold] = []
    watched = None
    if importance:
        from ..attribution.importance_parts import read_parts
        from ..learners.forest_importance import LeftOutImportance

        watched = LeftOutImportance(data, seed, keep=importance.parts is not None)
        if importance.gathered:
            parts = read_parts(importance.gathered, target)
            watched.gather(parts)
            importance.write(data, watched, parts.scheme)
    if calibrate_from:
        given = read_predictions(list(calibrate_from))
        raw = [part for part in given if part.scheme != "transfer"]
        # calibrated where they were made, on the data that were trained on alone
        moved = [part for part in given if part.scheme == "transfer"]
        check_gathered(raw, data, recipes[0].name)
    else:
        raw = []
        folded = [scheme for scheme in wanted if scheme != "transfer"]
        hardest = min(folded, key=CALIBRATES.index) if folded else None
        for scheme in folded:
            for recipe in recipes:
                raw += cross_validate(
                    data,
                    scheme,
                    recipe,
                    n_folds=n_folds,
                    seed=seed,
                    only=frozenset(only_folds) or None,
                    progress=get_logger().info,
                    watch=watched.add
                    if watched and recipe is recipes[0] and scheme == hardest
                    else None,
                )
        if watched and hardest:
            importance.write(data, watched, hardest)
    moved += [
        part
        for recipe in recipes
        if "transfer" in wanted
        for part in transfer(
            data, recipe, train_on, test_on, n_folds=n_folds, seed=seed, progress=get_logger().info
        )
    ]
    if predictions is not None:
        # parts of folds stay raw: calibration of one fold needs the others
        shown = (
            raw
            if only_folds
            else [
                calibrate_across_folds(part) if isinstance(part, OutOfFold) else part
                for part in raw
            ]
        )
        write_predictions(shown + moved, predictions)
    if output is None:
        return
    recipe = recipes[0]
    get_logger().info("%s, %s: final model on all %d samples", target, recipe.name, len(data.y))
    proof = evidence(raw, target, recipe.name)
    provenance = _provenance(expression, table, data, seed, settings)
    if label_column is not None:
        provenance[LABEL_COLUMN] = label_column
    model = final_model(data, recipe, seed, proof, provenance)
    save_models([model], output, version=__version__)


def _pair(text: str | None) -> tuple[str, str] | None:
    """Return column and value of ``--strangers``."""
    if text is None:
        return None
    column, sign, value = text.partition("=")
    if not (column and sign and value):
        raise UsageError(f"--strangers {text}: write COLUMN=VALUE, as in material=cells")
    return column, value


def _check_options(
    schemes: list[str],
    only_folds: tuple[int, ...],
    n_folds: int,
    calibrate_from: tuple[Path, ...],
    output: Path | None,
    predictions: Path | None,
) -> None:
    if output is None and predictions is None:
        raise UsageError("nothing to write: give --output, --predictions, or both")
    if predictions is not None and not schemes and not calibrate_from:
        raise UsageError("--predictions needs a --scheme: random, group, site or transfer")
    if only_folds and max(only_folds) >= n_folds:
        raise UsageError(
            f"--fold {max(only_folds)}: with --folds {n_folds} the last is fold {n_folds - 1}, as "
            f"they are counted from 0"
        )
    if only_folds and "transfer" in schemes:
        raise UsageError(
            "--fold runs a part of the folds, and --scheme transfer has none: run it by itself"
        )
    if only_folds and output is not None:
        raise UsageError(
            "--fold runs a part of the folds, and the final model needs all: leave out --output, "
            "then train it with --calibrate-from"
        )
    for path in (output, predictions):
        if path is not None:
            check_output_folder(path)


def _provenance(
    source: Path, table: Expression, data: Labelled, seed: int, settings: dict[str, Any]
) -> dict[str, Any]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from .. import __version__

    versions = {"srna-augment": __version__, "python": platform.python_version()}
    for package in ("numpy", "scikit-learn", "tensorflow-cpu"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "seed": seed,
        "settings": settings,
        "versions": versions,
        "expression_sha256": sha256(source),
        "n_samples_given": len(table.samples),
        "n_samples_labelled": len(data.y),
    }
