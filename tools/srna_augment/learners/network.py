"""The network of `train-dl`: a linear path that knows laboratories, and hidden members."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..model.network import BatchNorm, Dense, Layer, Network, ReLU

# What members that must hold at another laboratory are trained to see through (docs/benchmark.md).
LABORATORY_NOISE = 2.0
# Passes over a table, and the steps that it takes to see through noise, however small the table.
EPOCHS = 25
MINIMUM_STEPS = 600


@dataclass(frozen=True)
class NetworkSettings:
    """What can be set about the network.

    Attributes
    ----------
    hidden : tuple of int
        Units of each hidden layer of a member.
    members : int
        Members with hidden layers, beside the linear path; 0 leaves the linear path alone.
    hidden_share : float
        Weight of the hidden members together; the linear path has the rest.
    components : int
        Principal components of the whitened inputs that members see; tables with no more inputs or
        samples than this are seen whole.
    epochs : int or None
        Passes over the training samples. None: `EPOCHS`; with noise `MINIMUM_STEPS` at least.
    batch : int
        Samples a step.
    learning_rate, weight_decay : float
        Of AdamW.
    input_noise : float or None
        Standard deviation of the noise on whitened inputs in training, in standard deviations of a
        class. It stands for laboratories never seen. None: `LABORATORY_NOISE` where the training
        data tell that laboratories differ (`Spread.studies_differ`), else none.
    input_dropout, dropout : float
        Share of (whitened) inputs and of hidden units set to zero in training.
    label_smoothing : float
        Share of each label spread over all classes.
    """

    hidden: tuple[int, ...] = (256,)
    members: int = 3
    hidden_share: float = 0.5
    components: int = 768
    epochs: int | None = None
    batch: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    input_noise: float | None = None
    input_dropout: float = 0.3
    dropout: float = 0.3
    label_smoothing: float = 0.05


def import_tensorflow(threads: int) -> Any:
    """Import TensorFlow quietly, with results that do not depend on its version of oneDNN."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    import tensorflow as tf

    if tf.config.threading.get_intra_op_parallelism_threads() == 0:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    return tf


