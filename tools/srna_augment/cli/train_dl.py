"""`train-dl`: train the network of one target."""

from typing import Any

import rich_click as click

from .common import command
from .training_options import DATA_PANEL, TrainingWanted, training_options
from .training_run import run_training

NETWORK_PANEL = "Network"


@command("train-dl")
@training_options
@click.option(
    "--subclasses",
    default="auto",
    metavar="COLUMN",
    panel=DATA_PANEL,
    help="Metadata column of what the classes consist of: each value is learnt apart, and a class "
    "is as near as the nearest of its subclasses. 'auto': a tissue group consists of its tissues; "
    "'none': of nothing.",
)
@click.option(
    "--epochs",
    type=click.IntRange(1),
    panel=NETWORK_PANEL,
    help="Passes over the training samples. Default: 25, with noise as many as make 600 steps of "
    "128 samples.",
)
@click.option(
    "--members",
    type=click.IntRange(0),
    default=3,
    panel=NETWORK_PANEL,
    help="Hidden members of the ensemble, beside its linear path; 0 leaves that alone.",
)
@click.option(
    "--hidden",
    default="256",
    metavar="N[,N...]",
    panel=NETWORK_PANEL,
    help="Units of each hidden layer.",
)
@click.option(
    "--input-noise",
    type=click.FloatRange(0),
    metavar="SD",
    panel=NETWORK_PANEL,
    help="Noise on what hidden members see in training, in standard deviations of a class: it "
    "makes them hold at other laboratories, and costs a little within one. Default: 2 where "
    "studies of one class differ by more than the samples of one, else 0.",
)
@click.option(
    "--hidden-share",
    type=click.FloatRange(0, 1),
    default=0.5,
    panel=NETWORK_PANEL,
    help="Weight of the hidden members; the linear path has the rest.",
)
def main(
    epochs: int | None,
    members: int,
    hidden: str,
    input_noise: float | None,
    hidden_share: float,
    seed: int,
    threads: int,
    **options: Any,
) -> None:
    """Train a neural network on normalised expression, and predict what each fold left out.

    EXPRESSION is the output of `normalise`, with labels in its metadata.

    Example: `train-dl expression.h5ad --target tissue --scheme random --scheme group
    --output tissue.h5 --predictions tissue.tsv`
    """
    from ..errors import UsageError
    from ..learners.network import NetworkSettings
    from ..learners.network_recipe import network_recipe

    try:
        layers = tuple(int(units) for units in hidden.split(","))
    except ValueError:
        layers = ()
    if not layers or min(layers) < 1:
        raise UsageError(f"--hidden {hidden}: not a list of positive numbers, as in 500,250")
    settings = NetworkSettings(
        hidden=layers,
        members=members,
        hidden_share=hidden_share,
        epochs=epochs,
        input_noise=input_noise,
    )
    wanted = TrainingWanted(seed=seed, **options)
    learner = {"learner": "network", "subclasses": wanted.subclasses, **vars(settings)}
    run_training([network_recipe(settings, threads)], wanted, learner)
