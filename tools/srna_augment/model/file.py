"""``model.h5``: arrays and JSON in HDF5, nothing that can run, every shape checked on reading.

The layout is described in docs/architecture.md.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..calibration import Calibration, Novelty
from ..errors import DataError, data_of
from ..files import atomic_output, create_hdf5
from ..normalisation import State
from ..unpacking import refuse_all_but_plain_arrays
from .forest import LEAF, Forest
from .inputs import VIEWS, Inputs
from .network import LAYERS, BatchNorm, Dense, Layer, Network, ReLU, SubclassNetwork
from .target import Learner, TargetModel, Years

if TYPE_CHECKING:
    import h5py

FORMAT = "srna-augment model"
FORMAT_VERSION = 2
MAXIMUM_MEMBERS = 1000
# The kind of a forest whose trees test scores of classes.
DISCRIMINANT_FOREST = "discriminant forest"
# No weight, threshold or value of an input comes near; products of such still fit in float32.
LARGEST = 1e9
# The weights of an ensemble may miss 1 by so much together.
WEIGHTS_OFF = 1e-6
# Arrays of whole numbers; all others are of floats.
INDICES = frozenset({"roots", "feature", "left", "right", "of_class"})


def save_models(models: list[TargetModel], path: str | Path, *, version: str) -> None:
    """Write one or more targets' models to one file, whole or not at all.

    Parameters
    ----------
    models : list of TargetModel
        One a target.
    path : str or pathlib.Path
        Where.
    version : str
        Version of the suite.
    """
    with atomic_output(path, binary=True) as temporary, create_hdf5(temporary) as file:
        file.attrs["format"] = FORMAT
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["suite_version"] = version
        for model in models:
            _write_target(file.create_group(f"targets/{model.target}"), model)


def load_models(path: str | Path) -> list[TargetModel]:
    """Read a model file.

    Parameters
    ----------
    path : str or pathlib.Path
        What `save_models` wrote.

    Returns
    -------
    list of TargetModel
        One a target.

    Raises
    ------
    DataError
        The file is missing, damaged, not a model, of a later format, or holds anything but plain
        arrays of sound shapes.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") != FORMAT:
                raise DataError(
                    f"{path}: an HDF5 file, but not a model of this suite: give the output of "
                    f"train-dl or train-rf"
                )
            version = int(file.attrs.get("format_version", 0))
            if version != FORMAT_VERSION:
                raise DataError(
                    f"{path}: model format {version}, this version reads {FORMAT_VERSION}: "
                    f"install the srna-augment that made it, or train anew"
                )
            refuse_all_but_plain_arrays(file)
            if not len(file["targets"]):
                raise ValueError("it has no target")
            with data_of(str(path)):
                return [_read_target(group, name) for name, group in file["targets"].items()]
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path}: no such file: check the path of the model") from None
    except OSError as error:
        reason = "not an HDF5 file, or damaged" if Path(path).is_file() else str(error)
        raise DataError(
            f"{path}: cannot be read as a model ({reason}): fetch or train it anew"
        ) from None
    except Exception as error:  # whatever a damaged or hostile file provokes ends in one line
        reason = (str(error).splitlines() or [type(error).__name__])[0][:150]
        raise DataError(f"{path}: not a sound model ({reason}): fetch or train it anew") from None


def _write_json(group: h5py.Group, name: str, content: Any) -> None:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True).encode()
    group.create_dataset(name, data=np.frombuffer(text, dtype=np.uint8))


def _read_json(group: h5py.Group, name: str) -> Any:
    return json.loads(group[name][...].astype(np.uint8).tobytes().decode())


def _read_notes(group: h5py.Group, name: str) -> dict[str, Any]:
    content = _read_json(group, name)
    if not isinstance(content, dict):
        raise ValueError(f"'{name}' is not an object of names and values")
    return content