class NetworkTrainer:
    """Trains networks of one shape; the graph is traced once and serves all folds.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Prepared features, and classes (or 1 for years).
    settings : NetworkSettings
        See there; at least one hidden member.
    threads : int
        Processors to use.
    regression : bool
        Fit one output by squared error instead of classes by cross-entropy.
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        settings: NetworkSettings,
        *,
        threads: int = 1,
        regression: bool = False,
    ) -> None:
        self.tf = import_tensorflow(threads)
        self.settings = settings
        self.regression = regression
        self.n_outputs = n_outputs
        keras = self.tf.keras
        self.members = [
            self._member(keras, n_inputs, settings.hidden) for _ in range(settings.members)
        ]
        self.noise = self.tf.random.Generator.from_seed(0)
        self.optimiser = keras.optimizers.AdamW(settings.learning_rate, settings.weight_decay)
        self.variables = [v for member in self.members for v in member.trainable_variables]
        self.optimiser.build(self.variables)
        self._epoch = self.tf.function(self._run_epoch, reduce_retracing=True)

    def _member(self, keras: Any, n_inputs: int, hidden: tuple[int, ...]) -> Any:
        layers = [keras.layers.Dropout(self.settings.input_dropout)]
        for units in hidden:
            layers += [
                keras.layers.Dense(units),
                keras.layers.BatchNormalization(momentum=0.9),
                keras.layers.ReLU(),
                keras.layers.Dropout(self.settings.dropout),
            ]
        layers.append(keras.layers.Dense(self.n_outputs))
        member = keras.Sequential(layers)
        member.build((None, n_inputs))
        return member

    def _run_epoch(self, x: Any, y: Any, weights: Any, order: Any, rate: Any, noise: Any) -> None:
        tf = self.tf
        self.optimiser.learning_rate.assign(rate)
        for step in tf.range(tf.shape(order)[0]):
            rows = order[step]
            inputs, target, weight = (tf.gather(a, rows) for a in (x, y, weights))
            if noise > 0:
                inputs += noise * self.noise.normal(tf.shape(inputs))
            with tf.GradientTape() as tape:
                loss = 0.0
                for member in self.members:
                    output = member(inputs, training=True)
                    if self.regression:
                        each = tf.reduce_sum(tf.square(output - target), axis=1)
                    else:
                        each = tf.nn.softmax_cross_entropy_with_logits(target, output)
                    loss += tf.reduce_mean(each * weight)
            gradients = tape.gradient(loss, self.variables)
            self.optimiser.apply_gradients(zip(gradients, self.variables, strict=True))

    def fit(
        self, x: np.ndarray, y: np.ndarray, weights: np.ndarray, seed: int, noise: float
    ) -> list[list[Layer]]:
        """Train from scratch.

        Parameters
        ----------
        x : numpy.ndarray
            ``(n_samples, n_inputs)``, whitened inputs.
        y : numpy.ndarray
            ``(n_samples,)`` of int, classes; or of float with `regression`.
        weights : numpy.ndarray
            ``(n_samples,)``, mean 1.
        seed : int
            Seed of initial weights, dropout, noise and order.
        noise : float
            Standard deviation of what is added to the inputs.

        Returns
        -------
        list of list of Layer
            One a member.
        """
        tf = self.tf
        self._restart(seed)
        n = len(x)
        batch = min(self.settings.batch, n)
        generator = np.random.default_rng(seed)
        target = y[:, None] if self.regression else self._smoothed(y)
        tensors = [tf.constant(a, dtype=tf.float32) for a in (x, target, weights)]
        steps = -(-n // batch)
        at_least = -(-MINIMUM_STEPS // steps) if noise else 0
        epochs = self.settings.epochs or max(EPOCHS, at_least)
        for epoch in range(epochs):
            order = generator.permutation(n)
            order = np.resize(order, (steps, batch)).astype(np.int32)
            decay = 0.5 * (1 + np.cos(np.pi * epoch / epochs))
            rate = tf.constant(self.settings.learning_rate * decay, tf.float32)
            self._epoch(*tensors, tf.constant(order), rate, tf.constant(noise, tf.float32))
        return [_layers(member) for member in self.members]

    def _smoothed(self, y: np.ndarray) -> np.ndarray:
        smooth = self.settings.label_smoothing
        hot: np.ndarray = np.eye(self.n_outputs, dtype=np.float32)[y]
        return hot * (1 - smooth) + smooth / self.n_outputs

    def _restart(self, seed: int) -> None:
        """Draw new initial weights and forget the optimiser's moments."""
        tf = self.tf
        tf.random.set_seed(seed)
        self.noise.reset_from_seed(seed)
        generator = np.random.default_rng([seed, 1])
        for member in self.members:
            for layer in member.layers:
                kind = type(layer).__name__
                if kind == "Dense":
                    n_in, n_out = layer.kernel.shape
                    limit = np.sqrt(6 / (n_in + n_out))
                    layer.kernel.assign(generator.uniform(-limit, limit, (n_in, n_out)))
                    layer.bias.assign(np.zeros(n_out))
                elif kind == "BatchNormalization":
                    n = layer.gamma.shape[0]
                    layer.set_weights([np.ones(n), np.zeros(n), np.zeros(n), np.ones(n)])
                elif kind == "Dropout":
                    layer.seed_generator.state.assign(generator.integers(0, 2**31, 2))
        for variable in self.optimiser.variables:
            variable.assign(tf.zeros_like(variable))


def _layers(member: Any) -> list[Layer]:
    """Return a trained Keras member as plain arrays; dropout does nothing after training."""
    layers: list[Layer] = []
    for layer in member.layers:
        kind = type(layer).__name__
        if kind == "Dense":
            layers.append(Dense(layer.kernel.numpy(), layer.bias.numpy()))
        elif kind == "BatchNormalization":
            gamma, beta, mean, variance = (np.asarray(w) for w in layer.get_weights())
            epsilon = np.array([layer.epsilon], dtype=np.float32)
            layers.append(BatchNorm(gamma, beta, mean, variance, epsilon))
        elif kind == "ReLU":
            layers.append(ReLU())
    return layers


def assemble(
    linear: Dense, hidden: list[list[Layer]], reduction: np.ndarray, hidden_share: float
) -> Network:
    """Put the linear path and the hidden members together.

    The reduction is merged into the first layer of each member, so that the network takes prepared
    inputs, and attribution is about them.

    Parameters
    ----------
    linear : Dense
        The linear path.
    hidden : list of list of Layer
        Members trained on ``x @ reduction``.
    reduction : numpy.ndarray
        ``(n_inputs, n_components)``; see `fit_reduction`.
    hidden_share : float
        Weight of the hidden members together.
    """
    members: list[list[Layer]] = [[linear]]
    for member in hidden:
        first = member[0]
        assert isinstance(first, Dense)
        members.append([Dense(reduction @ first.kernel, first.bias), *member[1:]])
    weights = [1 - hidden_share] + [hidden_share / len(hidden)] * len(hidden)
    return Network(members, np.array(weights))


