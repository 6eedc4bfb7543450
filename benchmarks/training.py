#!/usr/bin/env python3
"""What a network's cross-validation takes, beside what a user would write.

    benchmarks/training.py [--samples N] [--features N] [--folds N] [--targets N]

Made-up tables of the size that is asked for: log-normal counts of thirty tissues. Measured in one
run on one core, in processor seconds: `train-dl` with all folds of one target, and one fold of
scikit-learn's MLPClassifier and of Keras's plain `fit`, for the same number of networks, hidden
units and epochs, times the folds.
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
N_CLASSES = 30


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


def ours(expression: Path, folds: int, folder: Path) -> tuple[float, float]:
    """Return processor and clock seconds of `train-dl`."""
    before, start = of_children(), time.perf_counter()
    subprocess.run(
        [
            sys.executable, ROOT / "bin/train-dl", expression, "--target", "tissue", "--scheme",
            "random", "--folds", str(folds), "--members", str(MEMBERS), "--hidden", str(HIDDEN),
            "--epochs", str(EPOCHS), "--threads", "1", "--predictions", folder / "p.tsv",
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


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=4243)
    parser.add_argument("--features", type=int, default=2500)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--targets", type=int, default=4)
    wanted = parser.parse_args()
    import anndata

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        expression, y = table(wanted.samples, wanted.features, folder)
        used, clock = ours(expression, wanted.folds, folder)
        train = np.arange(len(y)) % wanted.folds != 0
        values = np.asarray(anndata.read_h5ad(expression).X)[train]
        x = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-6)
        others = {"MLPClassifier": mlp(x, y[train]), "Keras fit": keras_fit(x, y[train])}
    print("learner\tcores\tminutes of all folds and targets\ttimes ours")
    print(f"train-dl, on the clock\t1\t{clock * wanted.targets / 60:.1f}\t")
    print(f"train-dl\t1\t{used * wanted.targets / 60:.1f}\t1.0")
    for learner, seconds in others.items():
        whole = seconds * wanted.folds
        print(f"{learner}\t1\t{whole * wanted.targets / 60:.1f}\t{whole / used:.1f}")


if __name__ == "__main__":
    main()
