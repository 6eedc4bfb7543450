"""DeepLIFT in NumPy: both rules, any ensemble of dense, batch-normalisation and ReLU layers.

Notation of Shrikumar, Greenside and Kundaje 2017 (arXiv 1704.02685). A difference from the
reference is split at each unit into a positive and a negative part. Three observations make it
fast:

- All elementwise layers fold into a neighbouring dense one, under both rules, so that a member is
  a chain of *stages* (dense layers without an activation between them) with ReLUs between.
- With ``W+ = (W + |W|) / 2`` and ``W- = (W - |W|) / 2``, the linear rule (section 3.5.1) needs two
  matrix products in each direction, not six: forward ``d W`` and ``|d| |W|``, backward
  ``h W' + sign(d) (g |W|')``, with `h` half the sum and `g` half the difference of the positive
  and the negative multiplier. ``sign(0) = 0`` is the paper's rule for inputs without a difference
  (the mean of both multipliers). Under Rescale `g` is zero.
- Multipliers of all classes, and of all members of an ensemble, meet the first layer in one
  product, and each result is multiplied with its difference and summed while in the cache.

The property conserved, and returned as `delta` for each sample and class: contributions sum to the
difference between the logits of the sample and those of the reference.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import DataError
from ..model.network import BatchNorm, Dense, Layer, Network, blocks
from .engine import RULES, Block, Outputs, Rule, as_references, chosen_outputs

# Rows of one matrix product: enough for full speed, few enough for the result to stay in the cache.
PRODUCT_ROWS = 480
# What one block of results may take; a block holds at least PRODUCT_ROWS rows all the same.
BLOCK_BYTES = 2 << 20
# How far the folded network may stray from the network as it is, in float32.
FOLDING_TOLERANCE = 1e-4


@dataclass
class _Stage:
    """Dense layers one after another: ``x @ kernels[0] @ kernels[1] ... + shift``."""

    kernels: list[np.ndarray]
    shift: np.ndarray
    magnitude: np.ndarray | None = None  # |last kernel|, for RevealCancel

    def widen(self, x: np.ndarray) -> np.ndarray:
        """Apply all kernels but the last, and no shift."""
        for kernel in self.kernels[:-1]:
            x = x @ kernel
        return x


@dataclass
class _Member:
    """A member with at least one ReLU.

    Attributes
    ----------
    stages : list of _Stage
        All but the last.
    last : numpy.ndarray
        ``(n_hidden, n_classes)``, the last stage multiplied out, mean-normalised and weighted.
    columns : slice
        Where its first kernel lies in `_Plan.first`.
    """

    stages: list[_Stage]
    last: np.ndarray
    columns: slice


@dataclass
class _Plan:
    """A network made ready for one rule.

    Attributes
    ----------
    first : numpy.ndarray
        ``(n_inputs, n_columns)``, the first kernels of all members with a ReLU side by side.
    magnitude : numpy.ndarray
        ``(n_inputs, n_split)``, absolute values of the columns of `first` that lead directly to a
        ReLU under RevealCancel; these columns come first.
    linear : numpy.ndarray
        ``(n_classes, n_inputs)``, the weighted sum of all members that have no ReLU.
    members : list of _Member
        Members with a ReLU.
    shift : numpy.ndarray
        ``(n_classes,)``, the constant of the ensemble's logits.
    """

    rule: Rule
    first: np.ndarray
    magnitude: np.ndarray
    linear: np.ndarray | None
    members: list[_Member]
    shift: np.ndarray


@dataclass
class _AtReference:
    """A reference, and what each ReLU of each member receives and gives there."""

    inputs: np.ndarray
    before: list[list[np.ndarray]]
    after: list[list[np.ndarray]]
    logits: np.ndarray


@dataclass
class _Workspace:
    """Memory of one thread, kept from block to block."""

    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def get(self, name: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """Return an array with undefined content."""
        size = int(np.prod(shape))
        held = self.arrays.get(name)
        if held is None or held.size < size:
            held = self.arrays[name] = np.empty(size, dtype=dtype)
        return held[:size].reshape(shape)


def stream(
    network: Network,
    x: np.ndarray,
    references: np.ndarray,
    *,
    rule: Rule = "rescale",
    outputs: Outputs = "predicted",
    threads: int = 1,
    dtype: type = np.float32,
) -> Iterator[Block]:
    """Explain samples block by block, in order, in memory that does not grow with them.

    Parameters
    ----------
    network, x, references, rule, outputs, threads
        As in `srna_augment.attribution.engine.contributions`. Each thread explains another block.
    dtype : type
        Precision of the computation; float64 for checks.

    Yields
    ------
    Block
        Its `values` are overwritten when the iteration goes on.

    Raises
    ------
    DataError
        The network has a chain of layers that the rule is not defined for.
    ValueError
        Shapes or words do not fit.
    """
    if rule not in RULES:
        raise ValueError(f"rule '{rule}' is not one of {', '.join(RULES)}")
    if x.ndim != 2 or x.shape[1] != network.n_inputs:
        raise ValueError(f"x has shape {x.shape}; expected (n_samples, {network.n_inputs})")
    plan = _plan(network, rule, np.dtype(dtype))
    at = [
        _at_reference(plan, reference.astype(dtype))
        for reference in as_references(references, network.n_inputs)
    ]
    _check_folding(network, at)
    n_outputs = network.n_outputs if isinstance(outputs, str) and outputs == "all" else 1
    row_bytes = n_outputs * network.n_inputs * np.dtype(dtype).itemsize
    step = max(1, PRODUCT_ROWS // n_outputs)
    size = step * max(1, BLOCK_BYTES // (step * row_bytes))

    def explain(rows: slice, values: np.ndarray, workspace: _Workspace) -> Block:
        parts = [
            _explain(plan, at, x[part], outputs, part, values[part.start - rows.start :], workspace)
            for part in (
                slice(rows.start + inner.start, rows.start + inner.stop)
                for inner in blocks(rows.stop - rows.start, step)
            )
        ]
        chosen, logits, delta = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return Block(rows, chosen, values[: rows.stop - rows.start], logits, delta)

    shape = (min(size, len(x)), n_outputs, network.n_inputs)
    if threads == 1:
        memory: tuple[np.ndarray, _Workspace] = (np.empty(shape, dtype=dtype), _Workspace())
        for rows in blocks(len(x), size):
            yield explain(rows, *memory)
        return
    # One block a thread, each with single-threaded products: these neither wait for one another
    # nor stall when another process holds a processor.
    pool: deque[tuple[np.ndarray, _Workspace]] = deque(
        (np.empty(shape, dtype=dtype), _Workspace()) for _ in range(threads + 1)
    )
    waiting: deque[tuple[Future[Block], tuple[np.ndarray, _Workspace]]] = deque()
    with one_thread_a_product(), ThreadPoolExecutor(threads) as executor:
        for rows in blocks(len(x), size):
            if not pool:
                future, memory = waiting.popleft()
                yield future.result()
                pool.append(memory)
            memory = pool.popleft()
            waiting.append((executor.submit(explain, rows, *memory), memory))
        while waiting:
            yield waiting.popleft()[0].result()


def one_thread_a_product() -> AbstractContextManager[Any]:
    """Let each matrix product use one thread only, as long as the context lasts."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    limits: AbstractContextManager[Any] = threadpool_limits(limits=1, user_api="blas")
    return limits


