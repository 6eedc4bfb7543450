"""Where the checkout is, and the PATH that finds its commands."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def command_path() -> str:
    """Return a PATH that finds the suite's commands and this Python first."""
    folders = [str(ROOT / "bin"), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return os.pathsep.join(folders)
