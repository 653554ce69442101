"""Published tables: features of both proteins merged into one wide table of pairs, and the autoencoder's rows."""

import pandas as pd

N_SEGMENTS = 10


def embedding_table(entries, features, width):
    """Table of segment means of proteins, one row each, in double precision as read from the published files."""
    names = [f"ESM2_segment{s}_mean{k}" for s in range(N_SEGMENTS) for k in range(width)]
    table = pd.DataFrame(features, columns=names, dtype="float64")
    table.insert(0, "Entry", list(entries))
    return table


def merge_pairs(samples, proteins, key="Entry"):
    """Samples (``Protein1, Protein2, Label``) joined with the features of both proteins, prefixed ``1_``, ``2_``.

    Two left merges and renamings on the whole table, a test for empty cells, columns by their prefix.
    """
    columns = [name for name in proteins.columns if name != key]
    for number in (1, 2):
        samples = samples.merge(proteins, how="left", left_on=f"Protein{number}", right_on=key)
        samples = samples.rename(columns={name: f"{number}_{name}" for name in columns})
        samples = samples.drop(columns=key)
    if samples.isna().to_numpy().any():
        samples = samples.dropna()
    return samples


def protein_rows(latents, proteins, tokens):
    """Autoencoder features of proteins as a table, gathered name by name, token by token, cell by cell.

    Parameters
    ----------
    latents : ndarray of shape (n_proteins * n_tokens, n_components)
    proteins : list of str
        Each is searched for as a pattern in the names of all rows.
    tokens : list of str

    Returns
    -------
    DataFrame
        ``new_name``, then ``token_component``.
    """
    names = pd.Series([f"{protein}_{token}" for protein in proteins for token in tokens], name="Name")
    everything = pd.concat([names, pd.DataFrame(latents)], axis=1)
    gathered = []
    for protein in proteins:
        own = everything[everything["Name"].str.contains(protein)]
        cells = {}
        for token in own["Name"].str.split("_").str[-1]:
            values = own[own["Name"].str.endswith(token)].iloc[:, 1:].copy()
            values.columns = [f"{token}_{k}" for k in range(values.shape[1])]
            for column in values.columns:
                if column not in cells:
                    cells[column] = values.iloc[0][column]
        gathered.append(cells)
    table = pd.DataFrame(gathered)
    table.insert(0, "new_name", proteins)
    return table


def autoencoder_pairs(latents, proteins, tokens, samples):
    """Pair features from autoencoder features: rows of proteins, then two merges."""
    return merge_pairs(samples, protein_rows(latents, proteins, tokens), key="new_name")
