"""What `train-rf` was asked to tell of what its forests look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from ..labelled import Labelled
    from ..learners.forest_importance import LeftOutImportance


@dataclass(frozen=True)
class ImportanceWanted:
    """Where the importance of sRNAs on samples left out shall go.

    Attributes
    ----------
    table : pathlib.Path or None
        A TSV, in the columns of the class tables of `deeplift-score`.
    multiqc : pathlib.Path or None
        Folder for a section of a MultiQC report.
    top : int
        Rows of each class in the table; 0 for all.
    parts : pathlib.Path or None
        HDF5 of what each sample loses, to be gathered.
    gathered : tuple of pathlib.Path
        Such files of all folds, run before; nothing is then measured anew.
    """

    table: Path | None
    multiqc: Path | None
    top: int
    parts: Path | None = None
    gathered: tuple[Path, ...] = ()

    def check(self, folded: list[str]) -> None:
        """Make sure that what was asked for can be had from the schemes that cut folds.

        Raises
        ------
        UsageError
            It cannot.
        """
        shown = self.table is not None or self.multiqc is not None
        if self.gathered and (not shown or self.parts is not None or folded):
            raise UsageError(
                "--importance-from is for --importance or --multiqc, of folds that were run "
                "before: add one of them, with --calibrate-from or --scheme none, and leave out "
                "--save-importance"
            )
        if (shown or self.parts) and not (self.gathered or folded):
            raise UsageError(
                "--importance, --save-importance and --multiqc are of samples that folds left "
                "out: give --scheme random, group or site, or folds run before by "
                "--importance-from"
            )

    def __bool__(self) -> bool:
        """Tell whether anything was asked for."""
        return any(each is not None for each in (self.table, self.multiqc, self.parts))

    def write(self, data: Labelled, importance: LeftOutImportance, scheme: str) -> None:
        """Write what was asked for."""
        from ..attribution import plots, tables
        from ..training import SCHEME_TEXT

        if self.parts is not None:
            importance.parts(scheme).write(self.parts)
        if self.table is None and self.multiqc is None:
            return
        features, found = data.expression.features, importance.results()
        if self.table is not None:
            rows = tables.class_rows(
                data.target, (data.classes, data.classes), features, found,
                importance.differences(), self.top,
            )  # fmt: skip
            tables.write_table(self.table, tables.CLASS_COLUMNS, rows)
        if self.multiqc is not None:
            names = [data.classes[each.group] for each in found]
            shown = plots.heat_map(found, names, features)
            plots.write_importance(self.multiqc, data.target, shown, SCHEME_TEXT[scheme])
