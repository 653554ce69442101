"""Published sets of protein pairs: two come with the package, two are read from a folder."""

import warnings
from pathlib import Path

import numpy as np

from ..exceptions import PairTableWarning
from .fasta import parse_fasta
from .pairs import join_pairs
from .tables import Table, read_table

_BUNDLED = Path(__file__).parent / "bundled"
_BERNETT_SPLITS = ("train", "val", "test")
_PARK_MARCOTTE_SPLITS = ("train", "test_CV", "test_C1", "test_C2", "test_C3")


def load_yeast_ppi():
    """Load the yeast pairs of Guo et al., which come with the package.

    11,188 pairs of 2,497 proteins of *Saccharomyces cerevisiae*: 5,594 interactions from DIP, and as many
    pairs of proteins from different compartments of the cell. There is no published split.

    The rows are as published: 24 of them repeat an earlier row (13 interactions, 11 others), none is
    swapped, none contradicts another, no protein is paired with itself. 3 groups of ids (8 ids) share a
    sequence. The lengths are 55 to 4,910 residues, 268 proteins are longer than 1,022.

    Returns
    -------
    X : DataFrame of shape (11188, 2)
        Columns ``sequence_a``, ``sequence_b``, indexed by ``protein_a``, ``protein_b``.
    y : ndarray of shape (11188,)
        1 for interaction, 0 for none.

    Notes
    -----
    Random cross-validation on this set rewards learning how often a protein interacts, since the same
    proteins stand on both sides; keep proteins apart to learn how well a model does on new ones.

    References
    ----------
    Guo et al., Nucleic Acids Research 2008, :doi:`10.1093/nar/gkn159`.

    Examples
    --------
    >>> from amp_sklearn.data import load_yeast_ppi
    >>> X, y = load_yeast_ppi()
    >>> X.shape, int(y.sum())
    ((11188, 2), 5594)
    """
    return _load(_BUNDLED / "yeast_guo", None, None)


def load_bernett_mini(split=None):
    """Load a small sample of the human pairs of Bernett et al., which comes with the package.

    Pairs of proteins of at most 400 residues, made of the 20 standard residues, drawn at random from each
    split and label: 3,000 pairs to train, 1,000 to validate, 1,000 to test, half of each interactions. For
    quick examples and tests only; it is not a published set, and no
    published result can be compared with results on it.

    Parameters
    ----------
    split : {"train", "val", "test"}, default=None
        Part to load; None loads all 5,000 pairs, in this order.

    Returns
    -------
    X : DataFrame of shape (n_pairs, 2)
        Columns ``sequence_a``, ``sequence_b``, indexed by ``protein_a``, ``protein_b``.
    y : ndarray of shape (n_pairs,)
        1 for interaction, 0 for none.

    Raises
    ------
    ValueError
        If there is no such split.

    References
    ----------
    Bernett, Blumenthal and List, Briefings in Bioinformatics 2024, :doi:`10.1093/bib/bbae076`.

    Examples
    --------
    >>> from amp_sklearn.data import load_bernett_mini
    >>> X, y = load_bernett_mini("test")
    >>> X.shape, int(y.sum())
    ((1000, 2), 500)
    """
    return _load(_BUNDLED / "human_bernett_mini", split, _BERNETT_SPLITS)


def load_bernett(folder, split=None):
    """Load the human pairs of Bernett et al. from a folder.

    274,500 pairs of 11,019 human proteins, half of them interactions (HIPPIE). No protein of one split
    occurs in another, similar sequences are kept apart as well, and a protein occurs about as often among
    the interactions as among the other pairs, so that little but the sequences can tell them apart. No row
    repeats another. 17 proteins hold selenocysteine (U); the longest, titin, has 34,350 residues, and 1,592
    proteins are longer than 1,022.

    Parameters
    ----------
    folder : str or path-like
        Folder with ``pairs.tsv.gz`` (columns ``protein_a``, ``protein_b``, ``label``, ``split``) and
        ``sequences.fasta.gz``; ``benchmarks/data/human_bernett`` in the source repository.
    split : {"train", "val", "test"}, default=None
        Part to load (163,192, 59,260, 52,048 pairs); None loads all.

    Returns
    -------
    X : DataFrame of shape (n_pairs, 2)
        Columns ``sequence_a``, ``sequence_b``, indexed by ``protein_a``, ``protein_b``.
    y : ndarray of shape (n_pairs,)
        1 for interaction, 0 for none.

    Raises
    ------
    FileNotFoundError
        If the folder lacks one of the files.
    ValueError
        If there is no such split.

    References
    ----------
    Bernett, Blumenthal and List, Briefings in Bioinformatics 2024, :doi:`10.1093/bib/bbae076`.

    Examples
    --------
    >>> from amp_sklearn.data import load_bernett
    >>> from importlib.resources import files
    >>> folder = files("amp_sklearn.data") / "bundled" / "human_bernett_mini"  # a folder of this form
    >>> X, y = load_bernett(folder, split="train")
    >>> X.shape
    (3000, 2)
    """
    return _load(folder, split, _BERNETT_SPLITS)


