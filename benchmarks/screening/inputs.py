"""What the benchmarks of screens work on: proteins of random lengths, and models fitted to pairs of human proteins."""

import numpy as np

from amp_sklearn import load_bernett_mini, load_model, make_preset, save_model

# Frequencies of the twenty amino acids in UniProtKB/Swiss-Prot, in percent, as its release statistics give them.
FREQUENCIES = {
    "A": 8.25, "R": 5.53, "N": 4.06, "D": 5.46, "C": 1.38, "Q": 3.93, "E": 6.72, "G": 7.07, "H": 2.27, "I": 5.91,
    "L": 9.65, "K": 5.80, "M": 2.41, "F": 3.86, "P": 4.74, "S": 6.65, "T": 5.36, "W": 1.10, "Y": 2.92, "V": 6.86,
}  # fmt: skip
MEDIAN_LENGTH, SPREAD, SHORTEST, LONGEST = 350, 0.7, 40, 1000
MODELS = {
    "late-interaction": {},
    "ESM2_DPM": {
        "classify__hidden1": 256,
        "classify__hidden2": 64,
        "classify__hidden3": 32,
        "classify__lr": 5e-4,
    },
    "amps-small": {},
}
"""Presets that are screened with, on esm2-mini; DPM in the size of the comparison tables."""


def random_proteins(n):
    """Proteins of log-normal lengths, residues drawn by their frequencies: the same ones at every call, whatever ``n``.

    Returns
    -------
    dict of str to str
    """
    random = np.random.default_rng(0)
    letters, weights = np.array(list(FREQUENCIES)), np.array(list(FREQUENCIES.values()))
    found = {}
    for number in range(n):
        length = int(np.clip(MEDIAN_LENGTH * np.exp(SPREAD * random.standard_normal()), SHORTEST, LONGEST))
        found[f"R{number:06d}"] = "".join(random.choice(letters, length, p=weights / weights.sum()))
    return found


def fitted_model(name, folder):
    """A preset with esm2-mini, fitted to the bundled training pairs of Bernett's set; kept in a folder.

    Parameters
    ----------
    name : str
    folder : Path

    Returns
    -------
    Path
        Of the model's file.
    """
    path = folder / f"{name}.amp"
    if not path.exists():
        X, y = load_bernett_mini("train")
        model = make_preset(
            name,
            "esm2-mini",
            device="cpu",
            random_state=0,
            embed__max_length=LONGEST,
            max_epochs=3,
            **MODELS[name],
        )
        save_model(model.fit(X, y), path)
    load_model(path)
    return path