def _stages(member: list[Layer]) -> list[_Stage]:
    """Fold a member's elementwise layers into its dense ones, in float64 where there are any."""
    stages: list[_Stage] = []
    kernels: list[np.ndarray] = []
    shift: np.ndarray | None = None
    pending: tuple[np.ndarray, np.ndarray] | None = None  # batch normalisation of a stage's input
    for position, layer in enumerate(member):
        if isinstance(layer, Dense):
            kernel, bias = layer.kernel, layer.bias.astype(np.float64)
            if pending is not None:
                bias = bias + pending[1] @ kernel
                kernel = pending[0][:, None] * kernel
                pending = None
            shift = bias if shift is None else shift @ kernel + bias
            kernels.append(kernel)
        elif isinstance(layer, BatchNorm):
            scale = layer.gamma.astype(np.float64) / np.sqrt(
                layer.variance.astype(np.float64) + float(layer.epsilon[0])
            )
            offset = layer.beta - layer.mean * scale
            if shift is not None:
                kernels[-1] = kernels[-1] * scale
                shift = shift * scale + offset
            elif pending is not None:
                pending = (pending[0] * scale, pending[1] * scale + offset)
            else:
                pending = (scale, offset)
        else:
            if shift is None:
                if stages or pending is None:
                    raise DataError(
                        f"layer {position} of the network is a relu with no dense layer before it: "
                        "contributions are not defined for it; put a dense layer there"
                    )
                kernels, shift, pending = [np.diag(pending[0])], pending[1], None
            stages.append(_Stage(kernels, shift))
            kernels, shift = [], None
    if shift is None:
        raise DataError("the network does not end in a dense layer: its logits cannot be explained")
    return [*stages, _Stage(kernels, shift)]


