"""``predictions.tsv``: out-of-fold predictions as tables, and back to logits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import DataError
from .files import atomic_output
from .metrics.reading import ROUNDING
from .metrics.table_file import COLUMNS as REQUIRED
from .metrics.table_file import OPTIONAL, PROB, read_table
from .ontology import YEARS
from .splits import SCHEMES

if TYPE_CHECKING:
    import pandas as pd

CALIBRATED, YES, NO = "calibrated", "yes", "no"
COLUMNS = (*REQUIRED, *OPTIONAL, CALIBRATED)
FLOOR = 1e-30


@dataclass
class OutOfFold:
    """Predictions of one target, learner and scheme for samples that their fold did not train on.

    Attributes
    ----------
    target, model, scheme : str
        What was predicted, by which learner, under which scheme.
    samples : numpy.ndarray
        ``(n_samples,)`` of str.
    fold : numpy.ndarray
        ``(n_samples,)`` of int.
    truth : numpy.ndarray
        ``(n_samples,)`` of str.
    study : numpy.ndarray
        ``(n_samples,)`` of str, the unit that counts once in headline figures.
    distance : numpy.ndarray
        ``(n_samples,)``, float32: from the nearest class of the fold; see `calibration.Novelty`.
    classes : list of str
        The columns of `probabilities`.
    probabilities : numpy.ndarray
        ``(n_samples, n_classes)``, float32; 0 for a class that the fold did not know.
    calibrated : bool
        Whether they are; a model is calibrated on those that are not.
    """

    target: str
    model: str
    scheme: str
    samples: np.ndarray
    fold: np.ndarray
    truth: np.ndarray
    study: np.ndarray
    distance: np.ndarray
    classes: list[str]
    probabilities: np.ndarray
    calibrated: bool = False

    def logits(self) -> np.ndarray:
        """Return log probabilities ``(n_samples, n_classes)``; -inf for classes not known."""
        with np.errstate(divide="ignore"):
            logits: np.ndarray = np.log(self.probabilities)
        return logits

    def truth_index(self) -> np.ndarray:
        """Return the true class of each sample as an index into `classes`, ``(n_samples,)``."""
        index = {name: i for i, name in enumerate(self.classes)}
        return np.array([index[name] for name in self.truth])

    def truth_or_unknown(self) -> np.ndarray:
        """Return the same, but -1 where the sample's fold did not know its class."""
        truth = self.truth_index()
        known = self.probabilities[np.arange(len(truth)), truth] > 0
        return np.where(known, truth, -1)

    def frame(self) -> pd.DataFrame:
        """Return the predictions as rows of ``predictions.tsv``."""
        import pandas as pd

        best = self.probabilities.argmax(axis=1)
        frame = pd.DataFrame(
            {
                "sample_id": self.samples,
                "target": self.target,
                "model": self.model,
                "scheme": self.scheme,
                "fold": self.fold,
                "truth": self.truth,
                "predicted": np.array(self.classes, dtype=object)[best],
                "probability": _text(self.probabilities[np.arange(len(best)), best]),
                "study": self.study,
                CALIBRATED: YES if self.calibrated else NO,
                "distance": _text(self.distance),
            }
        )
        columns = {
            PROB + name: _text(self.probabilities[:, i]) for i, name in enumerate(self.classes)
        }
        return pd.concat([frame, pd.DataFrame(columns)], axis=1)


@dataclass
class YearsOutOfFold:
    """Predicted years for samples that their fold did not train on; arrays ``(n_samples,)``."""

    model: str
    scheme: str
    samples: np.ndarray
    fold: np.ndarray
    truth: np.ndarray
    predicted: np.ndarray
    study: np.ndarray

    def frame(self) -> pd.DataFrame:
        """Return the predictions as rows of ``predictions.tsv``, target ``age_years``."""
        import pandas as pd

        return pd.DataFrame(
            {
                "sample_id": self.samples,
                "target": YEARS,
                "model": self.model,
                "scheme": self.scheme,
                "fold": self.fold,
                "truth": [_years(value) for value in self.truth],
                "predicted": [_years(value) for value in self.predicted],
                "probability": "",
                "study": self.study,
            }
        )


def _years(value: float) -> str:
    """Write a number so that reading gives the same."""
    return repr(float(value)).removesuffix(".0")


def _text(values: np.ndarray) -> list[str]:
    """Write float32 so that reading gives the same float32."""
    return [f"{value:.9g}" for value in values.astype(np.float32)]