def _write_arrays(group: h5py.Group, holder: Any) -> None:
    for name in holder.arrays:
        data = np.asarray(getattr(holder, name))
        packed = {"compression": "gzip", "shuffle": True} if data.size > 1000 else {}
        group.create_dataset(name, data=data, **packed)


def _read_arrays(
    group: h5py.Group, kind: Any, shapes: dict[str, tuple[int | None, ...]]
) -> dict[str, np.ndarray]:
    arrays = {}
    for name in kind.arrays:
        data = group[name][...]
        wanted = shapes[name]
        fits = data.ndim == len(wanted) and all(
            w is None or w == n for w, n in zip(wanted, data.shape, strict=True)
        )
        if not fits:
            raise ValueError(f"'{name}' has shape {data.shape}, not {wanted}")
        index = name in INDICES
        if data.dtype.kind != ("i" if index else "f") or data.dtype.itemsize < 4:
            raise ValueError(f"'{name}' holds {data.dtype}, not {'int32' if index else 'float32'}")
        _check_values(name, data)
        arrays[name] = data
    return arrays


def _check_values(name: str, data: np.ndarray) -> None:
    if not np.isfinite(data).all() or (np.abs(data) > LARGEST).any():
        raise ValueError(f"'{name}' holds values that are not finite, or beyond {LARGEST:g}")


def _write_target(group: h5py.Group, model: TargetModel) -> None:
    _write_json(group, "classes", model.classes)
    _write_json(group, "term_ids", model.term_ids)
    _write_json(group, "features", model.features)
    _write_json(group, "state", model.state.to_json())
    _write_json(group, "calibration", asdict(model.calibration))
    _write_json(group, "card", model.card)
    _write_json(group, "provenance", model.provenance)
    inputs = group.create_group("inputs")
    _write_json(inputs, "views", model.inputs.views)
    _write_arrays(inputs, model.inputs)
    _write_learner(group.create_group("learner"), model.learner)
    _write_arrays(group.create_group("novelty"), model.novelty)
    references = group.create_group("references")
    _write_json(references, "names", list(model.references))
    references.create_dataset("values", data=np.array(list(model.references.values()), np.float32))
    if model.years is not None:
        years = group.create_group("years")
        _write_learner(years.create_group("learner"), model.years.learner)
        numbers = ("centre", "scale", "half_width", "level")
        _write_json(years, "numbers", {name: getattr(model.years, name) for name in numbers})


def _read_target(group: h5py.Group, target: str) -> TargetModel:
    classes = _names(_read_json(group, "classes"), "classes")
    term_ids = _names(_read_json(group, "term_ids"), "term_ids")
    features = _names(_read_json(group, "features"), "features")
    if len(term_ids) != len(classes) or len(set(classes)) != len(classes) or not classes:
        raise ValueError("classes and term ids do not match")
    inputs = _read_inputs(group["inputs"], features)
    width = inputs.n_inputs
    novelty = _read_novelty(group["novelty"], len(inputs.views), len(features))
    names = _names(_read_json(group["references"], "names"), "references")
    values = group["references/values"][...]
    if names and values.shape != (len(names), width):
        raise ValueError("references do not match the features")
    _check_values("references", values)
    years = None
    if "years" in group:
        numbers = _read_json(group["years"], "numbers")
        learner = _read_learner(group["years/learner"], width, 1)
        if isinstance(learner, SubclassNetwork):
            raise ValueError("years have no subclasses")
        if not np.isfinite(list(numbers.values())).all():
            raise ValueError("the numbers of years are not finite")
        years = Years(learner, **{name: float(value) for name, value in numbers.items()})
        if not (0 < years.scale <= LARGEST and years.half_width >= 0 and 0 < years.level < 1):
            raise ValueError("the numbers of years are not sound")
    return TargetModel(
        target=target,
        classes=classes,
        term_ids=term_ids,
        state=State.from_json(_read_json(group, "state"), f"target {target}"),
        inputs=inputs,
        learner=_read_learner(group["learner"], width, len(classes)),
        calibration=_read_calibration(group, len(classes)),
        novelty=novelty,
        references=dict(zip(names, values, strict=True)) if names else {},
        years=years,
        card=_read_notes(group, "card"),
        provenance=_read_notes(group, "provenance"),
    )


