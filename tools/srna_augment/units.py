"""Units of expression values: counts, fractional counts, RPM; what is refused, and how to mend it.

All tables that enter the suite are linear. A logarithm is undone when the user says which one it is
(``--units log2``), and refused when only the values say so: there is never a log of a log.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np

from .errors import DataError, UsageError
from .expression import ExpressionTable

logger = logging.getLogger("srna_augment")

COUNTS = "counts"
FRACTIONAL_COUNTS = "fractional counts"
RPM = "rpm"
UNITS = ("auto", "counts", "rpm", "log2", "log10", "ln")
"""What a user can insist on; ``rpm`` is CPM, TPM of mature miRNAs, and any other proportion."""

_ALIASES = {
    "cpm": "rpm",
    "tpm": "rpm",
    "rpkm": "rpm",
    "fractional counts": "counts",
    "log2 rpm": "log2",
    "log2 cpm": "log2",
    "log10 rpm": "log10",
    "log10 cpm": "log10",
    "ln rpm": "ln",
    "log1p": "ln",
}

_BASES = {"log2": 2.0, "log10": 10.0, "ln": np.e}
# No library has 2**35 reads of one miRNA, so fractions that never pass this are logarithms.
_MAX_LOG = 35.0
_MAX_READS = 1e11
# A PCR ends after 40 to 45 cycles, and hardly sees anything in the first ones.
_MIN_CYCLES, _MAX_CYCLES = 2.0, 50.0
# Samples of RPM that add up to less are said: whatever was left out, that is no library.
_SMALL_SUM = 1e4
# Fewer fractions may have three decimals by chance.
_MIN_MARKED = 3
# A unit is not called mixed for so small a share of samples, whose look may be chance.
_FEW = 0.05
# Values looked at together: 32 MB in float32.
_BLOCK_VALUES = 8_000_000


@dataclass(frozen=True)
class Profile:
    """What the values of a table look like, from one pass over them.

    Attributes
    ----------
    sums : numpy.ndarray
        ``(n_samples,)`` sum of the reported values of each sample.
    n_positive, n_whole : numpy.ndarray
        ``(n_samples,)`` values above zero of each sample, and the integers among them.
    n_values, n_minimum : int
        Reported values, and those equal to the minimum.
    minimum, maximum : float
        Over all reported values; NaN where nothing is reported.
    place : str
        Where the lowest value is, for messages; empty where it is not negative.
    """

    sums: np.ndarray
    n_positive: np.ndarray
    n_whole: np.ndarray
    n_values: int
    n_minimum: int
    minimum: float
    maximum: float
    place: str = ""


def profile(values: np.ndarray) -> Profile:
    """Look once over a table, block by block.

    Parameters
    ----------
    values : numpy.ndarray
        ``(n_samples, n_features)``, float32, NaN where not reported.
    """
    n_samples, n_features = values.shape
    sums = np.zeros(n_samples)
    n_positive = np.zeros(n_samples, dtype=np.int64)
    n_whole = np.zeros(n_samples, dtype=np.int64)
    n_values = n_minimum = 0
    minimum = maximum = float("nan")
    # Blocks follow the memory order, so that a transposed table is read sequentially, too.
    by_feature = values.flags.f_contiguous and not values.flags.c_contiguous
    length, width = (n_features, n_samples) if by_feature else (n_samples, n_features)
    step = max(1, _BLOCK_VALUES // max(1, width))
    for start in range(0, length, step):
        part = slice(start, start + step)
        block = values[:, part] if by_feature else values[part]
        samples = slice(None) if by_feature else part
        unknown = np.isnan(block)
        n_values += block.size - int(np.count_nonzero(unknown))
        sums[samples] += np.sum(block, axis=1, dtype=np.float64, where=~unknown)
        positive = block > 0
        n_positive[samples] += np.count_nonzero(positive, axis=1)
        positive &= block == np.rint(block)
        n_whole[samples] += np.count_nonzero(positive, axis=1)
        low = float(np.fmin.reduce(block, axis=None))
        if not low >= minimum:  # lower, or the first
            n_minimum = n_minimum if np.isnan(low) else 0
            minimum = float(np.fmin(minimum, low))
        if low == minimum:
            n_minimum += int(np.count_nonzero(block == low))
        maximum = float(np.fmax(maximum, np.fmax.reduce(block, axis=None)))
    return Profile(sums, n_positive, n_whole, n_values, n_minimum, minimum, maximum)


def recognise(found: Profile, where: str) -> str:
    """Tell the unit of a table from its values.

    Parameters
    ----------
    found : Profile
        What the values look like.
    where : str
        The table's name, for messages.

    Returns
    -------
    str
        ``counts``, ``fractional counts`` or ``rpm``.

    Raises
    ------
    DataError
        The values are logarithms, z-scores, proportions or negative; the line names the mending.
    """
    if found.n_values == 0:
        raise DataError(f"{where}: no value is reported: every cell is empty")
    if found.maximum <= 0 and found.minimum == 0:
        raise DataError(f"{where}: all values are zero: nothing was counted")
    if found.minimum < 0:
        raise DataError(_negative(found, where))
    n_positive, n_whole = int(found.n_positive.sum()), int(found.n_whole.sum())
    fractions = n_whole < n_positive
    sums = found.sums[found.sums > 0]
    if fractions and found.maximum <= 1.0 and _around(sums, 1.0, 0.5):
        raise DataError(_proportions(where, "proportions (samples sum to 1)"))
    if fractions and found.maximum <= 100.0 and _around(sums, 100.0, 0.05):
        raise DataError(_proportions(where, "percentages (samples sum to 100)"))
    if _around(sums, 1e6, 0.02) and (fractions or sums.size > 2):
        return RPM
    if not fractions:
        return COUNTS
    if found.maximum <= _MAX_LOG:
        raise DataError(
            f"{where}: values look logged (fractions, none above {found.maximum:.3g}): give "
            "counts or RPM, or say which logarithm it is with --units log2 (of x + 1; also "
            "log10, ln), or insist on --units rpm"
        )
    if found.maximum <= _MAX_CYCLES and found.minimum >= _MIN_CYCLES:
        raise DataError(
            f"{where}: values look like cycles of a PCR (from {found.minimum:.3g} to "
            f"{found.maximum:.3g}), which are low where expression is high: give counts or RPM of "
            "sequencing, or insist on --units rpm"
        )
    # Reads shared among features leave many counts whole; a division by depth leaves hardly any.
    divided = (found.n_whole < 0.2 * found.n_positive) & (found.sums < 2.5e6)
    counted = found.n_positive > 0
    share = np.mean(divided[counted])
    if share > 1 - _FEW:
        return RPM
    if share > _FEW:
        logger.warning(
            "%s: %d of %d samples look normalised and the others are counts: fine for relative "
            "abundances, but the depth of these samples is unknown",
            where,
            np.count_nonzero(divided & counted),
            divided.size,
        )
        return RPM
    return FRACTIONAL_COUNTS


def _are_marked(values: np.ndarray, found: Profile) -> bool:
    """Tell whether fractions may be numbers above 999 with a point as the mark of thousands.

    Numbers below have none and are whole; real fractions are below 1, too, or have all kinds of
    decimals, or are all that there is.
    """
    n_fractions = int(found.n_positive.sum() - found.n_whole.sum())
    if n_fractions < _MIN_MARKED or found.n_whole.sum() < _FEW * found.n_positive.sum():
        return False
    flat = values if values.flags.c_contiguous else values.T
    step = max(1, _BLOCK_VALUES // max(1, flat.shape[1]))
    n_long = 0
    for start in range(0, flat.shape[0], step):
        block = flat[start : start + step]
        fractions = block[(block > 0) & (block != np.rint(block))].astype(np.float64)
        # as near as a float32 is
        thousands = fractions * 1000
        if np.any((fractions < 1) | (np.abs(thousands - np.rint(thousands)) > 1e-4 * fractions)):
            return False
        n_long += int(np.count_nonzero(np.rint(thousands) % 10))
    return n_long > n_fractions / 2


def _around(sums: np.ndarray, target: float, tolerance: float) -> bool:
    """Tell whether nine in ten samples sum to a target within a relative tolerance."""
    return sums.size > 0 and bool(np.mean(np.abs(sums / target - 1) <= tolerance) >= 0.9)


def _negative(found: Profile, where: str) -> str:
    if found.maximum > 50:
        return (
            f"{where}: has negative values (the lowest is {found.minimum:.3g}{found.place}): "
            "counts and RPM cannot be negative: take out background subtraction or batch "
            "correction"
        )
    if found.n_minimum > max(
        1, 0.01 * found.n_values
    ):  # what zero became is the floor of a logarithm
        return (
            f"{where}: values look logged with a small offset (range {found.minimum:.3g} to "
            f"{found.maximum:.3g}): give counts or RPM, or say which logarithm it is with "
            "--units log10 (also log2, ln)"
        )
    mean = found.sums.sum() / found.n_values
    if mean > -found.minimum:  # of a centred scale, half lies below 0, and as far
        return (
            f"{where}: values look logged (from {found.minimum:.3g} to {found.maximum:.3g}, "
            f"{mean:.3g} on average): give counts or RPM, or say which logarithm it is with "
            "--units log2 (also log10, ln)"
        )
    return (
        f"{where}: values look like z-scores or another centred scale (range {found.minimum:.3g} "
        f"to {found.maximum:.3g}), which cannot be undone: give the counts or RPM that they were "
        "made of"
    )


def _proportions(where: str, what: str) -> str:
    return f"{where}: values are {what}: take them as shares of a library with --units rpm"


def undo_logarithm(values: np.ndarray, units: str, found: Profile) -> str:
    """Turn logarithms into linear values, in place.

    The offset is read off the floor: where the lowest value is repeated it is what zero became, so
    that ``log2(x + 1)``, ``log10(x + 0.001)`` and others are undone exactly.

    Parameters
    ----------
    values : numpy.ndarray
        ``(n_samples, n_features)``, float32, logarithms; changed.
    units : str
        ``log2``, ``log10`` or ``ln``.
    found : Profile
        What the values look like.

    Returns
    -------
    str
        One line on what was undone.
    """
    base = _BASES[units]
    has_floor = found.n_minimum > 1 and found.n_minimum > 0.001 * found.n_values
    offset = base**found.minimum if has_floor else 0.0
    # Into the contiguous view: blocks of a transposed table would be strided otherwise.
    flat = values if values.flags.c_contiguous else values.T
    step = max(1, _BLOCK_VALUES // max(1, flat.shape[1]))
    for start in range(0, flat.shape[0], step):
        block = flat[start : start + step]
        np.power(np.float32(base), block, out=block)
        if offset:
            block -= np.float32(offset)
            np.maximum(block, 0, out=block)  # rounding leaves -1e-8 at the floor; NaN stays NaN
    return f"{units} undone with an offset of {offset:.3g}"


def take_units(table: ExpressionTable, units: str, where: str) -> tuple[str, str]:
    """Bring a table to linear values, as recognised or as the user insists.

    Parameters
    ----------
    table : ExpressionTable
        ``(n_samples, n_features)``, float32; its values change where a logarithm is undone.
    units : str
        One of `UNITS`.
    where : str
        The table's name, for messages.

    Returns
    -------
    units, note : str
        Unit of the values now, and what was done to them (may be empty).

    Raises
    ------
    DataError
        The values cannot be counts or RPM.
    UsageError
        No such unit.
    """
    asked = units
    units = units.strip().lower()
    units = _ALIASES.get(units, units)
    if units not in UNITS:
        raise UsageError(f"--units {asked}: there is no such unit: use one of {', '.join(UNITS)}")
    values = table.values
    found = profile(values)
    if found.minimum < 0:
        row, column = np.unravel_index(np.nanargmin(values), values.shape)
        place = f" in sample '{table.samples[row]}', feature '{table.features[column]}'"
        found = replace(found, place=place)
    if found.maximum > _MAX_READS and units not in _BASES:
        raise DataError(
            f"{where}: holds a value of {found.maximum:.3g}, and no library has so many reads: "
            "correct that cell"
        )
    if units == "auto":
        units = recognise(found, where)
        if units != COUNTS and found.maximum < 1000 and _are_marked(values, found):
            raise DataError(
                f"{where}: no value is above 999, and all fractions have three decimals (such as "
                f"{found.maximum:.3f}), so that points may be marks of thousands: write thousands "
                "without a mark, or insist on --units counts or rpm"
            )
        typical = float(np.median(found.sums))
        if units == RPM and typical < _SMALL_SUM:
            logger.warning(
                "%s: taken for RPM, though samples add up to %.3g, not to a million: are these "
                "relative amounts of a PCR or an array, which no model here was trained for?",
                where,
                typical,
            )
        return units, ""
    if units in _BASES:
        if found.maximum > np.log(_MAX_READS) / np.log(_BASES[units]):
            raise DataError(
                f"{where}: a {units} of {found.maximum:.4g} would be more reads than any library "
                "has: the values are not logged that way: leave out --units, or name another"
            )
        return RPM, undo_logarithm(values, units, found)
    if found.minimum < 0:
        raise DataError(
            f"{where}: --units {units} cannot be true, since the lowest value is "
            f"{found.minimum:.3g}{found.place}: counts and RPM are never negative"
        )
    if units == RPM:
        return RPM, ""
    whole = np.array_equal(found.n_whole, found.n_positive)
    return (COUNTS if whole else FRACTIONAL_COUNTS), ""
