"""Ways of drawing pairs of numbered proteins that avoid forbidden ones.

An unordered pair ``i <= j`` has the code ``j (j + 1) / 2 + i``: codes of n proteins fill 0 .. n (n + 1) / 2 - 1 without
a gap, so that the k-th allowed pair is found without a list of all pairs.
"""

from collections import Counter

import numpy as np

_TRIES = 64  # random partners of a swap before all are tried
_TRIES_PER_PAIR = 20  # swaps in all, per pair: what more of them repair is little
_ROWS_AT_ONCE = 512


def pair_codes(pairs):
    """Code of each pair ``(n, 2)`` of numbers, the smaller first."""
    low, high = np.asarray(pairs, dtype=np.int64).T
    return high * (high + 1) // 2 + low


def pairs_of_codes(codes):
    """The pairs ``(n, 2)`` of codes."""
    codes = np.asarray(codes, dtype=np.int64)
    high = ((np.sqrt(8.0 * codes + 1) - 1) / 2).astype(np.int64)
    high -= high * (high + 1) // 2 > codes  # the root may be off by one
    high += (high + 1) * (high + 2) // 2 <= codes
    return np.column_stack([codes - high * (high + 1) // 2, high])


def _self_codes(n):
    return pair_codes(np.column_stack([np.arange(n)] * 2))


def _check_enough(available, wanted, n, what):
    if wanted > available:
        raise ValueError(
            f"{wanted:,} negatives are asked for, but the {n:,} proteins have {available:,} pairs {what}; lower ratio, "
            "or give more proteins"
        )


def uniform_across(side, forbidden, wanted, random):
    """Distinct allowed pairs of a protein of side 0 and one of side 1, each as likely.

    Parameters
    ----------
    side : ndarray of int of shape (n_proteins,)
        0 or 1.
    forbidden : ndarray of int
        Sorted distinct codes.
    wanted : int
    random : numpy.random.Generator

    Returns
    -------
    ndarray of int of shape (wanted, 2)

    Raises
    ------
    ValueError
        If there are fewer allowed pairs.
    """
    place = np.empty(len(side), dtype=np.int64)
    members = [np.flatnonzero(side == of) for of in (0, 1)]
    for of_side in members:
        place[of_side] = np.arange(len(of_side))
    taken = _oriented(pairs_of_codes(forbidden), side)
    taken = taken[side[taken[:, 0]] != side[taken[:, 1]]]
    taken = np.unique(place[taken[:, 0]] * len(members[1]) + place[taken[:, 1]])
    available = len(members[0]) * len(members[1]) - len(taken)
    _check_enough(available, wanted, len(side), "of one protein of either side that are not known positives")
    rank = random.choice(available, wanted, replace=False)
    rank = rank + np.searchsorted(taken - np.arange(len(taken)), rank, side="right")
    return np.column_stack([members[0][rank // len(members[1])], members[1][rank % len(members[1])]])


def _oriented(pairs, side):
    """Pairs with the protein of side 0 first."""
    return np.where((side[pairs[:, 0]] == 1)[:, None], pairs[:, ::-1], pairs)


def uniform_codes(n, forbidden, wanted, self_pairs, random):
    """Codes of distinct allowed pairs of ``n`` proteins, each as likely.

    Parameters
    ----------
    n : int
    forbidden : ndarray of int
        Sorted distinct codes.
    wanted : int
    self_pairs : bool
    random : numpy.random.Generator

    Returns
    -------
    ndarray of int of shape (wanted,)

    Raises
    ------
    ValueError
        If there are fewer allowed pairs.
    """
    if not self_pairs:
        forbidden = np.union1d(forbidden, _self_codes(n))
    available = n * (n + 1) // 2 - len(forbidden)
    _check_enough(available, wanted, n, "that are not known positives")
    rank = random.choice(available, wanted, replace=False)
    # the k-th allowed code is k plus the forbidden ones before it
    return rank + np.searchsorted(forbidden - np.arange(len(forbidden)), rank, side="right")


def apart_in_compartments(members, forbidden, wanted, random, side=None):
    """Distinct allowed pairs of proteins that share no compartment, each as likely.

    Parameters
    ----------
    members : ndarray of float of shape (n_proteins, n_compartments)
        1 where a protein is in a compartment; proteins in none are not drawn.
    forbidden : ndarray of int
        Sorted distinct codes.
    wanted : int
    random : numpy.random.Generator
    side : ndarray of int of shape (n_proteins,), default=None
        Where given, both proteins of a pair have different sides.

    Returns
    -------
    ndarray of int of shape (wanted, 2)

    Raises
    ------
    ValueError
        If there are fewer allowed pairs.
    """
    placed = members.any(axis=1)
    taken = pairs_of_codes(forbidden)

    def allowed(start):
        """Allowed pairs of a block of proteins with earlier ones."""
        rows = np.arange(start, min(start + _ROWS_AT_ONCE, len(members)))
        apart = (members[rows] @ members.T == 0) & placed[rows, None] & placed
        apart &= np.arange(len(members)) < rows[:, None]
        if side is not None:
            apart &= side[rows, None] != side
        inside = (taken[:, 1] >= rows[0]) & (taken[:, 1] <= rows[-1])
        apart[taken[inside, 1] - start, taken[inside, 0]] = False
        return apart

    starts = range(0, len(members), _ROWS_AT_ONCE)
    ends = np.cumsum([int(allowed(start).sum()) for start in starts])
    _check_enough(
        int(ends[-1]), wanted, len(members), "in different compartments that are not known positives"
    )
    rank = np.sort(random.choice(ends[-1], wanted, replace=False))
    drawn = []
    for start, end, before in zip(starts, ends, np.append(0, ends[:-1]), strict=True):
        chosen = rank[(rank >= before) & (rank < end)] - before
        if len(chosen):
            high, low = np.argwhere(allowed(start))[chosen].T
            drawn.append(np.column_stack([low, high + start]))
    return np.concatenate(drawn)


def matched_by_degree(positives, forbidden, ratio, wanted, self_pairs, random, names, side=None):
    """Distinct allowed pairs in which each protein occurs ``ratio`` times as often as in the positives.

    The ends of the positive pairs are shuffled, which keeps every protein's number of pairs; pairs that are forbidden
    or there twice then swap ends with others until none is left.

    Parameters
    ----------
    positives : ndarray of int of shape (n, 2)
        Distinct.
    forbidden : ndarray of int
        Sorted distinct codes, those of the positives among them.
    ratio : float
    wanted : int
        Pairs to draw; what is more than a multiple of n repeats random positives.
    self_pairs : bool
    random : numpy.random.Generator
    names : sequence of str
        Names of the proteins, for the message.
    side : ndarray of int of shape (n_proteins,), default=None
        Where given, both proteins of a pair have different sides, as those of the positives do.

    Returns
    -------
    ndarray of int of shape (wanted, 2)

    Raises
    ------
    ValueError
        If the degrees cannot be matched.
    """
    rest = random.choice(len(positives), wanted % len(positives), replace=False)
    pairs = np.concatenate([*[positives] * (wanted // len(positives)), positives[rest]])
    bound = _check_degrees(pairs, forbidden, ratio, self_pairs, names, side)
    pairs = _oriented(pairs, side) if side is not None else random.permuted(pairs, axis=1)
    pairs[:, 1] = random.permutation(pairs[:, 1])
    swaps = _Swaps(pairs, forbidden, self_pairs, random, (0, 1) if side is None else (1,))
    if not swaps.repair():
        # each of these negatives is good: so many per positive can be had, if not in the same proportions
        feasible = float(np.floor(100 * (len(pairs) - len(swaps.bad())) / len(positives)) / 100)
        left = [names[number] for number in np.unique(pairs[swaps.bad()])]
        raise ValueError(
            f"no negatives were found in which every protein occurs {ratio:g} times as often as among the positives: "
            f"{len(left)} proteins have too few partners left, such as {', '.join(str(name)[:20] for name in left[:5])}. "
            f"The largest feasible ratio lies near {min(feasible, bound):g}. Lower ratio, or use strategy='uniform'"
        )
    return np.sort(pairs, axis=1)


def _check_degrees(pairs, forbidden, ratio, self_pairs, names, side):
    """Raise where a protein is to occur more often than it has partners; else the largest ratio this allows."""
    n = len(names)
    low, high = pairs_of_codes(forbidden).T
    other = low != high
    if side is not None:
        other &= side[low] != side[high]
    reach = n - 1 if side is None else np.bincount(side, minlength=2)[1 - side]
    partners = reach - np.bincount(low[other], minlength=n) - np.bincount(high[other], minlength=n)
    if self_pairs and side is None:
        # a pair with itself takes two ends of a protein
        partners = partners + 2 * (1 - np.bincount(low[~other], minlength=n))
    wanted = np.bincount(pairs.ravel(), minlength=n)
    used = wanted > 0
    bound = float(np.floor(100 * ratio * (partners[used] / wanted[used]).min()) / 100)
    short = np.flatnonzero(wanted > partners)
    if len(short):
        worst = short[np.argmax(wanted[short] - partners[short])]
        raise ValueError(
            f"{len(short):,} of {n:,} proteins cannot occur {ratio:g} times as often among the negatives as among the "
            f"positives: {str(names[worst])[:20]} would need {wanted[worst]:,} partners that it does not interact with, "
            f"there are {partners[worst]:,}. The largest feasible ratio is {bound:g} at most. Lower ratio, or use "
            "strategy='uniform'"
        )
    return bound


class _Swaps:
    """Pairs with fixed numbers of pairs per protein, and swaps of ends that rid them of bad pairs."""

    def __init__(self, pairs, forbidden, self_pairs, random, ends=(0, 1)):
        self.ends = ends  # of the other pair; with sides the second only, as the first stays on its side
        self.left = _TRIES_PER_PAIR * len(pairs) + 100_000  # exchanges to try in all, which bounds the time
        self.pairs, self.random, self.self_pairs = pairs, random, self_pairs
        self.forbidden = set(forbidden.tolist())
        self.count = Counter(self._codes(pairs).tolist())

    @staticmethod
    def _codes(pairs):
        return pair_codes(np.sort(pairs, axis=1))

    def _is_bad(self, pair):
        code = _code(*pair)
        return self.count[code] > 1 or code in self.forbidden or (pair[0] == pair[1] and not self.self_pairs)

    def _is_free(self, a, b):
        code = _code(a, b)
        return self.count[code] == 0 and code not in self.forbidden and (a != b or self.self_pairs)

    def bad(self):
        """Rows of bad pairs."""
        return [row for row, pair in enumerate(self.pairs.tolist()) if self._is_bad(pair)]

    def repair(self, rounds=50):
        """Swap until no pair is bad; returns whether that was reached."""
        for _ in range(rounds):
            bad = self.bad()
            if not bad:
                return True
            for row in bad:
                if self.left <= 0:
                    return False
                if self._is_bad(self.pairs[row].tolist()) and not self._swap(row):
                    self._move(row)
        return not self.bad()

    def _swap(self, row):
        """Exchange ends with a pair such that both new pairs are good."""
        for other in self._partners():
            self.left -= 1
            if self.left <= 0:
                return False
            if other != row and any(self._exchange(row, other, end, needs_good=True) for end in self.ends):
                return True
        return False

    def _partners(self):
        """Rows to swap with: some at random, which is nearly always enough, then all."""
        yield from self.random.integers(len(self.pairs), size=_TRIES).tolist()
        yield from self.random.permutation(len(self.pairs)).tolist()

    def _move(self, row):
        """Exchange ends with any other pair: a bad pair elsewhere may find a partner there."""
        other = int(self.random.integers(len(self.pairs) - 1)) if len(self.pairs) > 1 else row
        other += other >= row
        if other < len(self.pairs):
            self._exchange(row, other, self.ends[int(self.random.integers(len(self.ends)))], needs_good=False)

    def _exchange(self, row, other, end, needs_good):
        """``(a, b), (c, d)`` become ``(a, d), (c, b)``, or with ``end`` 0 ``(a, c), (b, d)``."""
        (a, b), (c, d) = self.pairs[row].tolist(), self.pairs[other].tolist()
        new = ((a, d), (c, b)) if end else ((a, c), (b, d))
        if needs_good and not (
            _code(*new[0]) != _code(*new[1]) and all(self._is_free(*pair) for pair in new)
        ):
            return False
        for pair in ((a, b), (c, d)):
            self.count[_code(*pair)] -= 1
        for pair in new:
            self.count[_code(*pair)] += 1
        self.pairs[row], self.pairs[other] = new
        return True


def _code(a, b):
    return b * (b + 1) // 2 + a if a < b else a * (a + 1) // 2 + b