def _read_inputs(group: h5py.Group, features: list[str]) -> Inputs:
    views = _names(_read_json(group, "views"), "views")
    if not views or not set(views) <= set(VIEWS):
        raise ValueError("views that are not known")
    n, v = len(features), len(views)
    shapes: dict[str, tuple[int | None, ...]] = {
        "profile": (n,),
        "mean": (v, n),
        "loadings": (v, n, None),
        "noise": (v,),
    }
    inputs = Inputs(features, views, **_read_arrays(group, Inputs, shapes))
    if not (inputs.noise > 0).all():
        raise ValueError("'noise' holds values that are not positive")
    return inputs


def _read_novelty(group: h5py.Group, n_views: int, width: int) -> Novelty:
    shapes: dict[str, tuple[int | None, ...]] = {
        "profiles": (None, n_views * width),
        "strangers": (None, n_views * width),
        "directions": (n_views, None, width),
        "variances": (n_views, None),
        "level": (n_views,),
        "threshold": (1,),
    }
    novelty = Novelty(**_read_arrays(group, Novelty, shapes))
    if novelty.variances.shape != novelty.directions.shape[:2]:
        raise ValueError("'variances' and 'directions' do not match")
    if not len(novelty.profiles):
        raise ValueError("'profiles' is empty")
    if not (novelty.level > 0).all() or not (novelty.variances >= novelty.level[:, None]).all():
        raise ValueError("'variances' are not above 'level', or that is not positive")
    return novelty


def _read_calibration(group: h5py.Group, n_classes: int) -> Calibration:
    content = _read_json(group, "calibration")
    numbers = ("intercept", "slope", "scale", "threshold", "coverage", "set_threshold", "set_level")
    if set(content) != {field.name for field in fields(Calibration)}:
        raise ValueError("the calibration is not sound")
    sound = (
        all(isinstance(content[name], int | float) for name in numbers)
        and bool(np.isfinite([content[name] for name in numbers]).all())
        and content["slope"] >= 0
        and content["scale"] > 0
        and len(content["frequency"]) in (0, n_classes)
        and bool(np.isfinite(np.asarray(content["frequency"], dtype=float)).all())
        and isinstance(content["precision"], int | float | None)
    )
    if not sound:
        raise ValueError("the calibration is not sound")
    return Calibration(**content)


def _names(content: Any, what: str) -> list[str]:
    if not isinstance(content, list) or not all(isinstance(name, str) for name in content):
        raise ValueError(f"'{what}' is not a list of names")
    return content


def _write_learner(group: h5py.Group, learner: Learner) -> None:
    group.attrs["kind"] = learner.kind
    if isinstance(learner, Forest):
        _write_arrays(group, learner)
        if learner.discriminants is not None:
            # a name of its own: older versions would let the trees test inputs
            group.attrs["kind"] = DISCRIMINANT_FOREST
            _write_arrays(group.create_group("discriminants"), learner.discriminants)
        return
    if isinstance(learner, SubclassNetwork):
        _write_arrays(group, learner)
        learner = learner.network
    _write_network(group, learner)


def _write_network(group: h5py.Group, network: Network) -> None:
    group.create_dataset("weights", data=np.asarray(network.weights, dtype=np.float64))
    for i, member in enumerate(network.members):
        for j, layer in enumerate(member):
            place = group.create_group(f"members/{i}/{j}")
            place.attrs["kind"] = layer.kind
            _write_arrays(place, layer)


