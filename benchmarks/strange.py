#!/usr/bin/env python3
"""What a model says of samples that are no tissue, and of those that it was trained on.

    python benchmarks/strange.py EXPRESSION [--model H5] [--seed N]

EXPRESSION is what `make model` normalises (build/model/expression.h5ad), the model by default the
one that ships. A thousand samples, drawn at random, are spoilt: their values shuffled among their
features (each sample in its own way), each feature taken from another of them (as often high as it
is, but with nothing else), drawn at random between nothing and the highest value, and all set to
their mean. Printed is Markdown: the share that is out of distribution, and that gets a call.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from srna_augment.calling import CALLED, NOVEL, predict_columns
from srna_augment.expression import Expression, read_expression
from srna_augment.model.file import load_models
from srna_augment.model.target import TargetModel

SHIPPED = Path(__file__).parents[1] / "models" / "srna-augment.h5"
SPOILT = 1000


def spoilt(values: np.ndarray, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Return samples of the same shape ``(n_samples, n_features)`` that are none, by kind."""
    return {
        "shuffled within a sample": generator.permuted(values, axis=1),
        "each feature of another sample": generator.permuted(values, axis=0),
        "noise": generator.uniform(0, values.max(), values.shape).astype(np.float32),
        "constant": np.repeat(values.mean(axis=1, keepdims=True), values.shape[1], axis=1),
    }


def row(
    what: str,
    models: list[TargetModel],
    values: np.ndarray,
    given: Expression,
    reported: np.ndarray,
) -> str:
    """Return a row of the table: the share out of distribution, then calls of each target."""
    nothing = np.full(len(values), "")
    shares = []
    for model in models:
        if model.state.features != given.features:
            raise SystemExit(f"the model of {model.target} has other features than the table")
        status = predict_columns(model, values, reported, nothing)[f"{model.target}_status"]
        shares.append((status == NOVEL, status == CALLED))
    cells = [shares[0][0].mean(), *(called.mean() for _, called in shares)]
    return f"| {what} | {len(values):,} | {' | '.join(f'{cell:.3f}' for cell in cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("expression", type=Path)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn and spoilt")
    wanted = parser.parse_args()
    given = read_expression(wanted.expression)
    models = [m for m in load_models(wanted.model) if m.target in ("tissue", "tissue_group")]
    reported = np.ones(given.values.shape, bool) if given.reported is None else given.reported
    titles = ["what", "samples", "out of distribution", *(f"{m.target} called" for m in models)]
    print(f"| {' | '.join(titles)} |\n{'|---' * len(titles)}|", flush=True)
    generator = np.random.default_rng(wanted.seed)
    some = np.sort(generator.permutation(len(given.samples))[:SPOILT])
    for what, values in spoilt(given.values[some], generator).items():
        print(row(what, models, values, given, reported[some]), flush=True)
    material, dataset = (given.obs[name].astype(str).to_numpy() for name in ("material", "dataset"))
    for kind in sorted(set(material)):
        for name in sorted(set(dataset[material == kind])):
            here = (material == kind) & (dataset == name)
            print(row(f"{kind}, {name}", models, given.values[here], given, reported[here]))


if __name__ == "__main__":
    main()
