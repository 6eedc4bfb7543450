"""Which column names the rows of a table, and which say where features lie on a genome."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from srna_augment.errors import DataError
from srna_augment.features.names import MIRNA, kind_of, looks_like_feature, looks_like_mature

# What describes features, and no sample, is called, without dots, blanks and the like.
_OF_FEATURES = re.compile(
    r"(?:chrom|tx|thick|gene|mirna|pre|precursor|hairpin|mat|mature)?(?:start|end|stop)(?:position)?|"
    r"(?:smallrna|mirna|mature|precursor|seq(?:uence)?|read|feature|transcript|gene)?length|width|"
    r"score|nloci|itemrgb|blockcount|description|mismatches"
)
_OF_PLACES = frozenset(
    {"chr", "chrom", "chromosome", "seqname", "seqnames", "contig", "scaffold", "strand"}
)
# Texts that many features share; a column of samples has another name.
_OF_CLASSES = frozenset(
    {"type", "biotype", "rnatype", "genetype", "class", "category", "family", "species",
     "organism", "source", "feature", "arm"}
)  # fmt: skip
_OF_ROWS = frozenset(
    {"", "x", "index", "unnamed0", "id", "no", "nr", "number", "entrez", "entrezid"}
)  # fmt: skip
_CHROMOSOME = re.compile(
    r"chr(?:omosome)?[ _.-]?(?:[1-9]\d?[LR]?|[IVX]+|[XYZWM]|MT|Un)(?:[_.]\w+)*|"
    r"(?:N[CTW]_\d{6}|[GK][IL]\d{6})\d*\.\d+",
    re.IGNORECASE,
)
_STRANDS = frozenset({"+", "-", ".", "*"})
# Names looked at on each axis to tell which holds the features.
_MAX_NAMES = 2000
# Columns of annotation are among the first, or hold text alone: values are not looked through.
_N_FIRST = 64
# Nucleotides of a small RNA or its precursor.
_LENGTHS = range(10, 400)


def describes_features(column: str) -> bool:
    """Tell by its name in the header whether a column of numbers is a length, a place or such."""
    return _OF_FEATURES.fullmatch(word(column)) is not None


def share_of_features(names: Sequence[str]) -> float:
    """Return the share of names, of the first few, that look like small RNAs."""
    some = names[:_MAX_NAMES]
    return sum(map(looks_like_feature, some)) / len(some) if some else 0.0


def column_of_names(
    rows: Sequence[Sequence[str]],
    header: Sequence[str],
    text: Sequence[int],
    places: Collection[int],
    where: str,
) -> int:
    """Find the column that names the rows: the first, unless another plainly does.

    Another does where it has names of small RNAs and the first has none, as behind pandas' index
    or a gene's place; where it has miRNAs and the first their sequences or genes; or where it has
    matures and the first repeats the precursors that they are of.

    Parameters
    ----------
    rows : sequence of sequence of str
        Some rows.
    header : sequence of str
        The cells above them.
    text : sequence of int
        Columns of text alone.
    places : collection of int
        Columns of chromosomes and strands.
    where : str
        The table's name, for messages.

    Raises
    ------
    DataError
        A table with several columns of values may have a row for each sample and feature. (One of
        a single column is refused when all rows are read.)
    """
    first = [row[0] for row in rows]
    no_numbers = set(text)
    numbers = [cell for column, cell in enumerate(header) if column not in no_numbers]
    if len(rows) < 2 or share_of_features(numbers) >= 0.2:
        return 0
    found = {
        column: [row[column] for row in rows]
        for column in _few(header, text)
        if column and share_of_features([row[column] for row in rows]) >= 0.5
    }
    matures = {column: cells for column, cells in found.items() if _share_of_matures(cells) >= 0.5}
    first_is_feature = share_of_features(first) >= 0.2
    first_is_mirna = sum(kind_of(cell) == MIRNA for cell in first) >= 0.2 * len(first)
    for column, cells in (matures or found).items():
        if not first_is_feature:
            repeats = 0 in text and len(set(first)) < len(first)
            if places or word(header[0]) in _OF_CLASSES:
                return column
            if not repeats and len(set(cells)) == len(cells):
                return column
            if repeats and len(numbers) > 1:
                raise DataError(
                    f"{where}: has names of small RNAs in column {_shown(header, column)}, and "
                    f"repeats '{first[0]}' in the first: if it has a row for each sample and "
                    "feature (a long table), spread it to a column for each sample, as tidyr's "
                    "pivot_wider or pandas' pivot do; if not, put the names into the first column"
                )
        elif (
            len(set(first)) < len(first)
            and all(map(looks_like_mature, cells))
            and not any(map(looks_like_mature, first))
        ) or (not first_is_mirna and sum(kind_of(cell) == MIRNA for cell in cells) * 2 > len(rows)):
            return column
    return 0


def find_places(
    rows: Sequence[Sequence[str]], header: Sequence[str], text: Sequence[int]
) -> list[int]:
    """Find the columns of chromosomes and strands, by their cells or their names in the header."""
    few = {column: {row[column] for row in rows} - {""} for column in _few(header, text)}
    places = [
        column
        for column, cells in few.items()
        if word(header[column]) in _OF_PLACES
        or (cells and all(map(_CHROMOSOME.fullmatch, cells)))
        or (cells <= _STRANDS and "+" in cells)
    ]
    # Dashes alone may be what a sample does not report.
    minus = [column for column, cells in few.items() if cells <= _STRANDS and "-" in cells]
    return sorted({*places, *minus}) if places else []


def without_annotation(
    rows: Sequence[Sequence[str]],
    header: Sequence[str],
    names: int,
    numbers: Sequence[int],
    places: Collection[int],
    where: str,
) -> list[int]:
    """Leave out numbers that stand among names and places: coordinates, scores, running numbers.

    Values stand behind names, chromosomes and strands, or all of them in front. Columns whose names
    in the header say that they describe features are neither; they are left out elsewhere.

    Parameters
    ----------
    rows, header, places, where
        As `column_of_names` takes them.
    names : int
        The column that names the rows, which are features.
    numbers : sequence of int
        Columns that may be values.

    Returns
    -------
    list of int
        The columns of `numbers` that are.

    Raises
    ------
    DataError
        It remains unclear which columns are samples, or there is no column of names.
    """
    columns = [column for column in numbers if column not in places]
    doubtful = [column for column in columns if not describes_features(header[column])]
    if names in places:
        raise DataError(
            f"{where}: has places on a genome in column {_shown(header, names)}, and no column of "
            "names that are known as those of small RNAs: put the names into the first column, "
            "with columns of samples alone behind it"
        )

    def unclear(some: Sequence[int]) -> DataError:
        shown = ", ".join(_shown(header, column) for column in some[:4])
        return DataError(
            f"{where}: cannot tell which columns are samples and which describe the features (such "
            f"as {shown}): put the names, column {_shown(header, names)}, into the first column, "
            "with columns of samples alone behind it"
        )

    ends = sorted({names, *places})
    after = [column for column in doubtful if column > ends[-1]]
    before = [column for column in doubtful if column < ends[0]]
    within = [column for column in doubtful if ends[0] < column < ends[-1]]
    if not places:
        of_rows = _of_rows(rows, header, before, bool(after))
        if after and len(before) > len(of_rows):
            raise unclear([column for column in before if column not in of_rows])
        left_out = of_rows
    elif after:
        if after[0] == ends[-1] + 1 and _are_coordinates(rows, after[:2]):
            raise unclear(after)
        left_out = {*before, *within}
    else:
        left_out = {column for column in within if min(places) < column < max(places)}
        kept = [column for column in doubtful if column not in left_out]
        if not kept or kept[-1] > min(places):
            raise unclear(doubtful or columns or sorted(places))
    return [column for column in columns if column not in left_out]


def _few(header: Sequence[str], text: Sequence[int]) -> list[int]:
    return sorted({*text, *range(min(len(header), _N_FIRST))})


def _of_rows(
    rows: Sequence[Sequence[str]], header: Sequence[str], before: Sequence[int], behind: bool
) -> set[int]:
    """Find running numbers and ids in front of the names; by the header, if values are behind."""
    found = {column for column in before if behind and word(header[column]) in _OF_ROWS}
    if 0 in before and _are_consecutive([row[0] for row in rows]):
        found.add(0)
    return found


def _are_consecutive(cells: Sequence[str]) -> bool:
    return cells[0] in ("0", "1") and cells == [str(int(cells[0]) + i) for i in range(len(cells))]


def _are_coordinates(rows: Sequence[Sequence[str]], columns: Sequence[int]) -> bool:
    """Tell whether two columns are the starts and ends of small RNAs."""
    if len(columns) < 2:
        return False
    pairs = [(row[columns[0]], row[columns[1]]) for row in rows]
    return all(
        start.isdigit() and end.isdigit() and int(end) - int(start) in _LENGTHS
        for start, end in pairs
    )


def _share_of_matures(names: Sequence[str]) -> float:
    return sum(map(looks_like_mature, names)) / len(names)


def _shown(header: Sequence[str], column: int) -> str:
    return header[column] or str(column + 1)


def word(name: str) -> str:
    """Return a name in the header without case, dots, blanks and the like."""
    return re.sub(r"[\W_]", "", name).lower()
