#!/usr/bin/env python3
"""What cross-validation of a network and a forest takes, beside what a user would write.

    benchmarks/training.py [--samples N] [--features N] [--folds N] [--only LEARNER]

Made-up tables of the size that is asked for: log-normal counts of thirty tissues. Measured in one
run on one core, in processor seconds: `train-dl` with all folds of one target, and one fold of
scikit-learn's MLPClassifier and of Keras's plain `fit`, for the same number of networks, hidden
units and epochs, times the folds; `train-rf` with its default settings, and one fold of
scikit-learn's random forest of 1,000 trees, times the folds. For the forests accuracy is printed
beside it.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ[name] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np  # noqa: E402 - after the number of threads
import pandas as pd  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
MEMBERS, HIDDEN, EPOCHS, BATCH = 3, 256, 25, 128
N_CLASSES, TREES = 30, 1000


def table(n_samples: int, n_features: int, folder: Path) -> tuple[Path, np.ndarray]:
    """Write normalised expression; return its path and the classes ``(n_samples,)``."""
    import anndata

    generator = np.random.default_rng(0)
    classes = generator.integers(0, N_CLASSES, n_samples)
    profile = generator.normal(4, 2, (N_CLASSES, n_features))
    counts = np.exp(profile[classes] + generator.normal(0, 1, (n_samples, n_features))).round()
    names = [f"hsa-miR-{9000 + i}" for i in range(n_features)]
    obs = pd.DataFrame(
        {
            "tissue": [f"tissue {k}" for k in classes],
            "study": [f"s{i % 40}" for i in range(n_samples)],
        },
        index=[f"x{i}" for i in range(n_samples)],
    )
    raw, expression = folder / "raw.h5ad", folder / "expression.h5ad"
    anndata.AnnData(counts.astype(np.float32), obs, pd.DataFrame(index=names)).write_h5ad(raw)
    subprocess.run(
        [sys.executable, ROOT / "bin/normalise", raw, "--level", "mature", "-o", expression],
        check=True,
    )
    return expression, classes


def of_children() -> float:
    """Return processor seconds of finished child processes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ours(
    command: str, expression: Path, folds: int, predictions: Path, *options: str
) -> tuple[float, float]:
    """Return processor and clock seconds of `train-dl` or `train-rf`."""
    before, start = of_children(), time.perf_counter()
    subprocess.run(
        [
            sys.executable, ROOT / "bin" / command, expression, "--target", "tissue", "--scheme",
            "random", "--folds", str(folds), *options, "--threads", "1", "--predictions",
            predictions,
        ],
        check=True,
    )  # fmt: skip
    return of_children() - before, time.perf_counter() - start


def mlp(x: np.ndarray, y: np.ndarray) -> float:
    """Return processor seconds of scikit-learn's network, one fold."""
    import warnings

    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")
    start = time.process_time()
    for seed in range(MEMBERS):
        MLPClassifier((HIDDEN,), batch_size=BATCH, max_iter=EPOCHS, random_state=seed).fit(x, y)
    return time.process_time() - start


def keras_fit(x: np.ndarray, y: np.ndarray) -> float:
    """Return processor seconds of Keras's plain fit, one fold, graph tracing included."""
    import keras

    start = time.process_time()
    for seed in range(MEMBERS):
        keras.utils.set_random_seed(seed)
        layers = keras.layers
        model = keras.Sequential(
            [
                keras.Input((x.shape[1],)),
                layers.Dense(HIDDEN),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.Dropout(0.5),
                layers.Dense(N_CLASSES),
            ]
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.AdamW(), loss)
        model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return time.process_time() - start


def forest(x: np.ndarray, y: np.ndarray, train: np.ndarray) -> tuple[float, float]:
    """Return processor seconds of scikit-learn's forest, one fold, and its accuracy there."""
    from sklearn.ensemble import RandomForestClassifier

    start = time.process_time()
    fitted = RandomForestClassifier(TREES, random_state=0).fit(x[train], y[train])
    used = time.process_time() - start
    return used, float(np.mean(fitted.predict(x[~train]) == y[~train]))


def networks(expression: Path, values: np.ndarray, y: np.ndarray, folds: int) -> list[list[str]]:
    """Return rows of minutes of one target, and of times ours."""
    sizes = ("--members", str(MEMBERS), "--hidden", str(HIDDEN), "--epochs", str(EPOCHS))
    used, clock = ours("train-dl", expression, folds, expression.with_name("dl.tsv"), *sizes)
    train = np.arange(len(y)) % folds != 0
    x = (values[train] - values[train].mean(axis=0)) / np.maximum(values[train].std(axis=0), 1e-6)
    rows = [["train-dl, on the clock", f"{clock / 60:.2f}", ""], _row("train-dl", used, used)]
    rows.append(_row("MLPClassifier", mlp(x, y[train]) * folds, used))
    rows.append(_row("Keras fit", keras_fit(x, y[train]) * folds, used))
    return rows


def forests(expression: Path, values: np.ndarray, y: np.ndarray, folds: int) -> list[list[str]]:
    """Return the same of forests, with accuracy."""
    predictions = expression.with_name("rf.tsv")
    used, _ = ours("train-rf", expression, folds, predictions)
    table = pd.read_csv(predictions, sep="\t")
    right = float((table["truth"] == table["predicted"]).mean())
    seconds, theirs = forest(values, y, np.arange(len(y)) % folds != 0)
    return [
        _row(f"train-rf, right in {right:.3f}", used, used),
        _row(f"scikit-learn's forest, right in {theirs:.3f}", seconds * folds, used),
    ]


def _row(learner: str, seconds: float, used: float) -> list[str]:
    return [learner, f"{seconds / 60:.2f}", f"{seconds / used:.1f}"]


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=4243)
    parser.add_argument("--features", type=int, default=2500)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--only", choices=("network", "forest"))
    wanted = parser.parse_args()
    import anndata

    with tempfile.TemporaryDirectory() as name:
        expression, y = table(wanted.samples, wanted.features, Path(name))
        values = np.asarray(anndata.read_h5ad(expression).X)
        rows = [["learner", "processor minutes of one target, one core", "times ours"]]
        if wanted.only != "forest":
            rows += networks(expression, values, y, wanted.folds)
        if wanted.only != "network":
            rows += forests(expression, values, y, wanted.folds)
    print("\n".join("\t".join(row) for row in rows))


if __name__ == "__main__":
    main()