def load_park_marcotte(folder, split=None):
    """Load one of the yeast splits of Park and Marcotte from a folder.

    18,928 pairs of 2,627 proteins of *Saccharomyces cerevisiae*, half of them interactions. The test parts
    differ in what training has seen: both proteins of a pair (``test_C1``), one of them (``test_C2``) or
    none (``test_C3``).

    Parameters
    ----------
    folder : str or path-like
        Folder with ``pairs.tsv.gz`` (columns ``protein_a``, ``protein_b``, ``label``, ``split``) and
        ``sequences.fasta.gz``; ``benchmarks/data/yeast_park_marcotte`` in the source repository.
    split : {"train", "test_CV", "test_C1", "test_C2", "test_C3"}, default=None
        Part to load (13,582, 1,358, 1,388, 1,000, 1,600 pairs); None loads all.

    Returns
    -------
    X : DataFrame of shape (n_pairs, 2)
        Columns ``sequence_a``, ``sequence_b``, indexed by ``protein_a``, ``protein_b``.
    y : ndarray of shape (n_pairs,)
        1 for interaction, 0 for none.

    Raises
    ------
    FileNotFoundError
        If the folder lacks one of the files.
    ValueError
        If there is no such split.

    Warns
    -----
    PairTableWarning
        When ``test_CV`` is loaded and holds rows of ``train``; see the notes.

    Notes
    -----
    Do not report ``test_CV`` as held-out data: in the published copy that the repository holds, all of its
    679 interactions, and one other pair, are rows of ``train`` too. These 680 are all the repeated rows of
    the set.

    References
    ----------
    Park and Marcotte, Nature Methods 2012, :doi:`10.1038/nmeth.2259`.

    Examples
    --------
    >>> import gzip, pathlib, tempfile
    >>> from amp_sklearn.data import load_park_marcotte
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pairs = "protein_a\\tprotein_b\\tlabel\\tsplit\\nP1\\tP2\\t1\\ttrain\\nP3\\tP3\\t0\\ttest_C3\\n"
    ...     _ = pathlib.Path(folder, "pairs.tsv.gz").write_bytes(gzip.compress(pairs.encode()))
    ...     sequences = b">P1\\nMKV\\n>P2\\nMKTA\\n>P3\\nMSDN\\n"
    ...     _ = pathlib.Path(folder, "sequences.fasta.gz").write_bytes(gzip.compress(sequences))
    ...     X, y = load_park_marcotte(folder, split="test_C3")
    >>> X.shape, y
    ((1, 2), array([0]))
    """
    if split == "test_CV":
        _warn_of_training_pairs(_read(folder)[0], split)
    return _load(folder, split, _PARK_MARCOTTE_SPLITS)


def _read(folder):
    """Table of pairs and sequences by id of a folder."""
    folder = Path(folder)
    files = [folder / "pairs.tsv.gz", folder / "sequences.fasta.gz"]
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(
                f"{file} does not exist; expected a folder with pairs.tsv.gz and sequences.fasta.gz, as they "
                "lie under benchmarks/data in the source repository"
            )
    return read_table(files[0]), parse_fasta(files[1])


def _load(folder, split, splits):
    """X and y of one part; known repeated rows are documented instead of warned about."""
    if split is not None and split not in splits:
        raise ValueError(f"split must be None or one of {', '.join(splits)}, got {split!r}")
    table, sequences = _read(folder)
    if split is not None:
        table = _only(table, np.array(table.require("split", "the part each pair belongs to")) == split)
        if not len(table):
            raise ValueError(f"{table.source} in {folder} has no pair of split {split!r}")
    joined = join_pairs(table, ("protein_a", "protein_b"), "label", sequences, source="sequences.fasta.gz")
    return joined.X, joined.y


def _only(table, mask):
    rows = np.flatnonzero(mask)
    columns = {name: [cells[row] for row in rows] for name, cells in table.columns.items()}
    return Table(columns, [table.places[row] for row in rows], table.place, table.source)


def _warn_of_training_pairs(table, split):
    columns = [table.columns[name] for name in ("protein_a", "protein_b", "label", "split")]
    rows = list(zip(*columns, strict=True))
    train = {frozenset(ids) for *ids, _, part in rows if part == "train"}
    labels = [(label, frozenset(ids) in train) for *ids, label, part in rows if part == split]
    seen = sum(in_train for _, in_train in labels)
    if seen:
        positives = sum(label == "1" for label, _ in labels)
        positives_seen = sum(label == "1" and in_train for label, in_train in labels)
        warnings.warn(
            f"{seen:,} of the {len(labels):,} pairs of {split} ({positives_seen:,} of its {positives:,} "
            "interactions) are also pairs of train: do not report it as held-out data",
            PairTableWarning,
            stacklevel=3,
        )
