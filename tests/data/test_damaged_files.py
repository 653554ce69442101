"""Any bytes give a result or one of this package's own errors, from every reader.

The full run, 5,000 damaged files for each reader: ``pytest -m slow tests/data/test_damaged_files.py``.
"""

import gzip
import io
import random
import warnings
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from amp_sklearn.data import read_fasta, read_features, read_pairs, read_sequences
from amp_sklearn.exceptions import AnnotationError, PairTableError, SequenceError
from amp_sklearn.model_selection import read_clusters
from amp_sklearn.regions import READERS, read_annotations
from amp_sklearn.regions.interpro import read_entry_types

ANNOTATIONS = Path(__file__).parents[1] / "fixtures" / "regions" / "fixtures"
FEATURES = Path(__file__).parents[1] / "fixtures" / "feature_tables"
SEQUENCES = {"P1": "MKV", "P2": "MA", "P3": "MKTAY"}
PAIRS = pd.DataFrame({"protein_a": ["P1", "P2", "P1"], "protein_b": ["P2", "P3", "P3"], "label": [1, 0, 1]})
PAIRS["note"] = ["5'", 'a "quoted" word', "x"]
TABLE = pd.DataFrame({"Entry": ["P1", "P2"], "Sequence": ["MKV", "MA"]})

TOKENS = [
    b'"', b'""', b"\t", b",", b";", b"\n", b"\r", b"\r\n", b"\x00", b"\xff", b"\xc3", b"\xef\xbb\xbf", b"\xff\xfe",
    b"\x1f\x8b", b"1e999", b"-1", b"1.9", b"9" * 30, b"9" * 5000, b"NaN", b"null", b"true", b"[" * 3000, b"{", b"}",
    b'{"a":', b"<", b">", b"</", b"&x;", b"<a>" * 300, b"\\ud800", b"\xed\xa0\x80", b">", b"#", b"=", b"?", b"..",
    b" ", b"'", b"\xe2\x80\xa8", "²".encode(), "٣".encode(), b"", b"\x0b", b"\x1c", b"\x85",
]  # fmt: skip


