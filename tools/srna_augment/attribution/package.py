"""DeepLIFT by its authors' package: the authority that the native engine is held to.

The package (deeplift 0.6.13) builds TensorFlow 1 graphs. It runs on TensorFlow 2, with its formulas
untouched, when it is given

- a graph and a session of its own, so that Keras in the same process is not disturbed;
- ``tf.compat.v1`` under the name ``tf`` in each of its modules, in which ``tf.float32`` may stand
  for double precision: in single precision its quotients of small differences are noisy (it adds
  1e-7 to what is nearly zero, and divides), which an authority should not be;
- kernels in variables: it writes a kernel into the graph anew at each of some twenty uses;
- the class to explain, one a sample, through a placeholder: it adds operations to the graph at
  each call.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import UsageError
from ..model.network import BatchNorm, Dense, Layer, Network, blocks
from .engine import RULES, Block, Outputs, Rule, as_references, chosen_outputs

BLOCK_SAMPLES = 256
MODULES = (
    "util",
    "models",
    "layers.helper_functions",
    "layers.core",
    "layers.activations",
    "layers.normalization",
    "layers.convolutional",
    "layers.pooling",
    "conversion.kerasapi_conversion",
)


def check_installed() -> None:
    """Tell whether the package and TensorFlow are there, without importing them.

    Raises
    ------
    UsageError
        One of them is missing.
    """
    for name in ("tensorflow", "deeplift", "yaml"):
        if importlib.util.find_spec(name) is None:
            raise UsageError(
                f"--engine deeplift needs the Python package {name}, which is not installed: "
                "install srna-augment with its extra 'train', or use --engine native"
            )


def stream(
    network: Network,
    x: np.ndarray,
    references: np.ndarray,
    *,
    rule: Rule = "rescale",
    outputs: Outputs = "predicted",
    threads: int = 1,
    dtype: type = np.float64,
) -> Iterator[Block]:
    """Explain samples block by block; see `srna_augment.attribution.native.stream`.

    Parameters
    ----------
    network, x, references, rule, outputs
        As there.
    threads : int
        TensorFlow's threads, when it was not yet used in this process.
    dtype : type
        Precision that the package computes in: float64, or float32 as it does by itself.
    """
    if rule not in RULES:
        raise ValueError(f"rule '{rule}' is not one of {', '.join(RULES)}")
    check_installed()
    references = as_references(references, network.n_inputs).astype(np.float32)
    members = [_Member(member, rule, threads, np.dtype(dtype)) for member in network.members]
    weights = np.asarray(network.weights, dtype=np.float32)
    at_reference = _centred(network.logits(references)).mean(axis=0)
    for rows in blocks(len(x), BLOCK_SAMPLES):
        block = np.ascontiguousarray(x[rows], dtype=np.float32)
        logits = _centred(network.logits(block))
        chosen = chosen_outputs(outputs, rows, logits)
        values = np.zeros((*chosen.shape, network.n_inputs), dtype=np.float32)
        for column in range(chosen.shape[1]):
            for weight, member in zip(weights, members, strict=True):
                for reference in references:
                    found = member.contributions(block, reference, chosen[:, column])
                    values[:, column] += weight / len(references) * found
        change = np.take_along_axis(logits - at_reference, chosen, axis=1)
        yield Block(rows, chosen, values, logits, values.sum(axis=2) - change)


def _centred(logits: np.ndarray) -> np.ndarray:
    logits = logits.astype(np.float64)
    return logits - logits.mean(axis=1, keepdims=True) if logits.shape[1] > 1 else logits


class _Kernel:
    """A kernel in a TensorFlow variable that answers to what deeplift does with a NumPy array."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n_in, n_out)``."""
        return tuple(self.tensor.shape.as_list())

    @property
    def T(self) -> _Kernel:
        """The transpose."""
        import tensorflow as tf

        return _Kernel(tf.transpose(self.tensor))

    def __mul__(self, other: Any) -> Any:
        return self.tensor * other


