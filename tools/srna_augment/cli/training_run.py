"""The steps that `train-dl` and `train-rf` share: folds, predictions, the final model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..files import check_distinct, sha256
from ..log import get_logger
from .importance_options import ImportanceWanted
from .training_options import TrainingWanted

if TYPE_CHECKING:
    from ..expression import Expression
    from ..fitting import Recipe
    from ..labelled import Labelled
    from ..learners.forest_importance import LeftOutImportance
    from ..predictions import OutOfFold, YearsOutOfFold

    Results = list[OutOfFold | YearsOutOfFold]

NO_IMPORTANCE = ImportanceWanted(None, None, 0)


def run_training(
    recipes: list[Recipe],
    wanted: TrainingWanted,
    settings: dict[str, Any],
    importance: ImportanceWanted = NO_IMPORTANCE,
) -> None:
    """Cross-validate, then train and write the final model of the first recipe.

    Parameters
    ----------
    recipes : list of Recipe
        The learner, then what it is compared with.
    wanted : TrainingWanted
        What was asked for.
    settings : dict
        Of the learner, for the model file.
    importance : ImportanceWanted
        What was asked for of what forests look at.

    Raises
    ------
    UsageError
        Options that do not go together.
    DataError
        The data cannot be learnt from.
    """
    wanted.check()
    importance.check(wanted.folded)
    check_distinct(
        (wanted.output, wanted.predictions, importance.table, importance.parts),
        [wanted.expression, *wanted.calibrate_from, *importance.gathered],
    )
    from ..cross_validation import check_scheme
    from ..expression import read_expression

    table = read_expression(wanted.expression)
    data = _labelled(table, wanted)
    for scheme in wanted.to_run:
        check_scheme(data, scheme, wanted.train_on, wanted.test_on)
    watched = _watched(importance, data, wanted.seed)
    if wanted.calibrate_from:
        raw, moved = _gathered(wanted, data, recipes[0])
    else:
        raw, moved = _folds(recipes, wanted, data, importance, watched), []
    moved += _transfers(recipes, wanted, data)
    if wanted.predictions is not None:
        _write_predictions(raw, moved, wanted)
    if wanted.output is not None:
        provenance = _provenance(table, data, wanted, settings)
        _write_model(recipes[0], wanted, data, raw, provenance)


def _labelled(table: Expression, wanted: TrainingWanted) -> Labelled:
    from ..labelled import labelled

    return labelled(
        table,
        wanted.target,
        label_column=wanted.label_column,
        group_column=wanted.group_column,
        condition_column=wanted.condition_column,
        strangers=wanted.stranger,
        subclasses=wanted.subclasses,
        batch_column=wanted.batch_column,
        minimum_samples=wanted.min_samples,
    )


def _watched(importance: ImportanceWanted, data: Labelled, seed: int) -> LeftOutImportance | None:
    """Return what watches the forests of the folds, if that was asked for.

    Of folds that were run before, what they told is written at once.
    """
    if not importance:
        return None
    from ..attribution.importance_parts import read_parts
    from ..learners.forest_importance import LeftOutImportance

    watched = LeftOutImportance(data, seed, keep=importance.parts is not None)
    if importance.gathered:
        parts = read_parts(importance.gathered, data.target)
        watched.gather(parts)
        importance.write(data, watched, parts.scheme)
    return watched


def _gathered(wanted: TrainingWanted, data: Labelled, recipe: Recipe) -> tuple[Results, Results]:
    """Return the raw predictions of folds that were run before, and those of transfers."""
    from ..predictions import read_out_of_fold
    from ..training import check_gathered

    given = read_out_of_fold(list(wanted.calibrate_from))
    raw = [part for part in given if part.scheme != "transfer"]
    check_gathered(raw, data, recipe.name)
    # calibrated where they were made, on the data that were trained on alone
    return raw, [part for part in given if part.scheme == "transfer"]


def _folds(
    recipes: list[Recipe],
    wanted: TrainingWanted,
    data: Labelled,
    importance: ImportanceWanted,
    watched: LeftOutImportance | None,
) -> Results:
    """Run the folds of each scheme; return their raw predictions.

    What the learner looks at is told of the scheme that leaves out most.
    """
    from ..cross_validation import cross_validate
    from ..training import CALIBRATES

    hardest = min(wanted.folded, key=CALIBRATES.index, default=None)
    raw: Results = []
    for scheme in wanted.folded:
        for recipe in recipes:
            told = watched and recipe is recipes[0] and scheme == hardest
            raw += cross_validate(
                data,
                scheme,
                recipe,
                n_folds=wanted.n_folds,
                seed=wanted.seed,
                only=frozenset(wanted.only_folds) or None,
                progress=get_logger().info,
                watch=watched.add if watched and told else None,
            )
    if watched and hardest:
        importance.write(data, watched, hardest)
    return raw


def _transfers(recipes: list[Recipe], wanted: TrainingWanted, data: Labelled) -> Results:
    """Return predictions of some groups by models of others, if that was asked for."""
    from ..cross_validation import transfer

    if "transfer" not in wanted.to_run:
        return []
    return [
        part
        for recipe in recipes
        for part in transfer(
            data,
            recipe,
            wanted.train_on,
            wanted.test_on,
            n_folds=wanted.n_folds,
            seed=wanted.seed,
            progress=get_logger().info,
        )
    ]


def _write_predictions(raw: Results, moved: Results, wanted: TrainingWanted) -> None:
    from ..cross_validation import calibrate_across_folds
    from ..predictions import OutOfFold, write_predictions

    assert wanted.predictions is not None
    # parts of folds stay raw: calibration of one fold needs the others
    if not wanted.only_folds:
        raw = [calibrate_across_folds(p) if isinstance(p, OutOfFold) else p for p in raw]
    write_predictions(raw + moved, wanted.predictions)


def _write_model(
    recipe: Recipe,
    wanted: TrainingWanted,
    data: Labelled,
    raw: Results,
    provenance: dict[str, Any],
) -> None:
    from .. import __version__
    from ..model.file import save_models
    from ..training import evidence, final_model

    assert wanted.output is not None
    get_logger().info(
        "%s, %s: final model on all %d samples", data.target, recipe.name, len(data.y)
    )
    proof = evidence(raw, data.target, recipe.name)
    model = final_model(data, recipe, wanted.seed, proof, provenance)
    save_models([model], wanted.output, version=__version__)


def _provenance(
    table: Expression, data: Labelled, wanted: TrainingWanted, settings: dict[str, Any]
) -> dict[str, Any]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from .. import __version__
    from ..model.target import LABEL_COLUMN

    versions = {"srna-augment": __version__, "python": platform.python_version()}
    # with a GPU, and from conda, TensorFlow has the other name
    for package in ("numpy", "scikit-learn", "tensorflow-cpu", "tensorflow"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    columns = {LABEL_COLUMN: wanted.label_column, "batch_column": wanted.batch_column}
    return {
        "seed": wanted.seed,
        "settings": settings,
        "versions": versions,
        "expression_sha256": sha256(wanted.expression),
        "n_samples_given": len(table.samples),
        "n_samples_labelled": len(data.y),
        **{key: column for key, column in columns.items() if column is not None},
    }
