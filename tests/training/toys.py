"""Toy tables of log2 RPM."""

import numpy as np
import pandas as pd

from srna_augment.expression import Expression
from srna_augment.normalisation import State


def toy_expression(values: np.ndarray, **labels: object) -> Expression:
    """Return samples s000, s001, ... of features mir-0, mir-1, ... with a column for each label."""
    n_samples, n_features = values.shape
    samples = [f"s{i:03d}" for i in range(n_samples)]
    features = [f"mir-{i}" for i in range(n_features)]
    state = State("log2rpm", "stem", features, [0.0] * n_features, None, "log2 RPM", n_samples)
    return Expression(
        values.astype("f4"),
        samples,
        features,
        pd.DataFrame(labels, index=samples),
        pd.DataFrame(index=features),
        state.to_json(),
    )
