"""What both DeepLIFT engines share: the question, the answer, and the choice of engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..errors import UsageError
from ..model.network import Network, SubclassNetwork

Rule = Literal["rescale", "revealcancel"]
RULES: tuple[Rule, ...] = ("rescale", "revealcancel")
ENGINES = ("native", "deeplift")

# "predicted", "all", one class, or one class a sample
Outputs = str | int | np.ndarray
# What DeepLIFT explains.
Explained = Network | SubclassNetwork


@dataclass
class Block:
    """Contributions of some samples, one after another in the input.

    Attributes
    ----------
    rows : slice
        Which samples.
    outputs : numpy.ndarray
        ``(n, n_outputs)``, int, the classes explained, by sample.
    values : numpy.ndarray
        ``(n, n_outputs, n_inputs)``, contributions in logits. The memory is used again for a later
        block: copy what shall outlive the iteration.
    logits : numpy.ndarray
        ``(n, n_classes)``, logits less their mean over the classes.
    delta : numpy.ndarray
        ``(n, n_outputs)``, the sum of the contributions less the difference of logits: zero but for
        rounding when nothing was lost (completeness; Shrikumar 2017, section 3.1).
    """

    rows: slice
    outputs: np.ndarray
    values: np.ndarray
    logits: np.ndarray
    delta: np.ndarray


@dataclass
class Contributions:
    """All blocks together: the attributes of `Block` for all samples."""

    outputs: np.ndarray
    values: np.ndarray
    logits: np.ndarray
    delta: np.ndarray

    def relative_delta(self) -> float:
        """Return the largest |delta| over the largest contribution."""
        return float(np.abs(self.delta).max() / max(np.abs(self.values).max(), 1e-30))


Stream = Callable[..., Iterator[Block]]


def of_classes(stream: Stream) -> Stream:
    """Return a stream that explains subclass networks, too.

    A class is explained by the subclass that gives it its logit, as a maximum passes contributions
    to what is largest: they sum to the difference of *that* logit from the reference.
    """

    def streamed(
        network: Explained, x: np.ndarray, references: np.ndarray, *, outputs: Outputs, **more: Any
    ) -> Iterator[Block]:
        if isinstance(network, Network):
            yield from stream(network, x, references, outputs=outputs, **more)
            return
        within = network.network
        logits = within.logits(x)
        best = network.best_subclasses(logits)
        every = isinstance(outputs, str) and outputs == "all"
        asked: Outputs = outputs
        if not every:
            chosen = chosen_outputs(outputs, slice(0, len(x)), network.of_classes(logits))
            asked = np.take_along_axis(best, chosen, axis=1)[:, 0]
        for block in stream(within, x, references, outputs=asked, **more):
            values, delta = block.values, block.delta
            if every:
                own = best[block.rows]
                values = np.take_along_axis(values, own[:, :, None], axis=1)
                delta = np.take_along_axis(delta, own, axis=1)
                shown = np.broadcast_to(np.arange(network.n_outputs), own.shape)
            else:
                shown = network.of_class[block.outputs]
            yield Block(block.rows, shown, values, network.of_classes(block.logits), delta)

    return streamed


def stream_of(engine: str) -> Stream:
    """Return the function ``stream(network, x, references, *, rule, outputs, threads)``.

    It takes networks and subclass networks.

    Raises
    ------
    UsageError
        There is no such engine, or what it needs is not installed.
    """
    if engine == "native":
        from . import native

        return of_classes(native.stream)
    if engine == "deeplift":
        from . import package

        package.check_installed()
        return of_classes(package.stream)
    raise UsageError(f"engine '{engine}' is unknown: use one of {', '.join(ENGINES)}")


def contributions(
    network: Explained,
    x: np.ndarray,
    reference: np.ndarray,
    *,
    rule: Rule = "rescale",
    outputs: Outputs = "predicted",
    engine: str = "native",
    threads: int = 1,
) -> Contributions:
    """Explain samples and keep everything in memory.

    Parameters
    ----------
    network : Network or SubclassNetwork
        The ensemble; its contributions are the weighted mean of its members'.
    x : numpy.ndarray
        ``(n_samples, n_inputs)``, prepared inputs.
    reference : numpy.ndarray
        ``(n_inputs,)``, or ``(n_references, n_inputs)``: contributions are then averaged over the
        references.
    rule : {"rescale", "revealcancel"}
        Shrikumar 2017, sections 3.5.2 and 3.5.3.
    outputs : {"predicted", "all"}, int or numpy.ndarray
        Which classes: of each sample the most probable, all, one, or ``(n_samples,)`` of int.
    engine : {"native", "deeplift"}
        Who computes.
    threads : int
        Processors to use.

    Returns
    -------
    Contributions
        ``values`` is ``(n_samples, n_outputs, n_inputs)``; `n_outputs` is 1 unless all were asked.
    """
    n_outputs = network.n_outputs if isinstance(outputs, str) and outputs == "all" else 1
    values: np.ndarray | None = None
    chosen = np.empty((len(x), n_outputs), dtype=np.int64)
    logits = np.empty((len(x), network.n_outputs))
    delta = np.empty((len(x), n_outputs))
    stream = stream_of(engine)
    for block in stream(network, x, reference, rule=rule, outputs=outputs, threads=threads):
        if values is None:
            values = np.empty((len(x), n_outputs, x.shape[1]), dtype=block.values.dtype)
        values[block.rows] = block.values
        chosen[block.rows] = block.outputs
        logits[block.rows] = block.logits
        delta[block.rows] = block.delta
    if values is None:
        values = np.empty((0, n_outputs, x.shape[1]), dtype=np.float32)
    return Contributions(outputs=chosen, values=values, logits=logits, delta=delta)


def as_references(reference: np.ndarray, n_inputs: int) -> np.ndarray:
    """Return references as ``(n_references, n_inputs)``.

    Raises
    ------
    ValueError
        There is none, its width is not the network's, or it is not finite.
    """
    references = np.atleast_2d(np.asarray(reference))
    if references.ndim != 2 or references.shape[1] != n_inputs or len(references) == 0:
        raise ValueError(f"references have shape {references.shape}; expected (n, {n_inputs})")
    if not np.isfinite(references).all():
        raise ValueError("a reference holds values that are not finite")
    return references


def chosen_outputs(outputs: Outputs, rows: slice, logits: np.ndarray) -> np.ndarray:
    """Return which classes to explain, ``(n, n_outputs)``, for samples with these logits.

    Parameters
    ----------
    outputs : {"predicted", "all"}, int or numpy.ndarray
        As in `contributions`.
    rows : slice
        Which samples.
    logits : numpy.ndarray
        ``(n, n_classes)``.

    Raises
    ------
    ValueError
        The word is unknown or a class does not exist.
    """
    n_samples, n_classes = logits.shape
    if isinstance(outputs, str):
        if outputs == "predicted":
            best: np.ndarray = logits.argmax(axis=1)
            return best[:, None]
        if outputs == "all":
            return np.broadcast_to(np.arange(n_classes), (n_samples, n_classes))
        raise ValueError(f"outputs '{outputs}' is neither 'predicted' nor 'all'")
    if isinstance(outputs, np.ndarray):
        chosen = outputs[rows].astype(np.int64)[:, None]
    else:
        chosen = np.full((n_samples, 1), outputs, dtype=np.int64)
    if chosen.size and not (chosen.min() >= 0 and chosen.max() < n_classes):
        raise ValueError(f"there are {n_classes} classes; asked for {chosen.min()}-{chosen.max()}")
    return chosen
