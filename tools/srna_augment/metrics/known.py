"""Which classes training knew: a tissue of one study is new when that study is left out."""

import numpy as np

from .predictions import ClassPredictions


def known_classes(predictions: ClassPredictions) -> tuple[np.ndarray, str]:
    """Tell which classes the models behind these predictions had seen.

    A class is known to a fold when samples of *other* folds have it in their truth; as a class is
    in every fold that asks for it, that means two folds or more. With one fold (training on other
    data sets) the classes that get a probability are the known ones.

    Parameters
    ----------
    predictions : ClassPredictions
        Out-of-fold predictions.

    Returns
    -------
    known : numpy.ndarray
        ``(n_classes,)`` of bool.
    rule : str
        ``other folds`` or ``probabilities``: where it was read from.
    """
    n_classes = len(predictions.classes)
    folds, fold = np.unique(predictions.folds.astype(str), return_inverse=True)
    if len(folds) > 1:
        present = np.zeros((n_classes, len(folds)), dtype=bool)
        present[predictions.truth, fold] = True
        return present.sum(axis=1) > 1, "other folds"
    if predictions.probabilities is not None:
        likely = np.count_nonzero(predictions.probabilities > 0, axis=0)
        return likely > 0, "probabilities"
    predicted = np.bincount(predictions.predicted, minlength=n_classes) > 0
    return predicted, "probabilities"
