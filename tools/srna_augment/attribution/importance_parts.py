"""Votes lost by single samples, kept so that folds run apart are summed up as one.

HDF5. Root attributes: ``format``, ``format_version``, ``target`` and ``scheme``; ``features``, as
JSON, names the columns of votes. A group a fold, ``folds/0`` and so on in the order in which they
ran: ``samples``, those left out, as JSON; ``known`` ``(n_samples,)``, whether its forest knew the
class of each; ``votes`` ``(n_known, n_features)``, the share of votes that those lost.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError
from ..files import atomic_output, create_hdf5
from ..unpacking import refuse_all_but_plain_arrays

if TYPE_CHECKING:
    import h5py

FORMAT = "srna-augment importance of folds"
FORMAT_VERSION = 1
ADVICE = "give what train-rf --save-importance wrote"


@dataclass
class FoldVotes:
    """What the samples that one fold left out lose.

    Attributes
    ----------
    samples : list of str
        Samples that were left out.
    known : numpy.ndarray
        ``(n_samples,)`` of bool: the fold's forest knew their class, so that they had votes.
    votes : numpy.ndarray
        ``(n_known, n_features)``, float32, share of all trees' votes.
    """

    samples: list[str]
    known: np.ndarray
    votes: np.ndarray


@dataclass
class ImportanceParts:
    """Folds of one target and scheme.

    Attributes
    ----------
    target, scheme : str
        What was predicted, and what folds left out.
    features : list of str
        Columns of the votes.
    folds : list of FoldVotes
        In the order in which they ran.
    """

    target: str
    scheme: str
    features: list[str]
    folds: list[FoldVotes]

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        with atomic_output(path, binary=True) as temporary, create_hdf5(temporary) as file:
            file.attrs["format"] = FORMAT
            file.attrs["format_version"] = FORMAT_VERSION
            file.attrs["target"] = self.target
            file.attrs["scheme"] = self.scheme
            _write_names(file, "features", self.features)
            file.create_group("folds")  # there may be none: fewer groups than folds asked for
            for number, fold in enumerate(self.folds):
                group = file.create_group(f"folds/{number}")
                _write_names(group, "samples", fold.samples)
                group.create_dataset("known", data=fold.known.astype(np.uint8))
                group.create_dataset("votes", data=fold.votes, compression="gzip", shuffle=True)


def read_parts(paths: tuple[Path, ...], target: str) -> ImportanceParts:
    """Join the files of one target and scheme, folds in the order in which they are given.

    Raises
    ------
    DataError
        A file is none of these, is damaged, or is of another target, scheme or table than the rest.
    """
    parts = [_read(path) for path in paths]
    first = parts[0]
    for path, part in zip(paths, parts, strict=True):
        if part.target != target:
            raise DataError(
                f"{path}: is of target {part.target}, not {target}: leave it out, or give "
                f"--target {part.target}"
            )
        if part.scheme != first.scheme:
            raise DataError(
                f"{path}: is of scheme {part.scheme}, {paths[0]} of {first.scheme}: give folds of "
                "one scheme"
            )
        if part.features != first.features:
            raise DataError(
                f"{path}: has other features than {paths[0]}: give folds of one expression file"
            )
    folds = [fold for part in parts for fold in part.folds]
    return ImportanceParts(target, first.scheme, first.features, folds)


def _read(path: Path) -> ImportanceParts:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") != FORMAT:
                raise DataError(f"{path}: an HDF5 file, but not importance of folds: {ADVICE}")
            if int(file.attrs.get("format_version", 0)) != FORMAT_VERSION:
                raise DataError(f"{path}: written by another version: run the folds anew")
            refuse_all_but_plain_arrays(file)
            features = _read_names(file, "features")
            groups = file["folds"]
            folds = [_read_fold(groups[str(k)], len(features)) for k in range(len(groups))]
            target, scheme = (str(file.attrs[name]) for name in ("target", "scheme"))
            return ImportanceParts(target, scheme, features, folds)
    except DataError:
        raise
    except OSError:
        raise DataError(f"{path}: not an HDF5 file, or damaged: {ADVICE}") from None
    except Exception as error:  # whatever a damaged or hostile file provokes ends in one line
        reason = (str(error).splitlines() or [type(error).__name__])[0][:150]
        raise DataError(f"{path}: not sound ({reason}): {ADVICE}") from None


def _read_fold(group: h5py.Group, n_features: int) -> FoldVotes:
    samples = _read_names(group, "samples")
    known = group["known"][...] == 1
    votes = group["votes"][...]
    if known.shape != (len(samples),) or votes.shape != (known.sum(), n_features):
        raise ValueError(f"fold {group.name}: its arrays are of different sizes")
    if votes.dtype != np.float32 or not np.isfinite(votes).all():
        raise ValueError(f"fold {group.name}: votes are no finite float32")
    return FoldVotes(samples, known, votes)


def _write_names(group: h5py.Group, name: str, names: list[str]) -> None:
    text = json.dumps(names, ensure_ascii=False).encode()
    group.create_dataset(name, data=np.frombuffer(text, dtype=np.uint8))


def _read_names(group: h5py.Group, name: str) -> list[str]:
    names: Any = json.loads(group[name][...].astype(np.uint8).tobytes().decode())
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise ValueError(f"'{name}' is no list of names")
    if len(set(names)) < len(names):
        raise ValueError(f"'{name}' has a name twice")
    return names
