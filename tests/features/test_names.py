import pytest

from srna_augment.features import kind_of, looks_like_feature, resolve


def keys(name):
    item = resolve([name]).resolved[0]
    return item.mature, item.precursor, item.stem


@pytest.mark.parametrize(
    ("name", "mature", "precursor", "stem"),
    [
        # As miRBase 22.1 writes them.
        ("hsa-miR-200c-3p", "hsa-miR-200c-3p", "hsa-mir-200c", "hsa-mir-200c"),
        ("hsa-mir-200c", "hsa-mir-200c", "hsa-mir-200c", "hsa-mir-200c"),
        ("hsa-let-7a-5p", "hsa-let-7a-5p", "hsa-let-7a", "hsa-let-7a/7c"),  # from three precursors
        ("hsa-let-7a-1", "hsa-let-7a-1", "hsa-let-7a-1", "hsa-let-7a/7c"),
        ("hsa-let-7a-2-3p", "hsa-let-7a-2-3p", "hsa-let-7a-2", "hsa-let-7a/7c"),
        ("hsa-miR-550a-3-5p", "hsa-miR-550a-3-5p", "hsa-mir-550a-3", "hsa-mir-550a"),
        ("hsa-mir-1-2", "hsa-mir-1-2", "hsa-mir-1-2", "hsa-mir-1"),
        ("hsa-miR-451a", "hsa-miR-451a", "hsa-mir-451a", "hsa-mir-451a"),
        # Older releases: no arm, star, and the *a* that came with a *b*.
        ("hsa-miR-1", "hsa-miR-1-3p", "hsa-mir-1", "hsa-mir-1"),
        ("hsa-miR-122", "hsa-miR-122-5p", "hsa-mir-122", "hsa-mir-122"),
        ("hsa-miR-200c*", "hsa-miR-200c-5p", "hsa-mir-200c", "hsa-mir-200c"),
        ("hsa-miR-126", "hsa-miR-126-3p", "hsa-mir-126", "hsa-mir-126"),
        ("hsa-miR-126*", "hsa-miR-126-5p", "hsa-mir-126", "hsa-mir-126"),
        ("hsa-miR-9*", "hsa-miR-9-3p", "hsa-mir-9", "hsa-mir-9"),
        ("hsa-mir-103-1", "hsa-mir-103a-1", "hsa-mir-103a-1", "hsa-mir-103a/107"),
        ("hsa-mir-103-1-as", "hsa-mir-103b-1", "hsa-mir-103b-1", "hsa-mir-103b"),
        ("hsa-miR-103", "hsa-miR-103a-3p", "hsa-mir-103a", "hsa-mir-103a/107"),
        ("hsa-miR-378", "hsa-miR-378a-3p", "hsa-mir-378a", "hsa-mir-378a/378d/378c"),
        ("hsa-mir-365-2", "hsa-mir-365b", "hsa-mir-365b", "hsa-mir-365a/365b"),
        ("hsa-mir-128a", "hsa-mir-128-1", "hsa-mir-128-1", "hsa-mir-128"),
        ("hsa-miR-375", "hsa-miR-375-3p", "hsa-mir-375", "hsa-mir-375"),  # renamed by release 22
        ("hsa-miR-3591-3p", "hsa-miR-122b-3p", "hsa-mir-122b", "hsa-mir-122b"),
        # Accessions, alone or in company.
        ("MIMAT0000062", "hsa-let-7a-5p", "hsa-let-7a", "hsa-let-7a/7c"),
        ("MI0000060", "hsa-let-7a-1", "hsa-let-7a-1", "hsa-let-7a/7c"),
        (
            "hsa-miR-101-3p:MIMAT0000099:Homo:sapiens:miR-101-3p",
            "hsa-miR-101-3p", "hsa-mir-101", "hsa-mir-101",
        ),
        ("hsa-miR-21-5p_MIMAT0000076", "hsa-miR-21-5p", "hsa-mir-21", "hsa-mir-21"),
        # Without species, gene symbols, R's dots, underscores, case, marks.
        ("miR-21-5p", "hsa-miR-21-5p", "hsa-mir-21", "hsa-mir-21"),
        ("let-7b", "hsa-let-7b-5p", "hsa-let-7b", "hsa-let-7b"),
        ("MIRLET7A1", "hsa-let-7a-1", "hsa-let-7a-1", "hsa-let-7a/7c"),
        ("MIR92A1", "hsa-mir-92a-1", "hsa-mir-92a-1", "hsa-mir-92a"),
        ("hsa.miR.200c.3p", "hsa-miR-200c-3p", "hsa-mir-200c", "hsa-mir-200c"),
        ("hsa.miR.200c.", "hsa-miR-200c-5p", "hsa-mir-200c", "hsa-mir-200c"),
        ("hsa_miR_21_5p", "hsa-miR-21-5p", "hsa-mir-21", "hsa-mir-21"),
        ("hsa-mir-21-5p", "hsa-miR-21-5p", "hsa-mir-21", "hsa-mir-21"),
        ("hsa-miR-151a-5p@", "hsa-miR-151a-5p", "hsa-mir-151a", "hsa-mir-151a/151b"),
        ("hsa-let-7a(3)", "hsa-let-7a-5p", "hsa-let-7a", "hsa-let-7a/7c"),  # three genes
        ("hsa-miR-9*(3)", "hsa-miR-9-3p", "hsa-mir-9", "hsa-mir-9"),
        ("hsa-miR-548al-p3", "hsa-miR-548al", "hsa-mir-548al", "hsa-mir-548al"),
        # Of the laboratory that asked which enzymes these need, and of reads with variants.
        ("hsa-miR-451-DICER1", "hsa-miR-451a", "hsa-mir-451a", "hsa-mir-451a"),
        ("hsa-miR-484-RNASEN", "hsa-miR-484", "hsa-mir-484", "hsa-mir-484"),
        ("hsa-miR-124-3p.SNPC", "hsa-miR-124-3p", "hsa-mir-124", "hsa-mir-124"),
        # MirGeneDB.
        ("Hsa-Mir-8-P2b_3p", "hsa-miR-200c-3p", "hsa-mir-200c", "hsa-mir-200c"),
        ("Hsa-Mir-8-P2b_5p*", "hsa-miR-200c-5p", "hsa-mir-200c", "hsa-mir-200c"),
        ("Hsa-Mir-8-P2b_pre", "hsa-mir-200c", "hsa-mir-200c", "hsa-mir-200c"),
        # Not in the table: by the grammar of names.
        ("hsa-mir-720", "hsa-mir-720", "hsa-mir-720", "hsa-mir-720"),
        ("mmu-miR-21a-5p", "mmu-miR-21a-5p", "mmu-mir-21a", "mmu-mir-21a"),
    ],
)  # fmt: skip
def test_name_is_resolved_at_each_level(name, mature, precursor, stem):
    assert keys(name) == (mature, precursor, stem)