class _Session:
    """The session that deeplift runs in: feeds the class to explain beside its own inputs."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.further: dict[Any, np.ndarray] = {}

    def run(self, fetches: Any, feed_dict: dict[Any, np.ndarray] | None = None) -> Any:
        """Run `fetches`."""
        return self.session.run(fetches, feed_dict={**(feed_dict or {}), **self.further})


class _Member:
    """One member of an ensemble as a deeplift model in a graph of its own."""

    def __init__(self, layers: list[Layer], rule: Rule, threads: int, dtype: np.dtype) -> None:
        tf, self.util, deeplift_layers, models = _deeplift(dtype)
        self.dtype = dtype
        graph = tf.Graph()
        with graph.as_default(), _silent():
            config = tf.compat.v1.ConfigProto(
                intra_op_parallelism_threads=threads, inter_op_parallelism_threads=1
            )
            self.session = _Session(tf.compat.v1.Session(graph=graph, config=config))
            self.util.get_session = lambda: self.session
            mode = {
                "rescale": deeplift_layers.NonlinearMxtsMode.Rescale,
                "revealcancel": deeplift_layers.NonlinearMxtsMode.RevealCancel,
            }[rule]
            converted = [deeplift_layers.Input(batch_shape=(None, _width(layers[0])), name="input")]
            for index, layer in enumerate(layers):
                last = index == len(layers) - 1
                converted.append(self._convert(tf, deeplift_layers, layer, mode, index, last))
            target = converted[-1]
            self.n_outputs = target.kernel.shape[1]
            self.task = tf.compat.v1.placeholder(dtype, shape=[None, self.n_outputs])
            target.set_scoring_mode = lambda _: self._explain_chosen(tf, target)
            target.update_task_index = lambda _: None
            target.update_task_vector = lambda: None
            converted.append(
                deeplift_layers.Softmax(nonlinear_mxts_mode=mode, name="softmax", verbose=False)
            )
            self.util.connect_list_of_layers(converted)
            converted[-1].build_fwd_pass_vars()
            model = models.SequentialModel(converted)
            self.function = model.get_target_contribs_func(
                find_scores_layer_idx=0, target_layer_idx=-2
            )

    def _explain_chosen(self, tf: Any, target: Any) -> None:
        """Start from a class a sample, where the package knows one class for all samples."""
        target._pos_mxts = tf.zeros_like(target.get_activation_vars()) + self.task
        target._neg_mxts = target._pos_mxts
        target._set_mxts_updated_true()

    def _convert(
        self, tf: Any, deeplift_layers: Any, layer: Layer, mode: Any, index: int, last: bool
    ) -> Any:
        """Build the deeplift layer for one of ours; the last kernel is mean-normalised."""
        name = f"{layer.kind}_{index}"
        if isinstance(layer, Dense):
            kernel, bias = layer.kernel.astype(self.dtype), layer.bias.astype(self.dtype)
            if last and kernel.shape[1] > 1:
                kernel = kernel - kernel.mean(axis=1, keepdims=True)
                bias = bias - bias.mean()
            made = deeplift_layers.Dense(
                kernel=kernel,
                bias=bias,
                name=name,
                verbose=False,
                dense_mxts_mode=deeplift_layers.DenseMxtsMode.Linear,
            )
            start = tf.compat.v1.placeholder(self.dtype, shape=kernel.shape)
            variable = tf.compat.v1.Variable(start, trainable=False, use_resource=False)
            self.session.session.run(variable.initializer, feed_dict={start: kernel})
            made.kernel, made.bias = _Kernel(variable), bias
            return made
        if isinstance(layer, BatchNorm):
            return deeplift_layers.BatchNormalization(
                gamma=layer.gamma.astype(self.dtype),
                beta=layer.beta.astype(self.dtype),
                mean=layer.mean.astype(self.dtype),
                var=layer.variance.astype(self.dtype),
                epsilon=float(layer.epsilon[0]),
                axis=-1,
                name=name,
                verbose=False,
            )
        return deeplift_layers.ReLU(nonlinear_mxts_mode=mode, name=name, verbose=False)

    def contributions(
        self, x: np.ndarray, reference: np.ndarray, outputs: np.ndarray
    ) -> np.ndarray:
        """Return contributions ``(n, n_inputs)`` to one mean-normalised logit a sample."""
        self.util.get_session = lambda: self.session
        self.session.further = {self.task: np.eye(self.n_outputs)[outputs]}
        with _silent():
            found = self.function(
                task_idx=None,
                input_data_list=[x],
                input_references_list=[reference[None]],
                batch_size=len(x),
                progress_update=None,
            )
        return np.asarray(found, dtype=np.float32)


def _width(layer: Layer) -> int:
    return len(layer.kernel) if isinstance(layer, Dense) else len(layer.gamma)  # type: ignore[union-attr]


def _silent() -> contextlib.redirect_stdout[io.StringIO]:
    """Keep the package's prints off stdout, which is data only."""
    return contextlib.redirect_stdout(io.StringIO())


class _TensorFlow:
    """TensorFlow 1's names, with ``float32`` standing for the precision wanted."""

    def __init__(self, tf: Any, dtype: np.dtype) -> None:
        self.float32 = tf.as_dtype(dtype)
        self._tf = tf

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tf, name)


def _deeplift(dtype: np.dtype) -> tuple[Any, Any, Any, Any]:
    """Import TensorFlow and deeplift, and bring deeplift to TensorFlow 2."""
    # Both keep TensorFlow silent on stderr; they only count before the first import.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    import tensorflow as tf

    with _silent():
        modules = [importlib.import_module(f"deeplift.{name}") for name in MODULES]
    for module in modules:
        module.tf = _TensorFlow(tf.compat.v1, dtype)  # type: ignore[attr-defined]
    with contextlib.suppress(ValueError):  # registered before
        tf.register_tensor_conversion_function(_Kernel, _kernel_to_tensor)
    return tf, modules[0], importlib.import_module("deeplift.layers"), modules[1]


def _kernel_to_tensor(
    value: _Kernel, dtype: Any = None, name: str | None = None, as_ref: bool = False
) -> Any:
    import tensorflow as tf

    return tf.convert_to_tensor(value.tensor, dtype=dtype, name=name)