def _plan(network: Network, rule: Rule, dtype: np.dtype) -> _Plan:
    """Make a network ready for one rule; see `_Plan`."""
    with_relu: list[tuple[list[_Stage], np.ndarray]] = []
    linear: np.ndarray | None = None
    total_shift = np.zeros(network.n_outputs)
    for weight, layers in zip(network.weights, network.members, strict=True):
        *stages, end = _stages(layers)
        last = end.kernels[0].astype(np.float64)
        for kernel in end.kernels[1:]:
            last = last @ kernel
        shift = end.shift
        if network.n_outputs > 1:
            # Softmax ignores what all classes share: mean-normalised weights (section 2.5 of the
            # supplement) take it out of the contributions too.
            last = last - last.mean(axis=1, keepdims=True)
            shift = shift - shift.mean()
        total_shift += float(weight) * shift
        last = float(weight) * last
        if stages:
            with_relu.append((stages, last))
        else:
            linear = last.T if linear is None else linear + last.T
    # Members whose first kernel leads directly to a ReLU come first: see _Plan.magnitude.
    with_relu.sort(key=lambda pair: len(pair[0][0].kernels) > 1)
    members, first, split, start = [], [], 0, 0
    for stages, last in with_relu:
        kernel = stages[0].kernels[0]
        columns = slice(start, start + kernel.shape[1])
        start = columns.stop
        if len(stages[0].kernels) == 1:
            split = start
        first.append(kernel)
        ready = []
        for index, stage in enumerate(stages):
            kernels = [np.ascontiguousarray(kernel, dtype=dtype) for kernel in stage.kernels]
            magnitude = None
            if rule == "revealcancel" and (index > 0 or len(kernels) > 1):
                magnitude = np.abs(kernels[-1])
            ready.append(_Stage(kernels, stage.shift.astype(dtype), magnitude))
        ready[0].kernels = ready[0].kernels[1:]  # the first is in _Plan.first
        members.append(_Member(ready, np.ascontiguousarray(last, dtype=dtype), columns))
    if len(first) > 1:
        joined = np.concatenate([kernel.astype(dtype, copy=False) for kernel in first], axis=1)
    else:
        joined = first[0] if first else np.zeros((network.n_inputs, 0))
    joined = np.ascontiguousarray(joined, dtype=dtype)
    return _Plan(
        rule=rule,
        first=joined,
        magnitude=np.abs(joined[:, :split]) if rule == "revealcancel" else joined[:, :0],
        linear=None if linear is None else np.ascontiguousarray(linear, dtype=dtype),
        members=members,
        shift=total_shift.astype(dtype),
    )


def _at_reference(plan: _Plan, reference: np.ndarray) -> _AtReference:
    """Run the network on a reference ``(n_inputs,)``."""
    projected = reference @ plan.first
    logits = plan.shift.copy()
    if plan.linear is not None:
        logits += plan.linear @ reference
    before, after = [], []
    for member in plan.members:
        inputs = projected[member.columns]
        member_before, member_after = [], []
        for stage in member.stages:
            for kernel in stage.kernels:
                inputs = inputs @ kernel
            member_before.append(inputs + stage.shift)
            inputs = np.maximum(member_before[-1], 0)
            member_after.append(inputs)
        logits += inputs @ member.last
        before.append(member_before)
        after.append(member_after)
    return _AtReference(reference, before, after, logits)


