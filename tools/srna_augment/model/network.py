"""A trained network as plain arrays: what `train-dl` writes and what NumPy predicts with.

A network is an ensemble of *members*. Each member is a sequence of layers that ends in a dense
layer of one output a class; the logits of the network are the weighted mean of its members'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

BLOCK_ROWS = 4096


@dataclass
class Dense:
    """``x @ kernel + bias`` with `kernel` ``(n_in, n_out)`` and `bias` ``(n_out,)``, float32."""

    kernel: np.ndarray
    bias: np.ndarray
    kind: ClassVar[str] = "dense"
    arrays: ClassVar[tuple[str, ...]] = ("kernel", "bias")

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Apply the layer to ``(n_samples, n_in)``."""
        sums: np.ndarray = x @ self.kernel + self.bias
        return sums


@dataclass
class BatchNorm:
    """Batch normalisation at inference: four arrays ``(n,)`` and epsilon ``(1,)``.

    Source: Ioffe and Szegedy 2015, algorithm 2.
    """

    gamma: np.ndarray
    beta: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    epsilon: np.ndarray
    kind: ClassVar[str] = "batchnorm"
    arrays: ClassVar[tuple[str, ...]] = ("gamma", "beta", "mean", "variance", "epsilon")

    def scale_shift(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the layer as ``x * scale + shift``."""
        scale = self.gamma / np.sqrt(self.variance + self.epsilon[0])
        return scale, self.beta - self.mean * scale

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Apply the layer to ``(n_samples, n)``."""
        scale, shift = self.scale_shift()
        scaled: np.ndarray = x * scale + shift
        return scaled


@dataclass
class ReLU:
    """``max(x, 0)``."""

    kind: ClassVar[str] = "relu"
    arrays: ClassVar[tuple[str, ...]] = ()

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Apply the layer."""
        positive: np.ndarray = np.maximum(x, 0)
        return positive


Layer = Dense | BatchNorm | ReLU
LAYERS: dict[str, type[Dense] | type[BatchNorm] | type[ReLU]] = {
    layer.kind: layer for layer in (Dense, BatchNorm, ReLU)
}


@dataclass
class Network:
    """An ensemble of sequential members.

    Attributes
    ----------
    members : list of list of Layer
        Each ends in a `Dense` layer with one output a class.
    weights : numpy.ndarray
        ``(n_members,)``, summing to 1.
    """

    members: list[list[Layer]]
    weights: np.ndarray
    kind: ClassVar[str] = "network"

    @property
    def n_inputs(self) -> int:
        """Number of input features."""
        return next(_first_width(member) for member in self.members)

    @property
    def n_outputs(self) -> int:
        """Number of classes."""
        last = self.members[0][-1]
        assert isinstance(last, Dense)
        return len(last.bias)

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Return logits ``(n_samples, n_classes)`` for inputs ``(n_samples, n_inputs)``.

        Memory beyond the result is bounded by a block of samples.
        """
        total = np.zeros((len(x), self.n_outputs), dtype=np.float32)
        for rows in blocks(len(x)):
            for weight, member in zip(self.weights, self.members, strict=True):
                hidden = x[rows]
                for layer in member:
                    hidden = layer(hidden)
                total[rows] += np.float32(weight) * hidden
        return total

    def around(self, x: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Return a function from shifts to the logits ``(n_samples, n_classes)`` of shifted inputs.

        A shift ``(n_inputs,)`` is one for all samples. First layers are affine and see by far the
        most inputs: what they make of the samples is computed once.
        """
        zero = np.zeros((1, x.shape[1]), dtype=x.dtype)
        firsts = [member[0](x) - member[0](zero) for member in self.members]

        def logits(shift: np.ndarray) -> np.ndarray:
            total = np.zeros((len(x), self.n_outputs), dtype=np.float32)
            for weight, member, first in zip(self.weights, self.members, firsts, strict=True):
                hidden = first + member[0](shift[None])
                for layer in member[1:]:
                    hidden = layer(hidden)
                total += np.float32(weight) * hidden
            return total

        return logits

    def with_outputs(self, order: np.ndarray) -> Network:
        """Return the same network with its outputs in another order, ``(n_classes,)`` of int."""
        members = []
        for *layers, last in self.members:
            assert isinstance(last, Dense)
            members.append([*layers, Dense(last.kernel[:, order], last.bias[order])])
        return Network(members, self.weights)

    def hidden_members(self) -> list[Network]:
        """Return each member that has hidden layers as a network of its own."""
        return [
            Network([member], np.ones(1))
            for member in self.members
            if any(isinstance(layer, ReLU) for layer in member)
        ]


@dataclass
class SubclassNetwork:
    """A network that tells what classes consist of: a class has the logit of its best subclass.

    Attributes
    ----------
    network : Network
        One output a subclass.
    of_class : numpy.ndarray
        ``(n_subclasses,)`` of int, in order: the class that each lies in; every class has one or
        more.
    """

    network: Network
    of_class: np.ndarray
    kind: ClassVar[str] = "subclass network"
    arrays: ClassVar[tuple[str, ...]] = ("of_class",)

    @property
    def n_outputs(self) -> int:
        """Number of classes."""
        return int(self.of_class[-1]) + 1

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Return logits ``(n_samples, n_classes)`` for inputs ``(n_samples, n_inputs)``."""
        return self.of_classes(self.network.logits(x))

    def around(self, x: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Return a function from shifts to logits; see `Network.around`."""
        own = self.network.around(x)
        return lambda shift: self.of_classes(own(shift))

    def of_classes(self, logits: np.ndarray) -> np.ndarray:
        """Return logits of classes ``(n, n_classes)``, given those of subclasses."""
        best: np.ndarray = np.maximum.reduceat(logits, self._starts(), axis=1)
        return best

    def best_subclasses(self, logits: np.ndarray) -> np.ndarray:
        """Return the subclass that speaks for each class, ``(n, n_classes)`` of int."""
        starts = self._starts()
        ends = [*starts[1:], len(self.of_class)]
        best = [
            start + logits[:, start:end].argmax(axis=1)
            for start, end in zip(starts, ends, strict=True)
        ]
        return np.stack(best, axis=1)

    def hidden_members(self) -> list[SubclassNetwork]:
        """Return each member that has hidden layers as a network of its own."""
        return [replace(self, network=member) for member in self.network.hidden_members()]

    def _starts(self) -> np.ndarray:
        return np.searchsorted(self.of_class, np.arange(self.n_outputs))


def _first_width(member: list[Layer]) -> int:
    first = member[0]
    if isinstance(first, Dense):
        return len(first.kernel)
    if isinstance(first, BatchNorm):
        return len(first.gamma)
    raise ValueError("a member starts with a dense or a batchnorm layer")


def blocks(n: int, size: int = BLOCK_ROWS) -> Iterator[slice]:
    """Cut ``range(n)`` into slices of at most `size`."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the softmax over the last axis, stable for large logits."""
    shares: np.ndarray = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return shares
