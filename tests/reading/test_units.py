import numpy as np
import pytest

from srna_augment.errors import DataError
from srna_augment.expression import ExpressionTable
from srna_augment.reading import read_tables
from srna_augment.units import profile, recognise, take_units

NAN = np.nan


def array(rows):
    return np.array(rows, dtype=np.float32)


def table(values):
    n_samples, n_features = values.shape
    return ExpressionTable(
        values, [f"S{i}" for i in range(n_samples)], [f"f{i}" for i in range(n_features)], ""
    )


@pytest.mark.parametrize(
    ("values", "units"),
    [
        ([[5, 0, 900], [1, 2, 40]], "counts"),
        ([[5, NAN, 3], [1, 2, 4]], "counts"),  # few reads are few reads, not logarithms
        ([[5, 0.5, 900], [1, 2.5, 40]], "fractional counts"),
        ([[1.5, 999_000.5, 998], [250_000.4, 749_000.6, 999]], "rpm"),
        ([[500_000, 500_000], [400_000, 600_000], [1, 999_999]], "rpm"),
        ([[0.31, 812_345.6, 27.4], [3.71, 412_345.6, 2117.4]], "rpm"),  # of the whole library
    ],
)
def test_units_are_recognised(values, units):
    assert recognise(profile(array(values)), "t") == units


def test_profile_is_the_same_in_both_memory_orders():
    rng = np.random.default_rng(1)
    values = rng.poisson(3, (40, 60)).astype(np.float32)
    values[rng.random(values.shape) < 0.2] = np.nan
    a, b = profile(values), profile(np.asfortranarray(values))
    np.testing.assert_allclose(a.sums, np.nansum(values, axis=1))
    np.testing.assert_allclose(b.sums, a.sums)
    np.testing.assert_array_equal(a.n_positive, (values > 0).sum(axis=1))
    np.testing.assert_array_equal(b.n_positive, a.n_positive)
    np.testing.assert_array_equal(b.n_whole, a.n_whole)
    assert a.n_values == b.n_values == np.isfinite(values).sum()
    assert a.n_minimum == b.n_minimum == (values == 0).sum()


def test_mixed_units_are_said(caplog):
    values = array([[5, 7, 90_000], [12.31, 700.42, 80_000.7]])
    assert recognise(profile(values), "t") == "rpm"
    assert "1 of 2 samples look normalised and the others are counts" in caplog.text


def test_cycles_of_a_pcr_are_no_reads():
    values = array([[21.35, 40, 28.5], [19.8, 38.25, 40]])
    with pytest.raises(DataError, match=r"cycles of a PCR \(from 19.8 to 40\), .* give counts"):
        recognise(profile(values), "t")


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    ("units", "forward"),
    [
        ("log2", lambda x: np.log2(x + 1)),
        ("log10", lambda x: np.log10(x + 0.001)),
        ("ln", np.log1p),
        ("log2 rpm", lambda x: np.log2(x + 1)),
        ("log2", lambda x: np.log2(x + 0.5)),
    ],
)
def test_logarithms_are_undone_with_their_own_offset(units, forward, order):
    linear = np.array([[0, 10, 1000, 0, 7], [0, 0, 250, 90_000, 1]], dtype=np.float64)
    values = np.array(forward(linear), dtype=np.float32, order=order)
    found, note = take_units(table(values), units, "t")
    assert found == "rpm"
    assert "undone with an offset of" in note
    np.testing.assert_allclose(values, linear, rtol=1e-4, atol=1e-3)


def test_a_gap_stays_a_gap_when_a_logarithm_is_undone():
    values = array([[0, NAN, 3], [0, 1, 2]])
    take_units(table(values), "log2", "t")
    np.testing.assert_allclose(values, [[0, NAN, 7], [0, 1, 3]])


def test_counts_are_no_logarithms_whatever_is_said():
    with pytest.raises(DataError, match="would be more reads than any library has"):
        take_units(table(array([[5, 90_000]])), "log2", "t")


def test_insisting_never_makes_negative_counts():
    with pytest.raises(
        DataError,
        match="--units rpm cannot be true, since the lowest value is -1 in sample 'S0', feature",
    ):
        take_units(table(array([[5.5, -1]])), "rpm", "t")


def test_proportions_are_taken_when_told():
    values = array([[0.25, 0.75], [0.5, 0.5]])
    assert take_units(table(values), "rpm", "t") == ("rpm", "")


