"""Simple rules that guess interface residues without any model; an explanation must do better than these."""

import numpy as np

from ..data.segments import token_bounds

HYDROPATHY = dict(
    zip(
        "ARNDCQEGHILKMFPSTWYV",
        (1.8, -4.5, -3.5, -3.5, 2.5, -3.5, -3.5, -0.4, -3.2, 4.5, 3.8, -3.9, 1.9, 2.8, -1.6, -0.8, -0.7, -0.9, -1.3, 4.2),
        strict=True,
    )
)  # fmt: skip
"""Kyte and Doolittle 1982, :doi:`10.1016/0022-2836(82)90515-0`."""

BURIAL = dict(
    zip(
        "ARNDCQEGHILKMFPSTWYV",
        (0.3, -1.4, -0.5, -0.6, 0.9, -0.7, -0.7, 0.3, -0.1, 0.7, 0.5, -1.8, 0.4, 0.5, -0.3, -0.1, -0.2, 0.3, -0.4, 0.6),
        strict=True,
    )
)  # fmt: skip
"""Tendency to be inside a protein; Janin 1979, :doi:`10.1038/277491a0`."""

OFTEN_AT_INTERFACES = frozenset("WYFMCIH")


def _by_letter(scale):
    return lambda sequence: np.array([scale.get(letter, 0.0) for letter in sequence])


def _distance_to_middle(sequence):
    return np.abs(np.arange(len(sequence)) - (len(sequence) - 1) / 2)


RULES = {
    "hydrophobic": _by_letter(HYDROPATHY),
    "hydrophilic": lambda sequence: -_by_letter(HYDROPATHY)(sequence),
    "on the surface": lambda sequence: -_by_letter(BURIAL)(sequence),
    "one of W, Y, F, M, C, I, H": lambda sequence: np.array(
        [x in OFTEN_AT_INTERFACES for x in sequence], float
    ),
    "middle of the chain": lambda sequence: -_distance_to_middle(sequence),
    "ends of the chain": _distance_to_middle,
}
"""One value per residue of a sequence, the larger the more likely at an interface, by the name of the rule."""


def random_residues(length, random):
    """A random value for each residue."""
    return random.uniform(size=length)


def random_segments(length, random):
    """A random value for each of the ten segments, the same for all of its residues: chance for methods that see segments."""
    values = np.zeros(length)
    for token, (start, end) in token_bounds(length).items():
        if token.startswith("segment"):
            values[start:end] = random.uniform()
    return values


CHANCE = {"random residues": random_residues, "random segments": random_segments}