def write_predictions(results: list[OutOfFold | YearsOutOfFold], path: str | Path) -> None:
    """Write out-of-fold predictions as TSV, whole or not at all.

    Rows are in one order whatever came first, so that folds run apart and gathered give the same
    table as folds run together.
    """
    import pandas as pd

    frames = [result.frame() for result in results]
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(COLUMNS))
    table = table.sort_values(["target", "model", "scheme", "sample_id"], kind="stable")
    with atomic_output(path) as temporary:
        table.to_csv(temporary, sep="\t", index=False, na_rep="", lineterminator="\n")


def read_out_of_fold(paths: list[Path]) -> list[OutOfFold | YearsOutOfFold]:
    """Read files of one run back, joined by target, learner and scheme.

    Parameters
    ----------
    paths : list of pathlib.Path
        Files that `write_predictions` wrote, each perhaps with some folds only.

    Returns
    -------
    list of OutOfFold or YearsOutOfFold
        One a target, learner and scheme, samples in order of their ids.

    Raises
    ------
    DataError
        A file is not predictions, is damaged, or a sample stands in it twice.
    """
    import pandas as pd

    where = ", ".join(map(str, paths))
    table = pd.concat([read_table(path, COLUMNS)[0] for path in paths], ignore_index=True)
    if table.empty:
        raise DataError(f"{where}: no predictions in it: give what --predictions wrote")
    results: list[OutOfFold | YearsOutOfFold] = []
    for (target, model, scheme), rows in table.groupby(["target", "model", "scheme"], sort=True):
        rows = rows.sort_values("sample_id", kind="stable")
        twice = rows["sample_id"].duplicated()
        if twice.any():
            raise DataError(
                f"{where}: sample {rows['sample_id'][twice].iloc[0]} stands twice in {target}, "
                f"{model}, {scheme}: give each fold once"
            )
        if scheme not in SCHEMES:
            raise DataError(
                f"{where}: there is no scheme '{scheme}' (only {', '.join(SCHEMES)}): give what "
                f"--predictions wrote, unchanged"
            )
        shared: dict[str, Any] = {
            "model": model,
            "scheme": scheme,
            "samples": rows["sample_id"].to_numpy(),
            "fold": _numbers(rows[["fold"]], int, where)[:, 0],
            "study": rows["study"].to_numpy(),
        }
        if target == YEARS:
            truth, predicted = _numbers(rows[["truth", "predicted"]], float, where).T
            results.append(YearsOutOfFold(truth=truth, predicted=predicted, **shared))
            continue
        columns = [c for c in rows.columns if c.startswith(PROB) and rows[c].notna().any()]
        classes = [name.removeprefix(PROB) for name in columns]
        unknown = sorted(set(rows["truth"]) - set(classes))
        if unknown:
            raise DataError(
                f"{where}: target {target}: the truth '{unknown[0]}' has no column "
                f"'{PROB}{unknown[0]}': give what --predictions wrote, unchanged"
            )
        results.append(
            OutOfFold(
                target=str(target),
                truth=rows["truth"].to_numpy(),
                distance=_numbers(rows[["distance"]], np.float32, where)[:, 0],
                classes=classes,
                probabilities=_probabilities(rows, columns, where),
                calibrated=_calibrated(rows, where),
                **shared,
            )
        )
    return results


def _calibrated(rows: pd.DataFrame, where: str) -> bool:
    found = set(rows[CALIBRATED])
    if len(found) != 1 or not found <= {YES, NO}:
        raise DataError(
            f"{where}, column {CALIBRATED}: {YES} or {NO} is wanted in all rows of a target, "
            "learner and scheme: give what --predictions wrote in one way"
        )
    return found == {YES}


def _probabilities(rows: pd.DataFrame, columns: list[str], where: str) -> np.ndarray:
    """Return probabilities ``(n_samples, n_classes)``; 0 for a class that a fold did not know."""
    found = rows[columns].fillna(0.0).to_numpy(dtype=np.float32)
    sound = ((found >= 0) & (found <= 1)).all(axis=1) & (abs(found.sum(axis=1) - 1) <= ROUNDING)
    if not sound.all():
        raise DataError(
            f"{where}: the probabilities of sample {rows['sample_id'].iloc[int(sound.argmin())]} "
            f"do not lie between 0 and 1, or do not sum to 1: give what --predictions wrote, "
            f"unchanged"
        )
    return found


def _numbers(cells: pd.DataFrame, kind: type, where: str) -> np.ndarray:
    """Return cells of text as finite numbers ``(n_rows, n_columns)``."""
    try:
        numbers = cells.to_numpy(dtype=kind)
    except (ValueError, OverflowError) as error:
        raise DataError(
            f"{where}, column {' or '.join(cells.columns)}: {error}: give what --predictions "
            f"wrote, unchanged"
        ) from None
    if not np.isfinite(numbers).all():
        raise DataError(f"{where}: holds numbers that are not finite: run the folds anew")
    return numbers