@pytest.mark.parametrize(
    ("name", "owner", "others"),
    [
        ("hsa-let-7a-5p/7c-5p", "hsa-let-7a-5p", ["hsa-let-7c-5p"]),
        ("hsa-let-7c-5p/7a-5p", "hsa-let-7a-5p", ["hsa-let-7c-5p"]),  # whatever the order
        ("hsa-miR-215-5p/192-5p", "hsa-miR-192-5p", ["hsa-miR-215-5p"]),
        ("hsa-miR-320a/b/c", "hsa-miR-320a-3p", ["hsa-miR-320b", "hsa-miR-320c"]),
        ("hsa-miR-107/103a-3p/103b", "hsa-miR-103a-3p", ["hsa-miR-107", "hsa-miR-103b"]),
        ("hsa-miR-486-3p/486-5p", "hsa-miR-486-5p", ["hsa-miR-486-3p"]),
        ("hsa-miR-4536-3p/5p", "hsa-miR-4536-5p", ["hsa-miR-4536-3p"]),
        ("hsa-miR-27a-3p|hsa-miR-27b-3p", "hsa-miR-27a-3p", ["hsa-miR-27b-3p"]),
    ],
)
def test_merged_name_goes_to_its_oldest_member(name, owner, others):
    item = resolve([name]).resolved[0]
    assert item.how == "merged"
    assert item.mature == owner
    assert [other.mature for other in item.others] == others


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("hsa-miR-21-5p", "miRNA"), ("hsa-let-7a-5p/7c-5p", "miRNA"), ("MIMAT0000062", "miRNA"),
        ("Hsa-Mir-8-P2b_3p", "miRNA"), ("ebv-miR-BART1-5p", "miRNA"),
        ("hsa_piR_000001", "piRNA"), ("piR-hsa-27", "piRNA"), ("DQ570956", "piRNA"),
        ("SNORD44", "snoRNA"), ("SNORA73B", "snoRNA"), ("SCARNA7", "snoRNA"), ("HBII-85", "snoRNA"),
        ("tRNA-Ala-AGC-1-1", "tRNA fragment"), ("tRF-31-PER8YP9LON4VD", "tRNA fragment"),
        ("chr6.trna95-AlaTGC", "tRNA fragment"), ("Homo_sapiens_tRNA-Gly-GCC-2-1", "tRNA fragment"),
        ("RNA5-8SN1", "rRNA"), ("18S_rRNA", "rRNA"), ("5.8S", "rRNA"), ("MT-RNR2", "rRNA"),
        ("RNY1", "Y RNA"), ("Y_RNA", "Y RNA"), ("hY4", "Y RNA"),
        ("kshv-miR-K12-1-5p", "miRNA"), ("brain-mir-104", "other"),
        ("RNU6-1", "snRNA"), ("GAPDH", "other"), ("ENSG00000207789", "other"),
        ("MIR22", "miRNA"), ("MIR22HG", "other"), ("MIR99AHG", "other"), ("MIRLET7BHG", "other"),
    ],
)  # fmt: skip
def test_class_of_small_rna(name, kind):
    assert kind_of(name) == kind


