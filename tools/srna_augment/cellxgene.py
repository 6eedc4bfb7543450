"""The annotated table with the fields and words of the CELLxGENE schema, and what each rests on.

Fields and the word ``unknown``: schema 5 of github.com/chanzuckerberg/single-cell-curation.
Evidence: terms of the Evidence and Conclusion Ontology (ECO).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from . import ontology

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN = "unknown"
STATED = "ECO:0000204"  # author statement: the metadata's own label
COMPUTED = "ECO:0007669"  # computational evidence used in automatic assertion: a call
FIELDS = {"tissue": "tissue", "sex": "sex", "age": "development_stage"}


def cellxgene_table(annotated: pd.DataFrame, targets: Sequence[str]) -> pd.DataFrame:
    """Return one term and its evidence for each sample and field.

    What the metadata say comes first: a term id, then a label that has a term. Where they say
    nothing, the term of a call is taken; a prediction that was withheld, or of a sample out of
    distribution, is not.

    Parameters
    ----------
    annotated : pandas.DataFrame
        The table of `srna_augment.annotate.annotate`.
    targets : sequence of str
        Targets that were predicted.

    Returns
    -------
    pandas.DataFrame
        Strings: ``sample_id``, then ``<field>_ontology_term_id`` and ``<field>_evidence`` of
        tissue, sex and development_stage. ``unknown``, without evidence, where nothing is known.
    """
    import pandas as pd

    columns: dict[str, np.ndarray] = {"sample_id": annotated["sample_id"].to_numpy()}
    for target, field in FIELDS.items():
        stated, silent = _stated(annotated, target, f"{field}_ontology_term_id")
        computed = np.full(len(annotated), "", dtype=object)
        if target in targets:
            computed = annotated[f"{target}_pred_ontology_term_id"].to_numpy(dtype=object)
        computed = np.where(silent, computed, "")
        term = np.where(stated != "", stated, np.where(computed != "", computed, UNKNOWN))
        evidence = np.where(stated != "", STATED, np.where(computed != "", COMPUTED, ""))
        columns[f"{field}_ontology_term_id"] = term
        columns[f"{field}_evidence"] = evidence
    return pd.DataFrame(columns, dtype=object)


def _stated(annotated: pd.DataFrame, target: str, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the terms that the metadata give, and in which rows they say nothing.

    A label without a term, or that is no class, is a statement too: a call must not replace it.
    """
    names = ontology.labels(annotated, target)
    terms = np.array([ontology.term_id(target, name) for name in names], dtype=object)
    silent = np.array([label == "" for label in ontology.given(annotated, target)], dtype=bool)
    if column in annotated.columns:
        given = annotated[column].astype(object).to_numpy()
        blank = np.array([ontology.is_blank(cell) for cell in given])
        terms, silent = np.where(blank, terms, given), silent & blank
    return terms, silent
