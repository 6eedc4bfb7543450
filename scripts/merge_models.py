#!/usr/bin/env python3
"""Put the models of several targets into one file.

Usage: scripts/merge_models.py MODEL.h5... OUTPUT.h5
"""

from __future__ import annotations

import sys

from srna_augment import __version__
from srna_augment.model.file import load_models, save_models


def main(paths: list[str], output: str) -> None:
    """Read all models, write them to one file."""
    models = [model for path in paths for model in load_models(path)]
    targets = [model.target for model in models]
    twice = {target for target in targets if targets.count(target) > 1}
    if twice:
        sys.exit(f"two models predict {', '.join(sorted(twice))}: give one a target")
    save_models(models, output, version=__version__)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1:-1], sys.argv[-1])