def _read_learner(group: h5py.Group, n_inputs: int, n_outputs: int) -> Learner:
    kind = group.attrs.get("kind")
    if kind == Forest.kind:
        return _read_forest(group, n_inputs, n_outputs)
    if kind == DISCRIMINANT_FOREST:
        discriminants = _read_dense(group["discriminants"], n_inputs)
        return _read_forest(group, len(discriminants.bias), n_outputs, discriminants)
    if kind == SubclassNetwork.kind:
        return _read_subclass_network(group, n_inputs, n_outputs)
    if kind != Network.kind:
        raise ValueError("a learner of unknown kind")
    return _read_network(group, n_inputs, n_outputs)


def _read_subclass_network(group: h5py.Group, n_inputs: int, n_outputs: int) -> SubclassNetwork:
    of_class = _read_arrays(group, SubclassNetwork, {"of_class": (None,)})["of_class"]
    # each class in its turn, none left out
    whole = np.array_equal(np.unique(of_class), np.arange(n_outputs))
    if not whole or (np.diff(of_class) < 0).any():
        raise ValueError("subclasses and classes do not match")
    return SubclassNetwork(_read_network(group, n_inputs, len(of_class)), of_class)


def _read_network(group: h5py.Group, n_inputs: int, n_outputs: int) -> Network:
    weights = group["weights"][...]
    if (
        weights.ndim != 1
        or not 0 < len(weights) <= MAXIMUM_MEMBERS
        or not (weights >= 0).all()
        or not abs(weights.sum() - 1) < WEIGHTS_OFF
    ):
        raise ValueError("the ensemble's weights are not sound")
    members = []
    for i in range(len(weights)):
        place = group[f"members/{i}"]
        member: list[Layer] = []
        width = n_inputs
        for j in range(len(place)):
            layer = _read_layer(place[str(j)], width)
            width = layer.kernel.shape[1] if isinstance(layer, Dense) else width
            member.append(layer)
        if member and isinstance(member[0], ReLU):
            raise ValueError("a member starts with a relu")
        if not member or not isinstance(member[-1], Dense) or width != n_outputs:
            raise ValueError("a member does not end in one output a class")
        members.append(member)
    return Network(members, weights)


def _read_layer(group: h5py.Group, width: int) -> Layer:
    kind = str(group.attrs.get("kind"))
    if kind not in LAYERS:
        raise ValueError(f"a layer of unknown kind '{kind[:30]}'")
    if kind == "dense":
        return _read_dense(group, width)
    layer = LAYERS[kind]
    shapes: dict[str, tuple[int | None, ...]] = dict.fromkeys(layer.arrays, (width,))
    if "epsilon" in shapes:
        shapes["epsilon"] = (1,)
    made = layer(**_read_arrays(group, layer, shapes))
    if isinstance(made, BatchNorm) and not (made.variance + made.epsilon > 0).all():
        raise ValueError("'variance' holds values that are not positive")
    return made


def _read_dense(group: h5py.Group, width: int) -> Dense:
    n_out = group["bias"].shape[0] if group["bias"].ndim == 1 else -1
    return Dense(**_read_arrays(group, Dense, {"kernel": (width, n_out), "bias": (n_out,)}))


def _read_forest(
    group: h5py.Group, n_scores: int, n_outputs: int, discriminants: Dense | None = None
) -> Forest:
    nodes = group["feature"].shape[0]
    shapes: dict[str, tuple[int | None, ...]] = {
        "roots": (None,),
        "feature": (nodes,),
        "threshold": (nodes,),
        "left": (nodes,),
        "right": (nodes,),
        "value": (nodes, n_outputs),
    }
    forest = Forest(**_read_arrays(group, Forest, shapes), discriminants=discriminants)
    inner = forest.feature != LEAF
    index = np.arange(nodes)
    # children lie behind their parent, so that no walk through the tree can go round in a circle
    sound = (
        len(forest.roots) > 0
        and ((forest.roots >= 0) & (forest.roots < nodes)).all()
        and ((forest.feature >= LEAF) & (forest.feature < n_scores)).all()
        and all(
            ((child[inner] > index[inner]) & (child[inner] < nodes)).all()
            for child in (forest.left, forest.right)
        )
    )
    if not sound:
        raise ValueError("the trees are not sound")
    return forest
