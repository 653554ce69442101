"""sample_negatives: pairs that are not known to interact, drawn because non-interacting pairs are rarely published."""

import warnings

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from ..exceptions import PairTableWarning
from .negative_strategies import (
    apart_in_compartments,
    matched_by_degree,
    pair_codes,
    pairs_of_codes,
    uniform_across,
    uniform_codes,
)
from .sequence_pairs import pair_ids
from .sides import find_sides, stated_sides

STRATEGIES = ("uniform", "degree", "compartments")


def sample_negatives(
    positives,
    *,
    strategy="degree",
    ratio=1.0,
    exclude=None,
    compartments=None,
    sides="auto",
    self_pairs=False,
    random_state=None,
):
    """Draw pairs of the same proteins that are not known to interact.

    No pair is drawn that is a known positive in either order, no pair twice, and none in both orders.

    Parameters
    ----------
    positives : DataFrame or array-like of shape (n_pairs, 2)
        Interacting pairs, as `read_pairs` gives them, or names or sequences of both proteins. Equal cells are one
        protein, whatever the ids in the index.
    strategy : {"degree", "uniform", "compartments"}, default="degree"
        - ``"degree"``: each protein occurs ``ratio`` times as often among the negatives as among the positives, so
          that a model cannot win by telling hubs from other proteins. With a ratio that is no integer the rest is
          drawn at random.
        - ``"uniform"``: every possible pair is as likely. Hubs are then rare among the negatives, and a model that
          counts occurrences does well.
        - ``"compartments"``: uniform among the pairs of proteins that share no compartment of the cell. Surer
          negatives, but a model may learn the compartments instead of interactions.
    ratio : float, default=1.0
        Negatives per distinct positive pair.
    exclude : DataFrame or array-like of shape (n, 2), default=None
        More pairs never to draw, such as the positives of other splits.
    compartments : dict or Series, default=None
        For ``"compartments"``: the compartment of each protein, or a list or set of them. Keys are the cells of
        ``positives``, or ids where its index holds both proteins' ids.
    sides : "auto", None, dict or Series, default="auto"
        Two kinds of protein, such as host and virus: every negative then has one of either kind, or the label could be
        told from the kinds. ``"auto"`` finds them in the positives, see `find_sides`, and warns that it did; None pairs
        all with all; a mapping names the kind of each protein, by cell or id.
    self_pairs : bool, default=False
        Whether a protein may be paired with itself.
    random_state : int, RandomState instance or None, default=None
        Seed of the draw.

    Returns
    -------
    DataFrame or ndarray of shape (n_negatives, 2)
        As ``positives``: with its columns and ids, or an array of cells.

    Raises
    ------
    ValueError
        If there are not as many possible pairs, the degrees cannot be matched, or a parameter cannot be used.

    Warns
    -----
    PairTableWarning
        If proteins have no compartment: they are in no negative pair then. If two kinds of protein were found.

    Notes
    -----
    A pair not known to interact may interact all the same. Draw the negatives of each split from its own proteins:
    negatives drawn before splitting cross the border between the parts.

    References
    ----------
    Ben-Hur and Noble, BMC Bioinformatics 2006, :doi:`10.1186/1471-2105-7-S1-S2`.
    Yu, Guo, Needham et al., Bioinformatics 2010, :doi:`10.1093/bioinformatics/btq510`.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.data import load_bernett_mini, sample_negatives
    >>> X, y = load_bernett_mini("train")
    >>> negatives = sample_negatives(X[y == 1], ratio=1, random_state=0)
    >>> len(negatives)
    1500
    >>> degrees = [np.sort(X.to_numpy().ravel()) for X in (X[y == 1], negatives)]
    >>> bool((degrees[0] == degrees[1]).all())
    True
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy must be one of {STRATEGIES}, got {strategy!r}")
    if not ratio > 0:
        raise ValueError(f"ratio, negatives per positive, must be positive, got {ratio!r}")
    cells = _cells(positives, "positives")
    numbers, proteins = pd.factorize(cells.ravel())
    pairs = np.sort(numbers.reshape(-1, 2), axis=1)
    known = np.unique(pair_codes(pairs))
    forbidden = np.union1d(known, _excluded_codes(exclude, proteins))
    first = np.unique(numbers, return_index=True)[1]
    n_negatives = round(ratio * len(known))
    random = np.random.default_rng(check_random_state(random_state).randint(2**31 - 1, size=4))
    side = _sides(sides, numbers.reshape(-1, 2), proteins, _ids(positives, first))
    if strategy == "degree":
        negatives = matched_by_degree(
            pairs_of_codes(known),
            forbidden,
            ratio,
            n_negatives,
            self_pairs,
            random,
            _names(positives, proteins, first),
            side,
        )
    elif strategy == "uniform" and side is not None:
        negatives = uniform_across(side, forbidden, n_negatives, random)
    elif strategy == "uniform":
        negatives = pairs_of_codes(uniform_codes(len(proteins), forbidden, n_negatives, self_pairs, random))
    else:
        members = _members(compartments, proteins, _ids(positives, first))
        negatives = apart_in_compartments(members, forbidden, n_negatives, random, side)
    # neither the order of the pairs nor that of the proteins in a pair may tell anything
    negatives = random.permutation(negatives)
    in_columns = side is not None and len(np.unique(side[numbers[::2]])) == 1  # each kind has its column
    if in_columns:
        turned = side[negatives[:, 0]] != side[numbers[0]]
        negatives = np.where(turned[:, None], negatives[:, ::-1], negatives)
    else:
        negatives = random.permuted(negatives, axis=1)
    return _like(positives, cells, first, negatives)


def _sides(sides, pairs, proteins, ids):
    """Side of each protein, or None."""
    if sides is None:
        return None
    if isinstance(sides, str):
        if sides != "auto":
            raise ValueError(f"sides must be 'auto', None or a mapping from protein to side, got {sides!r}")
        found = find_sides(pairs)
        if found is not None:
            warnings.warn(
                f"the positives join two kinds of protein, {int((found == 0).sum()):,} and {int((found == 1).sum()):,} of "
                "them: negatives are drawn between the kinds; sides=None draws from all pairs",
                PairTableWarning,
                stacklevel=3,
            )
        return found
    stated = stated_sides(sides, proteins, ids)
    same = np.flatnonzero(stated[pairs[:, 0]] == stated[pairs[:, 1]])
    if len(same):
        raise ValueError(
            f"{len(same):,} positives have both proteins on one side, the first in row {same[0]}"
        )
    return stated


def _cells(pairs, name):
    cells = (
        pairs.to_numpy(dtype=object) if isinstance(pairs, pd.DataFrame) else np.asarray(pairs, dtype=object)
    )
    if cells.ndim != 2 or cells.shape[1] != 2 or not len(cells):
        raise ValueError(
            f"{name} must hold two proteins a row (n_pairs, 2), at least one row, got shape {cells.shape}"
        )
    missing = np.flatnonzero(pd.isna(cells).any(axis=1))
    if len(missing):
        raise ValueError(f"{name} lack a protein in {len(missing)} rows, first in row {missing[0]}")
    return cells


def _excluded_codes(exclude, proteins):
    if exclude is None or not len(exclude):
        return np.empty(0, dtype=np.int64)
    cells = _cells(exclude, "exclude")
    numbers = pd.Index(proteins).get_indexer(cells.ravel()).reshape(-1, 2)
    return pair_codes(np.sort(numbers[(numbers >= 0).all(axis=1)], axis=1))  # others cannot be drawn anyhow


def _ids(positives, first):
    """Id of each protein where it occurs first; None where the index does not hold ids of both proteins."""
    ids = pair_ids(positives)
    return None if ids is None else ids.ravel()[first]


def _names(positives, proteins, first):
    ids = _ids(positives, first)
    return proteins if ids is None else ids


def _members(compartments, proteins, ids):
    """Which compartments each protein is in, ``(n_proteins, n_compartments)``."""
    if compartments is None:
        raise ValueError("strategy='compartments' needs compartments, a dict from protein to compartment")
    of_protein = []
    for number, cell in enumerate(proteins):
        found = compartments.get(cell)
        if found is None and ids is not None:
            found = compartments.get(ids[number])
        missing = found is None or (isinstance(found, float) and np.isnan(found))
        of_protein.append(set() if missing else {found} if isinstance(found, str) else set(found))
    without = [
        str(p if ids is None else i)
        for p, i, c in zip(proteins, proteins if ids is None else ids, of_protein, strict=True)
        if not c
    ]
    if without:
        warnings.warn(
            f"{len(without):,} of {len(proteins):,} proteins have no compartment and are in no negative pair: "
            f"{', '.join(name[:20] for name in without[:5])}{' ...' if len(without) > 5 else ''}",
            PairTableWarning,
            stacklevel=3,
        )
    names = sorted(set().union(*of_protein), key=str)
    if not names:
        raise ValueError(
            "no protein of the positives has a compartment; the keys must be ids or cells of positives"
        )
    members = np.zeros((len(proteins), len(names)), dtype=np.float32)
    for number, found in enumerate(of_protein):
        members[number, [names.index(name) for name in found]] = 1
    return members


def _like(positives, cells, first, pairs):
    """Pairs of protein numbers in the form of the positives."""
    drawn = cells.ravel()[first][pairs]
    if not isinstance(positives, pd.DataFrame):
        return drawn
    index = None
    ids = _ids(positives, first)
    if ids is not None:
        index = pd.MultiIndex.from_arrays(list(ids[pairs].T), names=positives.index.names)
    return pd.DataFrame(drawn, columns=positives.columns, index=index)
