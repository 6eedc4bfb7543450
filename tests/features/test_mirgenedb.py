"""MirGeneDB's ids, as its releases and miRge3 write them."""

import pytest

from srna_augment.features.mirgenedb import of_first_release
from srna_augment.features.resolve import resolve

# one that release 2.0 alone has, and its successor
FIRST, LATER = "Hsa-Let-7-P8_5p", "Hsa-Let-7-P2b2_5p"


def mature(name, *others):
    return resolve([name, *others]).resolved[0].mature


@pytest.mark.parametrize(
    ("name", "first", "later"),
    [
        ("Hsa-Mir-26-P1_5p", "hsa-miR-26a-5p", "hsa-miR-26b-5p"),
        ("Hsa-Mir-10-P2b_5p", "hsa-miR-99a-5p", "hsa-miR-99b-5p"),
        ("Hsa-Mir-148-P2_3p", "hsa-miR-148b-3p", "hsa-miR-152-3p"),
    ],
)
def test_the_other_ids_of_a_table_tell_its_release(name, first, later):
    """Sequences: MirGeneDB 2.1 has UUCAAGUAAUUCAGGAUAGGUU for 26-P1, which is miR-26b."""
    assert mature(name, FIRST) == first
    assert mature(name, LATER) == later
    assert mature(name) == later
    assert of_first_release([name, FIRST])
    assert not of_first_release([name, LATER])


def test_ids_that_one_release_has():
    assert mature(FIRST) == mature(LATER) == "hsa-let-7b-5p"
    assert mature("Hsa-Mir-92-P2_3p") == mature("Hsa-Mir-92-P2c_3p") == "hsa-miR-25-3p"
    assert mature("Hsa-Mir-17-P1c_5p") == "hsa-miR-93-5p"
    assert mature("Hsa-Let-7-P2c1_pre") == "hsa-let-7d"


@pytest.mark.parametrize(
    ("name", "mature_name"),
    [
        ("Hsa-Mir-92-P1a_3p/P1b_3p", "hsa-miR-92a-3p"),
        ("Hsa-Mir-92-P1a_3p chr13 segs:1-30 cds:+:91351359-91351388", "hsa-miR-92a-3p"),
        ("Hsa-Mir-92-P1a_5p*.SNPA chr13 segs:1-31 cds:+:91351322-91351352", "hsa-miR-92a-1-5p"),
        ("Hsa-Let-7-P1a_5p/P2a1_5p/P2a2_5p", "hsa-let-7a-5p"),
        ("Hsa-Mir-133-P1_5p*/Hsa-Mir-133-P2_5p*", "hsa-miR-133a-5p"),
    ],
)
def test_what_mirge_writes(name, mature_name):
    """Merged genes, variants of reads and places of genes, as in its counts with MirGeneDB."""
    found = resolve([name]).resolved[0]
    assert found.mature == mature_name
    assert found.kind == "miRNA"


@pytest.mark.parametrize(
    ("name", "mature_name"),
    [
        ("Hsa-Mir-10-P1a_5p", "hsa-miR-10a-5p"),
        ("Hsa-Mir-10-P1a-v1_5p", "hsa-miR-10a-5p"),
        ("Hsa-Mir-126_3p", "hsa-miR-126-3p"),
        ("Hsa-Mir-142-v3_5p*", "hsa-miR-142-5p"),
        ("Hsa-Mir-10-P3c_5p", "hsa-miR-125b-5p"),
        # one strand, spelled without its arm
        ("Hsa-Mir-451_5p", "hsa-miR-451a"),
    ],
)
def test_variants_are_one_gene_and_each_copy_has_its_arms(name, mature_name):
    assert mature(name) == mature_name


def test_what_no_release_has_is_kept():
    found = resolve(["Hsa-Mir-7854-P9_5p"]).resolved[0]
    assert (found.how, found.species) == ("unlisted", "hsa")