def test_counts_and_the_same_divided_by_depth_are_one_sample(tmp_path):
    rng = np.random.default_rng(7)
    counts = rng.integers(0, 5000, size=(3, 40))
    rpm = counts / counts.sum(axis=1, keepdims=True) * 1e6
    other = rng.integers(0, 5000, size=40) / 7  # a library of its own, which no counts are of
    lines = ["miRNA,S1,S1 norm,S2,S2 norm,S3,S4"]
    for column in range(40):
        cells = [counts[0], rpm[0], counts[1], rpm[1], counts[2], other]
        lines.append(f"hsa-miR-{300 + column}-5p," + ",".join(f"{x[column]:.6g}" for x in cells))
    path = tmp_path / "both.csv"
    path.write_text("\n".join(lines) + "\n")
    table = read_tables(path)
    assert table.samples == ["S1", "S2", "S3", "S4"]
    np.testing.assert_array_equal(table.values[:3], counts)
    assert "left out as others divided by depth: S1 norm and 1 more" in table.recognised
    # A single zero library is no twin of another.
    path.write_text("miRNA,S1,S2\nhsa-miR-21-5p,0,1.5\nhsa-let-7a-5p,0,90.5\n")
    assert read_tables(path).samples == ["S1", "S2"]


MARKED = [[1.234, 17, 0, 567, 29.806], [12.345, 3, 8, 102, 999.001]]


@pytest.mark.parametrize("order", ["C", "F"])
def test_points_that_may_be_marks_of_thousands_are_refused(order):
    values = np.asarray(array(MARKED), order=order)
    with pytest.raises(DataError, match=r"all fractions have three decimals \(such as 999.001\)"):
        take_units(table(values), "auto", "t")
    assert take_units(table(values), "counts", "t")[0] == "fractional counts"
    assert take_units(table(values), "rpm", "t")[0] == "rpm"


@pytest.mark.parametrize(
    "other",
    [
        [0.234, 500, 1, 2, 3],  # below 1
        [1.2345, 500, 1, 2, 3],  # four decimals
        [1.5, 2.5, 3.5, 500.25, 4.5],  # mostly fewer
        [1234, 500, 1, 2, 3],  # above 999 without a mark
    ],
)
def test_fractions_that_are_no_marks_are_read(other):
    assert take_units(table(array([*MARKED, other])), "auto", "t")[0] in (
        "fractional counts",
        "rpm",
    )


def test_a_table_of_three_decimals_alone_is_read():
    values = array([[1.234, 17.123, 0, 567.111], [12.345, 3.003, 8.102, 999.001]])
    assert take_units(table(values), "auto", "t")[0] == "rpm"


def test_a_logarithm_with_some_values_below_zero_is_no_centred_scale():
    """As normalised counts give where some are below 1; of z-scores half are below 0."""
    values = array([[2.31, 4.2, 0.4, -0.15], [3.1, 5.37, 1.02, 0.07]])
    with pytest.raises(DataError, match=r"look logged \(from -0.15 to 5.37, 2.04 on average\)"):
        recognise(profile(values), "t")
    with pytest.raises(DataError, match="look like z-scores"):
        recognise(profile(array([[-1.2, 0.3, 1.4], [1.1, -0.4, -1.3]])), "t")


def test_relative_amounts_that_pass_for_rpm_are_said(caplog):
    small = [[3.31, 40.2, 0.8], [2.7, 38.25, 1.3]]
    assert take_units(table(array(small)), "auto", "t")[0] == "rpm"
    assert "t: taken for RPM, though samples add up to 43.3, not to a million" in caplog.text
    caplog.clear()
    assert take_units(table(array(small) * 999.7), "auto", "t")[0] == "rpm"
    assert not caplog.text


EMPTY = "33 % of the cells are empty and none is 0"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["hsa-miR-21-5p\t5\t\t7", "hsa-miR-22-3p\t\t2\t9"], True),
        (["hsa-miR-21-5p\t5\t\t7", "hsa-miR-22-3p\t\t2\t0"], False),
        (["hsa-miR-21-5p\t5\t4\t7", "hsa-miR-22-3p\t3\t2\t9"], False),
    ],
)
def test_empty_cells_that_may_be_zeros_are_said(rows, said, tmp_path, caplog):
    path = tmp_path / "t.tsv"
    path.write_text("\n".join(["name\tA\tB\tC", *rows]) + "\n")
    read_tables([path])
    assert (EMPTY in caplog.text) == said


def test_lists_of_what_each_sample_has_are_said_when_they_are_joined(tmp_path, caplog):
    paths = [tmp_path / "A.tsv", tmp_path / "B.tsv"]
    for path, other in zip(paths, ("hsa-miR-22-3p", "hsa-miR-23a-3p"), strict=True):
        path.write_text(f"name\t{path.stem}\nhsa-miR-21-5p\t5\n{other}\t2\n")
    read_tables([paths[0]])
    assert EMPTY not in caplog.text
    read_tables(paths)
    assert EMPTY in caplog.text
