"""Where the checkout is, the PATH that finds its commands, and its scripts as modules."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent


def command_path() -> str:
    """Return a PATH that finds the suite's commands and this Python first."""
    folders = [str(ROOT / "bin"), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return os.pathsep.join(folders)


def load_script(place: str) -> ModuleType:
    """Return a script of the checkout, such as ``scripts/draw_demo.py``, as a module."""
    path = ROOT / place
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # dataclasses look their module up by name
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