def mutated(data, rng):
    """Bytes with one to four faults."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        size = len(data)
        start = rng.randint(0, size)
        end = min(size, start + rng.choice([0, 1, 1, 2, 8, 60]))
        kind = rng.randrange(6)
        if kind == 0 and size:
            data[start % size] = rng.randrange(256)
        elif kind == 1:
            data[start:end] = rng.choice(TOKENS)
        elif kind == 2:
            del data[start:end]
        elif kind == 3:
            data[start:start] = data[max(0, start - 200) : start][:: rng.choice([1, -1])]
        elif kind == 4:
            data[start:end] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 6)))
        elif rng.random() < 0.3:
            del data[start:]
    return bytes(data)


def damaged_files(seeds, count, seed=0):
    """Yield `count` damaged versions of some files, also of what a zip archive holds, and gzipped ones."""
    rng = random.Random(seed)
    for _ in range(count):
        data = rng.choice(seeds)
        if data.startswith(b"PK") and rng.random() < 0.8:
            yield _within_archive(data, rng)
        elif not data.startswith(b"PK") and rng.random() < 0.15:
            packed = gzip.compress(mutated(data, rng) if rng.random() < 0.5 else data, 1)
            yield mutated(packed, rng)
        else:
            yield mutated(data, rng)


def _within_archive(data, rng):
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(buffer, "w") as copy:
        names = archive.namelist()
        chosen = rng.choice([name for name in names if "sheet" in name or "String" in name] * 3 + names)
        for name in names:
            content = archive.read(name)
            copy.writestr(name, mutated(content, rng) if name == chosen else content)
    return buffer.getvalue()


def written(frame, kind):
    buffer = io.BytesIO()
    if kind == "xlsx":
        frame.to_excel(buffer, index=False)
    elif kind == "parquet":
        frame.to_parquet(buffer)
    else:
        return frame.to_csv(sep=kind, index=False).encode()
    return buffer.getvalue()


FASTA = b">sp|P1|A_HUMAN tumor GN=AB\nMKV\n>P2 x\nMA\nKT\n\n>P3\nMKTAY\n"
MMSEQS, CDHIT = (
    b"P1\tP1\nP1\tP2\nP3\tP3\n",
    b">Cluster 0\n0\t146aa, >P1... *\n1\t12aa, >P2... at 90%\n>Cluster 1\n0\t9aa, >P3... *\n",
)
UNIPROT_JSON = b"""{"results": [{"primaryAccession": "P1", "sequence": {"length": 90}, "features": [
 {"type": "Domain", "location": {"start": {"value": 3, "modifier": "EXACT"}, "end": {"value": 9, "modifier": "OUTSIDE"}},
  "description": "SH3", "evidences": [{"evidenceCode": "ECO:0000255", "source": "PROSITE", "id": "PS1"}]},
 {"type": "Motif", "location": {"sequence": "P1-2", "start": {"value": 3}, "end": {"value": null, "modifier": "UNKNOWN"}}}]}]}"""
SCAN_JSON = b"""{"interproscan-version": "6", "results": [{"sequence": "MKVLAAGIK", "xref": [{"id": "P1"}], "matches": [
 {"signature": {"accession": "PF1", "name": "n", "signatureLibraryRelease": {"library": "PFAM"},
   "entry": {"accession": "IPR000001", "type": "DOMAIN", "description": "d"}},
  "locations": [{"start": 1, "end": 4, "location-fragments": [{"start": 1, "end": 2}, {"start": 3, "end": 4}]}]}]}]}"""
SCAN_XML = b"""<protein-matches><protein><sequence>MKVLAAGIK</sequence><xref id="P1"/><matches><hmmer3-match>
<signature ac="PF1" desc="d"><entry ac="IPR000001" type="DOMAIN" desc="x"/><signature-library-release library="PFAM"/></signature>
<locations><hmmer3-location start="1" end="4"><location-fragments><f start="1" end="2"/></location-fragments></hmmer3-location>
</locations></hmmer3-match></matches></protein></protein-matches>"""
SCAN_TSV = b"P1\tmd5\t90\tPfam\tPF1\tx\t5\t9\t1\tT\t01-01-2025\tIPR000001\tdomain\nP2\tmd5\t90\tPfam\tPF1\tx\t5\t9\t1\tT\t01-01-2025\n"
WEB = (
    b"\t".join(
        b"PROTEIN_ACCESSION PROTEIN_LENGTH METHOD_AC METHOD_DATABASE_NAME POS_FROM POS_TO ENTRY_AC ENTRY_NAME ENTRY_TYPE".split()
    )
    + b"\nP1\t90\tPF1\tPfam\t3\t9\tIPR000001\tSH3\tDomain\n"
)
UNIPROT_TABLE = b'Entry\tLength\tDomain [FT]\tMotif\nP1\t90\tDOMAIN 3..9; /note="SH3"; /evidence="ECO:1"\tMotif[3,<9]: /note="x"\nP2\t\t\t\n'


def real(*names):
    """Beginnings of real files, short enough to be read thousands of times."""
    found = [(ANNOTATIONS / name).read_bytes() for name in names]
    return [
        gzip.decompress(data)[:12_000] if data.startswith(b"\x1f\x8b") else data[:12_000] for data in found
    ]


def pairs(path):
    return read_pairs(path, SEQUENCES)


CASES = {
    "fasta": (read_fasta, [FASTA]),
    "sequences": (read_sequences, [FASTA, written(TABLE, "\t"), written(TABLE, ",")]),
    "sequences-xlsx": (read_sequences, [written(TABLE, "xlsx")]),
    "sequences-parquet": (read_sequences, [written(TABLE, "parquet")]),
    "pairs-tsv": (pairs, [written(PAIRS, "\t")]),
    "pairs-csv": (pairs, [written(PAIRS, ","), written(PAIRS, ";")]),
    "pairs-xlsx": (pairs, [written(PAIRS, "xlsx")]),
    "pairs-parquet": (pairs, [written(PAIRS, "parquet")]),
    "features": (read_features, [b"Entry\tESM2_cls0\tESM2_cls1\nP1\t1.5\t2\nP2\t-1e-3\t0\n"]),
    "features-hdf5": (
        read_features,
        [(FEATURES / "table.h5").read_bytes(), (FEATURES / "fixed.h5").read_bytes()],
    ),
    "clusters": (read_clusters, [MMSEQS, CDHIT]),
    "uniprot-json": (READERS["uniprot-json"], [UNIPROT_JSON]),
    "uniprot-text": (READERS["uniprot-text"], real("multi_ex.txt.gz", "Q7Z739.txt")),
    "uniprot-xml": (READERS["uniprot-xml"], real("multi_ex.xml.gz")),
    "uniprot-gff": (READERS["uniprot-gff"], real("multi_ex.gff")),
    "uniprot-table": (READERS["uniprot-table"], [UNIPROT_TABLE]),
    "uniprot-table-xlsx": (
        read_annotations,
        [written(pd.DataFrame({"Entry": ["P1"], "Domain": ["Domain[1,2]"]}), "xlsx")],
    ),
    "interproscan-tsv": (READERS["interproscan-tsv"], [SCAN_TSV]),
    "interproscan-json": (READERS["interproscan-json"], [SCAN_JSON]),
    "interproscan-xml": (READERS["interproscan-xml"], [SCAN_XML]),
    "interproscan-gff": (READERS["interproscan-gff"], real("ips5_52_excerpt.gff3")),
    "interpro-table": (READERS["interpro-table"], [WEB]),
    "entry-types": (read_entry_types, [b"ENTRY_AC\tENTRY_TYPE\tENTRY_NAME\nIPR000001\tDomain\tKringle\n"]),
    "any-annotation": (
        read_annotations,
        [
            UNIPROT_JSON,
            SCAN_JSON,
            SCAN_XML,
            SCAN_TSV,
            WEB,
            UNIPROT_TABLE,
            *real("ips5_52_excerpt.gff3", "multi_ex.gff"),
        ],
    ),
}


def check(name, count, path, seed):
    reader, seeds = CASES[name]
    read = 0
    for number, data in enumerate(damaged_files(seeds, count, seed)):
        path.write_bytes(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                reader(path)
                read += 1
            except (SequenceError, PairTableError, AnnotationError) as error:
                assert path.name in str(error) or "sequences cannot be used" in str(error), error
            except BaseException as error:
                raise AssertionError(f"file {number} of seed {seed}: {data[:2000]!r}") from error
    return read


@pytest.mark.parametrize("name", CASES)
def test_undamaged_files_are_read(name, tmp_path):
    reader, seeds = CASES[name]
    for data in seeds:
        (tmp_path / "file").write_bytes(data)
        try:
            assert len(reader(tmp_path / "file"))
        except AnnotationError:
            assert len(data) == 12_000  # the beginning of a longer file ends within an entry


@pytest.mark.parametrize("name", CASES)
def test_damaged_files_give_errors_of_this_package(name, tmp_path):
    check(name, 60, tmp_path / "damaged", seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_thousands_of_damaged_files_give_errors_of_this_package(name, tmp_path):
    check(name, 5_000, tmp_path / "damaged", seed=0)