def _check_folding(network: Network, at: list[_AtReference]) -> None:
    """Compare the folded network with the network as it is, on the references."""
    expected = network.logits(np.stack([each.inputs for each in at]).astype(np.float32))
    if network.n_outputs > 1:
        expected = expected - expected.mean(axis=1, keepdims=True)
    found = np.stack([each.logits for each in at])
    error = np.abs(found - expected).max()
    if not error <= FOLDING_TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise DataError(
            f"the network's logits at the reference differ by {error:.2g} between two ways to "
            "compute them: its weights are too large or not finite; train it again"
        )


def _slope(start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Return the mean slope of ReLU between two points, 0 where both are zero.

    The same as ``(relu(stop) - relu(start)) / (stop - start)`` but without the cancellation: where
    both points lie on one side of zero it is 1 or 0 exactly, however near they are.
    """
    above: np.ndarray = np.maximum(stop, np.maximum(start, 0))
    span = np.minimum(stop, np.minimum(start, 0))
    np.subtract(above, span, out=span)
    np.maximum(span, np.finfo(span.dtype).tiny, out=span)
    above /= span
    return above


@dataclass
class _Passed:
    """What the forward pass leaves for the backward pass, for one ReLU of one member.

    `half_sum` and `half_difference` are ``(n, n_units)``: half the sum and half the difference of
    the multipliers for positive and negative parts; under Rescale these are equal, so the first is
    the multiplier and the second is None. `sign` is that of the differences that the stage's last
    kernel receives, where it is not the first kernel of the member.
    """

    half_sum: np.ndarray
    half_difference: np.ndarray | None = None
    sign: np.ndarray | None = None


def _forward(
    plan: _Plan, at: _AtReference, difference: np.ndarray
) -> tuple[list[list[_Passed]], np.ndarray]:
    """Carry differences ``(n, n_inputs)`` to the logits, keeping multipliers of each ReLU.

    Returns
    -------
    list of list of _Passed
        For each member and each of its ReLUs.
    numpy.ndarray
        ``(n, n_classes)``, differences of the logits.
    """
    reveal = plan.rule == "revealcancel"
    projected = difference @ plan.first
    spread = np.abs(difference) @ plan.magnitude if reveal else None
    change = np.zeros((len(difference), len(plan.shift)), dtype=difference.dtype)
    if plan.linear is not None:
        change += difference @ plan.linear.T
    passed = []
    for index, member in enumerate(plan.members):
        moved = projected[:, member.columns]
        of_member = []
        for depth, stage in enumerate(member.stages):
            reached = stage.widen(moved)
            moved = reached @ stage.kernels[-1] if stage.kernels else reached
            start = at.before[index][depth]
            # in place where `moved` is not needed again
            stop = np.add(moved, start, out=None if reveal else moved)
            if reveal:
                if stage.magnitude is None:
                    assert spread is not None
                    both, sign = spread[:, member.columns], None
                else:
                    both, sign = np.abs(reached) @ stage.magnitude, np.sign(reached)
                of_member.append(_reveal_cancel(start, stop, moved, both, sign))
            else:
                of_member.append(_Passed(_slope(start, stop)))
            moved = np.maximum(stop, 0, out=stop)
            moved -= at.after[index][depth]
        change += moved @ member.last
        passed.append(of_member)
    return passed, change


def _reveal_cancel(
    start: np.ndarray,
    stop: np.ndarray,
    moved: np.ndarray,
    both: np.ndarray,
    sign: np.ndarray | None,
) -> _Passed:
    """Split a ReLU's multipliers into those of positive and negative parts (section 3.5.3).

    Parameters
    ----------
    start : numpy.ndarray
        ``(n_units,)``, what the ReLU receives at the reference.
    stop, moved : numpy.ndarray
        ``(n, n_units)``, what it receives for the samples, and the difference.
    both : numpy.ndarray
        ``(n, n_units)``, the positive part less the negative part of the difference.
    sign : numpy.ndarray or None
        Kept for the backward pass.
    """
    with_positive = start + 0.5 * (moved + both)
    with_negative = start + 0.5 * (moved - both)
    # The mean of adding a part first and adding it after the other one.
    positive = _slope(start, with_positive) + _slope(with_negative, stop)
    negative = _slope(start, with_negative) + _slope(with_positive, stop)
    return _Passed(0.25 * (positive + negative), 0.25 * (positive - negative), sign)


def _backward(
    member: _Member, passed: list[_Passed], chosen: np.ndarray, every: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Carry multipliers from the logits to the output of a member's first kernel.

    Parameters
    ----------
    member : _Member
        The member.
    passed : list of _Passed
        From the forward pass.
    chosen : numpy.ndarray
        ``(n, n_outputs)``, classes.
    every : bool
        All classes in their order are asked for.

    Returns
    -------
    numpy.ndarray
        ``(n, n_outputs, n_units)``: half the sum of positive and negative multipliers.
    numpy.ndarray or None
        Half their difference; None where they are equal.
    """
    table = member.last.T
    multiplier = table[None] if every else table[chosen]
    half: np.ndarray | None = None
    for depth in range(len(member.stages) - 1, -1, -1):
        stage, here = member.stages[depth], passed[depth]
        half = None
        if here.half_difference is not None:
            half = multiplier * here.half_difference[:, None]
        multiplier = multiplier * here.half_sum[:, None]
        for index in range(len(stage.kernels) - 1, -1, -1):
            shape = (*multiplier.shape[:2], stage.kernels[index].shape[0])
            flat = multiplier.reshape(-1, multiplier.shape[2])
            multiplier = (flat @ stage.kernels[index].T).reshape(shape)
            if half is not None:
                assert stage.magnitude is not None and here.sign is not None
                flat = half.reshape(-1, half.shape[2])
                split = (flat @ stage.magnitude.T).reshape(shape)
                split *= here.sign[:, None]
                multiplier += split
                half = None  # a dense layer looks at full differences: equal multipliers
    return multiplier, half


def _explain(
    plan: _Plan,
    at: list[_AtReference],
    x: np.ndarray,
    outputs: Outputs,
    rows: slice,
    values: np.ndarray,
    workspace: _Workspace,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fill the first ``len(x)`` rows of `values`; return classes, logits and deltas."""
    values = values[: len(x)]
    dtype = values.dtype
    change_mean = np.zeros((len(x), len(plan.shift)))
    chosen: np.ndarray | None = None
    for index, reference in enumerate(at):
        difference = workspace.get("difference", x.shape, dtype)
        np.subtract(x, reference.inputs, out=difference, casting="same_kind")
        passed, change = _forward(plan, reference, difference)
        if chosen is None:
            logits = reference.logits + change
            chosen = chosen_outputs(outputs, rows, logits)
        change_mean += change
        into = values if index == 0 else workspace.get("further", values.shape, dtype)
        _multiply(plan, passed, chosen, difference, into, workspace)
        if index:
            values += into
    if len(at) > 1:
        values /= len(at)
        change_mean /= len(at)
    assert chosen is not None
    delta = values.sum(axis=2) - np.take_along_axis(change_mean, chosen, axis=1)
    return chosen, logits, delta


def _multiply(
    plan: _Plan,
    passed: list[list[_Passed]],
    chosen: np.ndarray,
    difference: np.ndarray,
    values: np.ndarray,
    workspace: _Workspace,
) -> None:
    """Fill `values` ``(n, n_outputs, n_inputs)`` with multipliers times differences."""
    n, n_outputs, n_inputs = values.shape
    every = n_outputs == len(plan.shift)
    width, split = plan.first.shape[1], plan.magnitude.shape[1]
    if width:
        sums = workspace.get("sums", (n, n_outputs, width), values.dtype)
        halves = workspace.get("halves", (n, n_outputs, split), values.dtype)
        for member, of_member in zip(plan.members, passed, strict=True):
            sums[..., member.columns], half = _backward(member, of_member, chosen, every)
            if half is not None:
                halves[..., member.columns] = half
        np.matmul(sums.reshape(-1, width), plan.first.T, out=values.reshape(-1, n_inputs))
        if plan.linear is not None:
            values += plan.linear[None] if every else plan.linear[chosen]
        values *= difference[:, None]
        if split:
            further = workspace.get("magnitudes", values.shape, values.dtype)
            np.matmul(
                halves.reshape(-1, split), plan.magnitude.T, out=further.reshape(-1, n_inputs)
            )
            further *= np.abs(difference)[:, None]
            values += further
    else:
        assert plan.linear is not None
        np.multiply(
            plan.linear[None] if every else plan.linear[chosen], difference[:, None], out=values
        )
