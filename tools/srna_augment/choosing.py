"""Which models `augment` uses: those that were named, or what comes with the suite."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import UsageError
from .files import sha256
from .model.file import load_models
from .targets import TARGETS

if TYPE_CHECKING:
    from .model.target import TargetModel


def shipped_models() -> list[Path]:
    """Return the model files that come with the suite.

    Raises
    ------
    UsageError
        This installation has none.
    """
    package = Path(str(files(__package__)))
    for folder in (package / "models", package.parent.parent / "models"):
        found = sorted(folder.glob("*.h5"))
        if found:
            return found
    raise UsageError("this installation has no model of its own: name one with --model")


def choose_models(paths: list[Path], wanted: list[str]) -> list[TargetModel]:
    """Load models, one a target, in the order of the targets.

    Parameters
    ----------
    paths : list of pathlib.Path
        Model files, each with one or more targets.
    wanted : list of str
        Targets to keep; empty: all.

    Raises
    ------
    UsageError
        Two files hold the same target, or none a wanted one.
    """
    chosen: dict[str, tuple[TargetModel, Path]] = {}
    for path in paths:
        digest = sha256(path)
        for model in load_models(path):
            if model.target in chosen:
                raise UsageError(
                    f"--model: both {chosen[model.target][1]} and {path} predict {model.target}: "
                    f"name one of them"
                )
            model.card["model_file"], model.card["model_sha256"] = path.name, digest
            chosen[model.target] = (model, path)
    missing = [target for target in wanted if target not in chosen]
    if missing:
        raise UsageError(
            f"--target {missing[0]}: the models predict {', '.join(chosen)}: name a model of it"
        )
    order = [t for t in TARGETS if t in chosen] + sorted(set(chosen) - {*TARGETS})
    return [chosen[target][0] for target in order if not wanted or target in wanted]