@pytest.mark.parametrize(
    "name",
    ["S1", "X1", "TCGA-OR-A5J1-01A-11R-A29W-13", "SRR2296788", "plasma 7", "1A-2", "Y1", "T1", "A1",
     "GSE144777_GSM4296092", "tissue", "U2OS", "X28S1", "control", "hsa1", "paciente 137", "tRT_3"],
)  # fmt: skip
def test_sample_names_do_not_look_like_small_rnas(name):
    assert not looks_like_feature(name)


@pytest.mark.parametrize(
    ("names", "key"),
    [
        (["hsa-miR-27a-3p", "hsa-mir-27b", "hsa-miR-27a-3p/27b-3p"], "hsa-mir-27a/27b"),
        (["hsa-mir-192", "hsa-miR-215-5p", "hsa-miR-215-5p/192-5p"], "hsa-mir-192/215"),
        (["hsa-mir-518c", "hsa-miR-519a-3p", "hsa-mir-520c"], "hsa-mir-519c+11"),
    ],
)
def test_stems_that_reads_cannot_tell_apart_share_a_key(names, key):
    assert set(resolve(names).keys("stem")) == {key}
    assert resolve([key]).keys("stem") == [key]  # a key leads back to itself


@pytest.mark.parametrize(
    "name", ["__too_low_aQual", "N_noFeature", "TOTAL", "Grand Total", "Sum", "*", "library_size"]
)
def test_rows_of_totals_are_dropped(name):
    assert resolve([name]).how == {"dropped": 1}


@pytest.mark.parametrize("name", ["mature tRNA Reads", "All miRNA Reads", "rRNA reads"])
def test_numbers_of_reads_are_no_features(name):
    assert not looks_like_feature(name)


def test_other_classes_keep_their_name_at_every_level():
    for name in ("hsa_piR_000001", "SNORD44", "tRF-1001", "GAPDH"):
        assert keys(name) == (name, name, name)


@pytest.mark.parametrize("name", ["__no_feature", "N_unmapped", "miRNAtotal", "Total", "*"])
def test_rows_that_count_reads_are_dropped(name):
    assert resolve([name]).resolved[0].how == "dropped"


def test_counts_of_how_names_were_resolved():
    names = ["hsa-miR-21-5p", "hsa-miR-21", "MIMAT0000062", "hsa-let-7a-5p/7c-5p", "cel-miR-39-3p",
             "SNORD44", "__no_feature", "Hsa-Mir-8-P2b_3p"]  # fmt: skip
    resolution = resolve(names)
    assert dict(resolution.how) == {
        "current": 1, "renamed": 1, "accession": 1, "merged": 1, "unlisted": 2, "dropped": 1,
        "MirGeneDB": 1,
    }  # fmt: skip
    assert resolution.foreign == ["cel-miR-39-3p"]
    assert resolution.species["hsa"] == 5


def test_two_mirnas_with_a_blank_are_a_feature_and_a_treated_sample_is_none():
    assert looks_like_feature("hsa-let-7a-5p hsa-let-7a-1")
    assert not looks_like_feature("miR-21 mimic 1")
    assert keys("hsa-miR-21-5p hsa-mir-21")[0] == "hsa-miR-21-5p"
