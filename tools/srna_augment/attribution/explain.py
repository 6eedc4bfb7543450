"""What `deeplift-score` does for one target: stream, write, summarise, draw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import ontology
from ..errors import DataError, ToleranceError, UsageError
from ..labelled import study_units
from ..log import get_logger
from ..model.forest import Forest
from ..model.inputs import align
from ..model.target import TargetModel
from . import references as named_references
from . import tables
from .engine import Block, Explained, Outputs, Rule, stream_of
from .references import CLASS_PREFIX
from .score_file import Header, TargetWriter
from .stability import stability
from .summary import TOP, ClassSummary, Summary, level_difference, own_class

if TYPE_CHECKING:
    import h5py

    from ..expression import Expression

PICTURED_SAMPLES = 12
RULE_NAMES = {"rescale": "Rescale", "revealcancel": "RevealCancel", "treeshap": "TreeSHAP"}
ALL = "all"
WORDS = ("predicted", "true", "all")


@dataclass(frozen=True)
class Settings:
    """What was asked for; see the options of `deeplift-score`."""

    rule: Rule
    engine: str
    target_class: str
    references: tuple[str, ...]
    group: str | None
    top: int
    samples: tuple[str, ...]
    tolerance: float
    strict: bool
    threads: int
    tables: Path | None
    plots: Path | None
    multiqc: Path | None


@dataclass
class _Question:
    """One target's samples, and which class of each is explained.

    `groups` are the classes that samples belong to, age groups where years are explained;
    `predicted` ``(n_samples,)`` are those that `augment` takes for best, and `group` those that
    samples are summed up by: the true ones if these were asked for, else the predicted.
    `label_column` is where labels come from, None for the usual names.
    """

    model: TargetModel
    label_column: str | None
    of_years: bool
    groups: list[str]
    group: np.ndarray
    predicted: np.ndarray
    expression: Expression
    x: np.ndarray
    truth: np.ndarray
    studies: np.ndarray
    outputs: Outputs
    references: named_references.References


def explain(
    model: TargetModel,
    expression: Expression,
    place: h5py.Group,
    settings: Settings,
    others: list[TargetModel],
    by: TargetModel,
) -> None:
    """Explain one target and write everything that was asked for.

    Parameters
    ----------
    model : TargetModel
        The model.
    expression : Expression
        Normalised as the model was trained.
    place : h5py.Group
        Where contributions go.
    settings : Settings
        What was asked for.
    others : list of TargetModel
        Models of the same target, trained with other seeds or folds, to compare with.
    by : TargetModel
        By whose classes samples are summed up: `model` itself, or for years that of age groups.

    Raises
    ------
    ToleranceError
        Contributions do not sum to the difference of logits, and `settings.strict`.
    DataError, UsageError
        Data and options that do not go together.
    """
    if others:
        _network(model)  # forests have nothing to compare
    question = _question(model, expression, settings, by)
    forest = isinstance(model.learner, Forest)
    writer = TargetWriter(
        place,
        Header(
            target=model.target, learner=model.learner.kind,
            rule="treeshap" if forest else settings.rule,
            engine="shap" if forest else settings.engine,
            target_class=settings.target_class,
            unit="year" if by is not model else "class share" if forest else "logit",
            samples=question.expression.samples, features=model.features, classes=model.classes,
            groups=question.groups, truth=question.truth, predicted=question.predicted,
            references=question.references,
            n_outputs=len(model.classes) if question.outputs is ALL else 1,
        ),
    )  # fmt: skip
    summary = Summary(question.studies)
    for block in _stream(model, question, settings):
        writer.add(block)
        group = question.group[block.rows]
        explained, values = own_class(block.outputs, block.values, group)
        summary.add(np.arange(block.rows.start, block.rows.stop), explained, group, values)
    summaries = summary.results()
    relative = writer.finish(summaries)
    _check_completeness(writer, relative, settings)
    stays = ""
    if settings.tables is not None:
        _write_tables(settings.tables, question, writer, summaries, settings)
        if not question.of_years:
            stays = _write_stability(settings.tables, question, others, settings)
    if settings.plots is not None or settings.multiqc is not None:
        _draw(question, writer, summaries, settings, stays)


def _question(
    model: TargetModel, expression: Expression, settings: Settings, by: TargetModel
) -> _Question:
    _check_normalisation(model, expression)
    column = by.label_column(expression.obs.columns)
    labels = ontology.as_classes(ontology.labels(expression.obs, by.target, column), by.classes)
    index = {name: i for i, name in enumerate(by.classes)}
    truth = np.array([index.get(name, -1) for name in labels], dtype=np.int64)
    rows = np.arange(len(truth))
    if settings.target_class == "true":
        rows = np.flatnonzero(truth >= 0)
        if not len(rows):
            raise DataError(
                f"target {model.target}: no sample has a label that the model knows, so there is "
                "no true class: add the labels to the metadata, or use --target-class predicted"
            )
        if len(rows) < len(truth):
            get_logger().info(
                "%s: %d samples without a label that the model knows are left out",
                model.target, len(truth) - len(rows),
            )  # fmt: skip
    expression = expression.subset(rows)
    for name in settings.samples:
        if name not in expression.samples:
            raise UsageError(f"--sample {name}: no such sample: use an id of the expression table")
    x = model.prepare(expression.values, expression.features, expression.reported)
    unreported = model.inputs.unreported(
        expression.values, expression.features, expression.reported
    )
    predicted = by.predict(x, unreported)[0].argmax(axis=1)
    outputs: Outputs
    if by is not model:
        outputs = "predicted"  # years are one output
    elif settings.target_class == ALL:
        outputs = ALL
    elif settings.target_class == "true":
        outputs = truth[rows]
    elif settings.target_class == "predicted":
        outputs = predicted
    else:
        outputs = model.classes.index(settings.target_class)
    return _Question(
        model=model,
        label_column=column,
        of_years=by is not model,
        groups=by.classes,
        group=truth[rows] if settings.target_class == "true" else predicted,
        predicted=predicted,
        expression=expression,
        x=x,
        truth=truth[rows],
        studies=study_units(expression.obs, settings.group)[0],
        outputs=outputs,
        references=named_references.resolve(model, settings.references),
    )


def _check_normalisation(model: TargetModel, expression: Expression) -> None:
    """Refuse expression that is not in the units and names that the model was trained on."""
    for name in ("method", "level", "units"):
        given, wanted = expression.state.get(name), getattr(model.state, name)
        if given != wanted:
            raise DataError(
                f"expression has {name} '{given}', the model for {model.target} was trained on "
                f"'{wanted}': run normalise with the same settings as for training"
            )
    found = len(set(model.features) & set(expression.features))
    if not found:
        raise DataError(
            f"none of the {len(model.features)} features of the model for {model.target} is in "
            "the expression table: give expression of the same organism and feature level"
        )
    if found < len(model.features):
        get_logger().info(
            "%s: %d of %d features of the model are in the expression table; the others count as "
            "not reported", model.target, found, len(model.features),
        )  # fmt: skip


def _stream(model: TargetModel, question: _Question, settings: Settings) -> Iterator[Block]:
    """Explain block by block, contributions of all views of a feature added up."""
    for block in _stream_of_inputs(model, question, settings):
        yield replace(block, values=model.inputs.fold(block.values))


def _stream_of_inputs(
    model: TargetModel, question: _Question, settings: Settings
) -> Iterator[Block]:
    if not isinstance(model.learner, Forest):
        return stream_of(settings.engine)(
            model.learner, question.x, question.references.values, rule=settings.rule,
            outputs=question.outputs, threads=settings.threads,
        )  # fmt: skip
    if settings.engine == "deeplift":
        raise UsageError(
            f"--engine deeplift: the model for {model.target} is a forest, which DeepLIFT does not "
            "explain: give the output of train-dl, or leave the engine out for TreeSHAP"
        )
    from .importance import stream

    return stream(model.learner, question.x, question.references.values, outputs=question.outputs)


def _check_completeness(writer: TargetWriter, relative: float, settings: Settings) -> None:
    header = writer.header
    if relative <= settings.tolerance:
        get_logger().info(
            "%s: contributions sum to the difference of the %s to %.1e of the largest",
            header.target, header.unit, relative,
        )  # fmt: skip
        return
    text = (
        f"{header.target}: contributions miss the difference of the {header.unit} by "
        f"{relative:.1e} of the largest, more than --tolerance {settings.tolerance:g}; worst in "
        f"sample {header.samples[writer.worst]}"
    )
    if settings.strict:
        raise ToleranceError(f"{text}: nothing was written; look at that sample's values")
    get_logger().warning("%s", text)


def _row(writer: TargetWriter, i: int) -> tuple[int, float, np.ndarray]:
    """Read back a sample: class explained, delta, contributions ``(n_features,)``."""
    data = writer.datasets
    if writer.header.n_outputs == 1:
        return int(data["explained"][i]), float(data["delta"][i]), data["contributions"][i]
    explained = int(writer.header.predicted[i])
    return explained, float(data["delta"][i, explained]), data["contributions"][i, explained]


def _write_tables(
    folder: Path,
    question: _Question,
    writer: TargetWriter,
    summaries: list[ClassSummary],
    settings: Settings,
) -> None:
    model, given = question.model, question.expression
    values_given = align(given.values, given.features, given.reported, model.features)
    profile = model.inputs.profile
    group = question.group
    differences = [
        level_difference(
            values_given[group == s.group], question.studies[group == s.group], profile
        )
        for s in summaries
    ]
    names = (model.classes, question.groups)
    tables.write_table(
        folder / f"{model.target}.classes.tsv", tables.CLASS_COLUMNS,
        tables.class_rows(
            model.target, names, model.features, summaries, differences, settings.top,
            by_size=question.of_years,
        ),
    )  # fmt: skip
    known = [*question.groups, ""]  # the last: -1, not known
    said = [known[i] for i in question.predicted], [known[i] for i in question.truth]
    if question.of_years:
        years = ontology.years(given.obs, question.label_column)
        said = (
            [f"{value:.1f}" for value in writer.datasets["logits"][:, 0]],
            ["" if np.isnan(value) else f"{value:.1f}" for value in years],
        )

    def rows() -> Iterator[tuple[str, ...]]:
        for i, sample in enumerate(given.samples):
            explained, delta, values = _row(writer, i)
            labels = (model.classes[explained], said[0][i], said[1][i])
            yield from tables.sample_rows(
                model.target, sample, labels, delta, model.features, values, values_given[i],
                profile, settings.top,
            )  # fmt: skip

    tables.write_table(folder / f"{model.target}.samples.tsv", tables.SAMPLE_COLUMNS, rows())


def _write_stability(
    folder: Path,
    question: _Question,
    others: list[TargetModel],
    settings: Settings,
) -> str:
    """Compare with other models; without any, compare the members of the ensemble.

    Returns what came out in a sentence, empty where there is nothing to compare.
    """
    model = question.model
    if isinstance(model.learner, Forest):
        return ""
    group = question.group
    if others:
        models: list[tuple[Explained, TargetModel, np.ndarray]] = [
            (model.learner, model, question.references.values)
        ]
        for other in others:
            values = named_references.resolve(other, settings.references).values
            models.append((_network(other), other, values))
        given = question.expression
        inputs = [question.x]
        for other in others:
            inputs.append(other.prepare(given.values, given.features, given.reported))
    else:
        members = model.learner.hidden_members()
        if len(members) < 2:
            return ""
        models = [(member, model, question.references.values) for member in members]
        inputs = [question.x] * len(members)
    common = [f for f in model.features if all(f in set(m.features) for _, m, _ in models)]
    found: list[dict[int, np.ndarray]] = []
    for (network, of, values), x in zip(models, inputs, strict=True):
        found.append(_class_means(network, of, values, x, group, question, common, settings))
    alike = {
        name: stability(np.stack([means[i] for means in found]))
        for i, name in enumerate(model.classes)
        if all(i in means for means in found)
    }
    rows = [tables.stability_row(model.target, name, common, each) for name, each in alike.items()]
    tables.write_table(folder / f"{model.target}.stability.tsv", tables.STABILITY_COLUMNS, rows)
    if not alike:
        return ""
    kept = float(np.median([each.kept for each in alike.values()]))
    top = min(TOP, len(common))
    compared = "models compared" if others else "members of the ensemble"
    return (
        f"Of the {top} strongest sRNAs of a class {kept:g} stay between {len(found)} {compared} "
        "(median of the classes)."
    )


def _network(model: TargetModel) -> Explained:
    if isinstance(model.learner, Forest):
        raise UsageError(f"--compare: the model for {model.target} is a forest: give networks")
    return model.learner


def _class_means(
    network: Explained,
    model: TargetModel,
    references: np.ndarray,
    x: np.ndarray,
    group: np.ndarray,
    question: _Question,
    common: list[str],
    settings: Settings,
) -> dict[int, np.ndarray]:
    """Return mean contributions ``(n_common,)`` by class of the model in question."""
    own = {name: i for i, name in enumerate(model.classes)}
    mapped = np.array([own.get(name, -1) for name in question.model.classes])[group]
    known = np.flatnonzero(mapped >= 0)
    column = {name: i for i, name in enumerate(model.features)}
    columns = [column[name] for name in common]
    summary = Summary(question.studies[known])
    stream = stream_of(settings.engine)(
        network, x[known], references, rule=settings.rule, outputs=mapped[known],
        threads=settings.threads,
    )  # fmt: skip
    for block in stream:
        rows = np.arange(block.rows.start, block.rows.stop)
        labels = group[known][rows]
        summary.add(rows, labels, labels, model.inputs.fold(block.values[:, 0])[:, columns])
    return {each.group: each.mean for each in summary.results()}


def _draw(
    question: _Question,
    writer: TargetWriter,
    summaries: list[ClassSummary],
    settings: Settings,
    stays: str,
) -> None:
    from . import plots

    model, header = question.model, writer.header
    names = [question.groups[s.group] for s in summaries]
    by_size = question.of_years
    shown = plots.heat_map(summaries, names, model.features, by_size=by_size)
    bars = []
    for i in _pictured(question, writer, summaries, settings):
        explained, _, values = _row(writer, i)
        name = model.classes[explained]
        bars.append(plots.sample_bars(question.expression.samples[i], name, model.features, values))
    method = f"{RULE_NAMES[header.rule]}, measured from {_spoken(header.references.names)}"
    if settings.target_class not in WORDS:
        method = f"for {settings.target_class}, by class of the samples; {method}"
    unit = {"logit": "logits", "class share": "class shares", "year": "years"}[header.unit]
    if settings.plots is not None:
        plots.write_plots(settings.plots, model.target, shown, bars, method, unit)
    if settings.multiqc is not None:
        plots.write_sections(settings.multiqc, model.target, shown, bars, method, unit, stays)


def _spoken(names: list[str]) -> str:
    """Say in words what contributions are measured from."""
    words = [
        "the mean of the training samples" if name == "mean"
        else f"the mean {name.removeprefix(CLASS_PREFIX)} sample" if name.startswith(CLASS_PREFIX)
        else Path(name).name
        for name in names
    ]  # fmt: skip
    return " and ".join(words)


def _pictured(
    question: _Question, writer: TargetWriter, summaries: list[ClassSummary], settings: Settings
) -> list[int]:
    """Choose samples: those named, or of each class the one in the middle by explained logit."""
    if settings.samples:
        index = {name: i for i, name in enumerate(question.expression.samples)}
        return [index[name] for name in settings.samples]
    group = question.group
    logits = writer.datasets["logits"][...]
    chosen = []
    for summary in sorted(summaries, key=lambda s: -s.n_samples)[:PICTURED_SAMPLES]:
        members = np.flatnonzero(group == summary.group)
        order = np.argsort(logits[members, summary.explained], kind="stable")
        chosen.append((summary.group, int(members[order[len(order) // 2]])))
    return [i for _, i in sorted(chosen)]
