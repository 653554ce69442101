"""Tables of features that the published programs wrote, as pair matrices."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from ..exceptions import PairTableError
from .hdf5_tables import read_hdf5
from .label_cells import read_labels
from .layout import FeatureLayout
from .pair_matrix import PairMatrix
from .pairs import JoinedPairs, id_columns_of, label_column_of, report_pairs, require_known
from .segments import SEGMENT_TOKENS
from .sequence_tables import ID_NAMES
from .tables import Table, read_table
from .text_files import binary_kind, shown
from .workbooks import read_parquet

_COLUMN = re.compile(
    r"(?:(?P<side>[12])_)?(?P<model>ESM2_)?(?P<token>cls|eos|mean|segment[0-9])(?:_mean)?_?(?P<dimension>[0-9]+)"
)
_LABELLED = ("cls", *SEGMENT_TOKENS, "eos")
_TRUE_TOKEN = dict(zip(_LABELLED, ("cls", "eos", *SEGMENT_TOKENS), strict=True))
"""Token that a column of the published autoencoder tables holds, by the token it is labelled with."""


def read_features(source, *, tokens=None, id_column=None, key="df", sheet=None, token_order="published"):
    """Read the features of proteins from a table such as the published programs write.

    Columns are found by their names, in any order: ``Entry``, then ``ESM2_cls0``, ``ESM2_eos0``, ``ESM2_mean0``,
    ``ESM2_segment0_mean0`` and so on, or the shorter ``cls_0``, ``segment0_0`` of the autoencoder's tables.

    Parameters
    ----------
    source : str, path-like or DataFrame
        HDF5 as ``DataFrame.to_hdf`` writes it (needs the extra ``hdf5``), Excel, Parquet, text, or a data frame. What
        a file is, its content tells.
    tokens : sequence of str, default=None
        Tokens to keep, in this order; by default all there are, in the order cls, segments, eos, mean.
    id_column : str, default=None
        Column of the proteins, where it is called neither ``Entry`` nor ``protein``, ``accession`` or ``id``.
    key : str, default="df"
        Name of the frame in an HDF5 file.
    sheet : str or int, default=None
        Sheet of a workbook; by default the first.
    token_order : {"published", "ours"}, default="published"
        What the labels ``cls``, ``segment0`` to ``segment9``, ``eos`` of a table of the autoencoder mean. The published
        programs wrote such a table with the tokens in the order cls, eos, segments, beside labels in the order cls,
        segments, eos; ``"published"`` puts that right, ``"ours"`` believes the labels. Columns that begin with
        ``ESM2_`` are labelled rightly and are not concerned.

    Returns
    -------
    features : ndarray of float32 of shape (n_proteins, n_tokens * width)
    ids : list of str
    layout : FeatureLayout

    Raises
    ------
    PairTableError
        If the table lacks a column or a dimension, a protein stands twice with different features, or a feature is no
        finite number.
    ImportError
        If an HDF5 file is given and h5py is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> from amp_sklearn.data import read_features
    >>> table = pd.DataFrame({"ESM2_mean1": [2.0, 4.0], "Entry": ["P1", "P2"], "ESM2_mean0": [1.0, 3.0]})
    >>> features, ids, layout = read_features(table)
    >>> features.tolist(), ids, layout.tokens
    ([[1.0, 2.0], [3.0, 4.0]], ['P1', 'P2'], ('mean',))
    """
    frame, name = _frame(source, key, sheet)
    places, width, tokens = _places(frame, ("",), tokens, token_order, name)
    values = _values(frame, places[""], name)
    ids = _ids(frame, id_column, name)
    first: dict[str, int] = {}
    for row, protein in enumerate(ids):
        if protein in first and not np.array_equal(values[row], values[first[protein]]):
            raise PairTableError(
                f"{name}: {shown(protein)} stands in rows {first[protein]} and {row} (from 0) with different features"
            )
        first.setdefault(protein, row)
    return values[list(first.values())], list(first), FeatureLayout(tokens, width)


def read_pair_features(
    pairs,
    features=None,
    *,
    tokens=None,
    label=None,
    columns=None,
    id_column=None,
    key="df",
    header=0,
    sheet=None,
    token_order="published",
    conflicts="error",
):
    """Read pairs and the published tables of their features, ready to fit or predict.

    Pairs and proteins are joined by equal ids, columns are found by name.

    Parameters
    ----------
    pairs : str, path-like or DataFrame
        Table of pairs as of `read_pairs`: ``Protein1, Protein2, Label`` and others. Where ``features`` is None it holds
        the features too, in columns that begin with ``1_`` and ``2_``.
    features : str, path-like or DataFrame, default=None
        Table of the proteins' features, see `read_features`.
    tokens, id_column, key, token_order : see `read_features`
    label, columns, header, sheet, conflicts : see `read_pairs`

    Returns
    -------
    X : PairMatrix of shape (n_pairs, 2 * n_tokens * width)
    y : ndarray of shape (n_pairs,) or None

    Raises
    ------
    PairTableError
        As `read_features` and `read_pairs` do; ids without features are listed.

    Warns
    -----
    PairTableWarning
        About repeated pairs, see `read_pairs`.

    Examples
    --------
    >>> import pandas as pd
    >>> from amp_sklearn.data import read_pair_features
    >>> features = pd.DataFrame({"Entry": ["P1", "P2"], "ESM2_mean0": [1.0, 3.0]})
    >>> pairs = pd.DataFrame({"Protein1": ["P2"], "Protein2": ["P1"], "Label": [1]})
    >>> X, y = read_pair_features(pairs, features)
    >>> X.features[X.index].tolist(), y
    ([[[3.0], [1.0]]], array([1]))
    """
    if features is None:
        return _from_pair_table(pairs, tokens, label, columns, key, sheet, token_order)
    table = read_table(pairs, header=header, sheet=sheet)
    values, proteins, layout = read_features(
        features, tokens=tokens, id_column=id_column, key=key, token_order=token_order
    )
    row_of = {protein: row for row, protein in enumerate(proteins)}
    names = id_columns_of(table, columns, row_of)
    label_name = label_column_of(table, label, names)
    if not len(table):
        raise PairTableError(f"{table.source} has column names but no pairs")
    ids = [table.texts(name) for name in names]
    require_known(table, ids, row_of, row_of, _name(features))
    index = np.array([[row_of[protein] for protein in column] for column in ids]).T
    y = None if label_name is None else read_labels(table, label_name)
    shell = pd.DataFrame(index=pd.MultiIndex.from_arrays(ids))
    report_pairs(table, JoinedPairs(shell, y, index), conflicts, table.notes)
    return PairMatrix(values, index, layout), y


def _from_pair_table(pairs, tokens, label, columns, key, sheet, token_order):
    frame, name = _frame(pairs, key, sheet)
    places, width, tokens = _places(frame, ("1", "2"), tokens, token_order, name)
    others = [column for column in frame.columns if _COLUMN.fullmatch(column) is None]
    table = Table({c: frame[c].tolist() for c in others}, range(len(frame)), "row (from 0)", name)
    label_name = label_column_of(table, label, columns or ())
    y = None if label_name is None else read_labels(table, label_name)
    values = np.concatenate([_values(frame, places[side], name) for side in ("1", "2")])
    n = len(frame)
    first: dict[bytes, int] = {}  # a protein's features once, however many pairs it is in
    row_of = np.array([first.setdefault(row.tobytes(), i) for i, row in enumerate(values)])
    kept, index = np.unique(row_of, return_inverse=True)
    return PairMatrix(values[kept], np.stack([index[:n], index[n:]], axis=1), FeatureLayout(tokens, width)), y


def _name(source):
    return "the data frame" if isinstance(source, pd.DataFrame) else Path(source).name


def _frame(source, key, sheet):
    """A table as a frame with columns of text, and its name."""
    name = _name(source)
    kind = None if isinstance(source, pd.DataFrame) else binary_kind(source)
    if isinstance(source, pd.DataFrame):
        frame = source.reset_index() if source.index.name is not None else source
    elif kind == "hdf5":
        frame = read_hdf5(source, key)
    elif kind == "parquet":
        frame = read_parquet(source, PairTableError)
    else:
        frame = pd.DataFrame(read_table(source, sheet=sheet).columns)
    frame = frame.set_axis([str(column).strip() for column in frame.columns], axis=1)
    repeated = frame.columns[frame.columns.duplicated()].unique().tolist()
    if repeated:
        raise PairTableError(
            f"{name} has several columns of the same name: {', '.join(map(shown, repeated[:5]))}"
        )
    if not len(frame):
        raise PairTableError(f"{name} has column names but no rows")
    return frame, name


def _ids(frame, id_column, name):
    others = [column for column in frame.columns if _COLUMN.fullmatch(column) is None]
    table = Table(
        {column: frame[column].tolist() for column in others}, range(len(frame)), "row (from 0)", name
    )
    advice = "named in id_column=name"
    found = (
        table.find(ID_NAMES, "ids", "id_column=name")
        if id_column is None
        else table.resolve(id_column, advice)
    )
    if found is None:
        raise PairTableError(
            f"{name} has no column of proteins such as Entry; name yours with id_column=name"
        )
    return table.texts(found)


def pair_tokens(columns, sides, token_order):
    """What the columns of a table of features hold.

    Parameters
    ----------
    columns : sequence of str
    sides : tuple of str
        ``("1", "2")`` for pairs, ``("",)`` for proteins.
    token_order : str
        See `read_features`.

    Returns
    -------
    dict of (str, str) to dict of int to str
        Column of each dimension, by side and token.
    """
    if token_order not in ("published", "ours"):
        raise ValueError(f"token_order must be 'published' or 'ours', got {token_order!r}")
    found: dict = {}
    from_autoencoder = True
    for column in columns:
        match = _COLUMN.fullmatch(column)
        if match is not None and (match["side"] or "") in sides:
            from_autoencoder &= match["model"] is None
            found.setdefault((match["side"] or "", match["token"]), {})[int(match["dimension"])] = column
    if from_autoencoder and token_order == "published" and {token for _, token in found} == set(_LABELLED):
        found = {(side, _TRUE_TOKEN[token]): places for (side, token), places in found.items()}
    return found


def _places(frame, sides, tokens, token_order, name):
    """Columns of each side in the order of the tokens and dimensions, the width, and the tokens."""
    found = pair_tokens(frame.columns, sides, token_order)
    held = [token for token in (*_LABELLED, "mean") if all((side, token) in found for side in sides)]
    if not held:
        wanted = "1_ESM2_cls0 and 2_ESM2_cls0" if len(sides) == 2 else "ESM2_cls0 or ESM2_segment0_mean0"
        listed = ", ".join(map(shown, frame.columns[:8]))
        raise PairTableError(
            f"{name} has no columns of features such as {wanted}; columns found: {listed}, ..."
        )
    tokens = tuple(held) if tokens is None else tuple(tokens)
    missing = [token for token in tokens if token not in held]
    if missing:
        raise PairTableError(
            f"{name} has no features of the tokens {', '.join(missing)}; it has {', '.join(held)}"
        )
    width = 1 + max(max(found[side, token]) for side in sides for token in tokens)
    for side in sides:
        for token in tokens:
            gap = next((d for d in range(width) if d not in found[side, token]), None)
            if gap is not None:
                of = f" of protein {side}" if side else ""
                raise PairTableError(f"{name} has no column for dimension {gap} of the token {token}{of}")
    places = {side: [found[side, t][d] for t in tokens for d in range(width)] for side in sides}
    return places, width, tokens


def _values(frame, columns, name):
    try:
        values = frame[columns].to_numpy(dtype=np.float32)
    except (ValueError, TypeError):
        for column in columns:
            wrong = pd.to_numeric(frame[column], errors="coerce").isna().to_numpy()
            if wrong.any():
                row = int(np.flatnonzero(wrong)[0])
                raise PairTableError(
                    f"{name}: column {column!r}, row {row} (from 0) holds no number but {shown(frame[column].iloc[row])}"
                ) from None
        values = frame[columns].apply(pd.to_numeric).to_numpy(dtype=np.float32)
    if not np.isfinite(values).all():
        row, place = np.argwhere(~np.isfinite(values))[0]
        raise PairTableError(
            f"{name}: column {columns[place]!r}, row {row} (from 0) is {values[row, place]}; expected a finite number"
        )
    return values
