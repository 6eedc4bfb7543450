"""How sure a learner may be of a sample with gaps.

What `Inputs` fills a gap with is an expectation. The learner's lead of the best class over the next
is then an expectation, too, and can be larger than its own spread over what might have been
measured. So logits shrink as they do where the parameters of a model are uncertain (MacKay 1992,
Neural Comput 4(5), equation 12, with the spread of the lead in the place of its variance).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np

from .inputs import by_pattern
from .network import Network, SubclassNetwork, blocks

if TYPE_CHECKING:
    from .inputs import Inputs

# Ways in which each gap is filled, the same for all samples.
N_DRAWS = 16
BLOCK_ROWS = 2048
SMALLEST_LEAD = 1e-9


class HasLogits(Protocol):
    """Anything that turns prepared inputs into logits."""

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Return ``(n_samples, n_classes)``."""


def cautious_logits(
    learner: HasLogits, inputs: Inputs, x: np.ndarray, unreported: np.ndarray
) -> np.ndarray:
    """Return logits, shrunk where what was filled might have been otherwise.

    Parameters
    ----------
    learner : Network, Forest or alike
        Prepared inputs to logits.
    inputs : Inputs
        The preparation, with its factor model.
    x : numpy.ndarray
        ``(n_samples, n_inputs)``, prepared inputs.
    unreported : numpy.ndarray
        ``(n_samples, n_features)`` of bool; see `Inputs.unreported`.

    Returns
    -------
    numpy.ndarray
        ``(n_samples, n_classes)``, float64. The order of classes is the learner's.
    """
    logits = learner.logits(x).astype(np.float64)
    if logits.shape[1] < 2:
        return logits
    # where one class only can be, as a fold without the others taught, no gap makes it less sure
    several = np.isfinite(logits).sum(axis=1) > 1
    for at, shifts in _with_gaps(inputs, unreported & several[:, None]):
        lead, doubt = _lead_and_doubt(learner, x[at], logits[at], shifts)
        lead = np.maximum(lead, SMALLEST_LEAD)
        logits[at] *= (lead / np.hypot(lead, doubt))[:, None]
    return logits


def spread_of_gaps(
    output: Callable[[np.ndarray], np.ndarray],
    inputs: Inputs,
    x: np.ndarray,
    unreported: np.ndarray,
) -> np.ndarray:
    """Return the standard deviation of an output over what the gaps may have been.

    Parameters
    ----------
    output : callable
        Prepared inputs ``(n_samples, n_inputs)`` to ``(n_samples,)``.
    inputs, x, unreported
        As in `cautious_logits`.

    Returns
    -------
    numpy.ndarray
        ``(n_samples,)``; 0 where all is reported.
    """
    result = np.zeros(len(x))
    for at, shifts in _with_gaps(inputs, unreported):
        here = x[at]
        result[at] = _spread(_shifted(output, here), len(here), shifts)
    return result


def _with_gaps(inputs: Inputs, unreported: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield samples that lack the same features, and what `draws` gives for them."""
    gaps = np.flatnonzero(unreported.any(axis=1))
    for rows, there in by_pattern(unreported[gaps]):
        shifts = draws(inputs, there)
        for part in blocks(len(rows), BLOCK_ROWS):
            yield gaps[rows[part]], shifts


def _lead_and_doubt(
    learner: HasLogits, x: np.ndarray, logits: np.ndarray, shifts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the lead of the best class, and its spread over draws, each ``(n_samples,)``."""
    every = np.arange(len(x))
    second, best = np.argsort(logits, axis=1)[:, -2:].T
    shifted = _around(learner, x)

    def lead(shift: np.ndarray) -> np.ndarray:
        drawn = shifted(shift)
        ahead: np.ndarray = drawn[every, best] - drawn[every, second]
        return ahead

    return logits[every, best] - logits[every, second], _spread(lead, len(x), shifts)


def _around(learner: HasLogits, x: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from a shift of all samples to their logits."""
    if isinstance(learner, Network | SubclassNetwork):
        return learner.around(x)
    return _shifted(learner.logits, x)


def _shifted(
    output: Callable[[np.ndarray], np.ndarray], x: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """Return an output of inputs as a function of their shift."""
    return lambda shift: output(x + shift)


def _spread(
    output: Callable[[np.ndarray], np.ndarray], n_samples: int, shifts: np.ndarray
) -> np.ndarray:
    """Return the spread over draws, ``(n_samples,)``, of an output that depends on a shift.

    The views are of the same measurement, so that their spreads add up.
    """
    n_views, n_draws, width = shifts.shape
    total = np.zeros(n_samples)
    for i, view in enumerate(shifts):
        drawn = np.empty((n_draws, n_samples))
        for j, shift in enumerate(view):
            whole = np.zeros(n_views * width, dtype=shifts.dtype)
            whole[i * width : (i + 1) * width] = shift
            drawn[j] = output(whole)
        total += drawn.std(axis=0)
    return total


def draws(inputs: Inputs, there: np.ndarray) -> np.ndarray:
    """Draw how far what was filled may be from what would have been measured.

    Parameters
    ----------
    inputs : Inputs
        The factor model, fitted on training samples.
    there : numpy.ndarray
        ``(n_features,)`` of bool: what is reported.

    Returns
    -------
    numpy.ndarray
        ``(n_views, N_DRAWS, n_features)``, float32; 0 where reported. The same for every call.
    """
    generator = np.random.default_rng(0)
    n_views, n_features, n_factors = inputs.loadings.shape
    result = np.zeros((n_views, N_DRAWS, n_features), dtype=np.float32)
    factors = generator.standard_normal((N_DRAWS, n_factors))
    own = generator.standard_normal((N_DRAWS, n_features))
    for i in range(n_views):
        loadings, noise = inputs.loadings[i].astype(np.float64), float(inputs.noise[i])
        known = loadings[there]
        root = np.linalg.cholesky(known.T @ known + noise * np.eye(n_factors))
        # factors given what is reported scatter by noise * inverse(root @ root.T)
        spread = np.linalg.solve(root.T, factors.T).T @ loadings[~there].T
        result[i][:, ~there] = np.sqrt(noise) * (spread + own[:, ~there])
    return result