def fit_reduction(
    x: np.ndarray, whitening: np.ndarray, n_components: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find what of the whitened inputs the hidden members see, and show it.

    In the leading components of inputs whose scatter within classes is the same everywhere, classes
    differ most; the rest costs most of the time of training and is noise.

    Parameters
    ----------
    x : numpy.ndarray
        ``(n_samples, n_inputs)``, prepared inputs.
    whitening : numpy.ndarray
        ``(n_views, n_features, n_features)``.
    n_components : int
        How many to keep.

    Returns
    -------
    reduction : numpy.ndarray
        ``(n_inputs, n_components)``, float32.
    reduced : numpy.ndarray
        ``(n_samples, n_components)``, float32: ``x @ reduction``.
    """
    from sklearn.utils.extmath import randomized_svd

    whitened = whiten(x, whitening)
    if min(whitened.shape) <= n_components:
        components = np.eye(whitened.shape[1], dtype=np.float32)
    else:
        _, _, rows = randomized_svd(whitened, n_components, n_iter=2, random_state=0)
        components = rows.T
        whitened = whitened @ components
    return whiten_rows(components, whitening), whitened


def on_scale_of(
    linear: Dense,
    x: np.ndarray,
    hidden: list[list[Layer]],
    reduced: np.ndarray,
    seen: np.ndarray,
) -> Dense:
    """Return the linear path with logits as far apart as those of the hidden members.

    A discriminant's logits are tens of times larger than those of a network that was trained with
    smoothed labels: without this, weights of the ensemble would mean nothing.

    Parameters
    ----------
    linear : Dense
        The linear path.
    x, reduced : numpy.ndarray
        ``(n_samples, n_inputs)``: training inputs as the path and the members take them.
    hidden : list of list of Layer
        The members.
    seen : numpy.ndarray
        Indices of the classes that have training samples.
    """
    members = Network(hidden, np.full(len(hidden), 1 / len(hidden)))
    own, theirs = (
        float(logits[:, seen].std(axis=1).mean()) for logits in (linear(x), members.logits(reduced))
    )
    factor = np.float32(theirs / max(own, 1e-6))
    return Dense(linear.kernel * factor, linear.bias * factor)


def whiten(x: np.ndarray, whitening: np.ndarray) -> np.ndarray:
    """Return whitened inputs ``(n_samples, n_inputs)``, float32."""
    width = whitening.shape[1]
    views = [x[:, i * width : (i + 1) * width] @ t for i, t in enumerate(whitening)]
    return np.concatenate(views, axis=1)


def whiten_rows(kernel: np.ndarray, whitening: np.ndarray) -> np.ndarray:
    """Return the kernel ``(n_inputs, n_out)`` that takes inputs where `kernel` takes whitened."""
    width = whitening.shape[1]
    return np.concatenate(
        [t @ kernel[i * width : (i + 1) * width] for i, t in enumerate(whitening)]
    )


def fit_linear_years(
    x: np.ndarray, y: np.ndarray, weights: np.ndarray, whitening: np.ndarray
) -> Dense:
    """Fit the linear path of years: ridge regression on whitened inputs.

    Parameters
    ----------
    x : numpy.ndarray
        ``(n_samples, n_inputs)``, prepared inputs.
    y : numpy.ndarray
        ``(n_samples,)``, years, centred and scaled.
    weights : numpy.ndarray
        ``(n_samples,)``.
    whitening : numpy.ndarray
        ``(n_views, n_features, n_features)``.

    Returns
    -------
    Dense
        ``(n_inputs, 1)``.
    """
    from sklearn.linear_model import RidgeCV

    fitted = RidgeCV(np.logspace(1, 5, 9)).fit(whiten(x, whitening), y, weights)
    kernel = whiten_rows(np.asarray(fitted.coef_)[:, None], whitening)
    bias = np.array([fitted.intercept_], dtype=np.float32)
    return Dense(kernel.astype(np.float32), bias)
