"""Coverage calculated row by row, for comparison: one pair, one segment, one residue at a time.

This is the way of the published analysis: look up the protein's row, read its cells again with a regular
expression, collect the covered residues of each type in lists, and divide. It is written anew, with the
comparison mended that loses regions sharing one residue with a segment, so that both ways must give the same
numbers.
"""

import re

import pandas as pd

_REGION = re.compile(r"([A-Za-z]+(?: [a-z]+)?)\[(\d+),(\d+)\]")


def segment_interval(length, number):
    """Residues ``start < r <= end`` of a segment."""
    quotient, remainder = divmod(length, 10)
    sizes = [quotient + 1] * remainder + [quotient] * (10 - remainder)
    return sum(sizes[:number]), sum(sizes[: number + 1])


def coverage_row_by_row(samples, table, types, columns):
    """Percent of each segment of each pair covered, by type and in total.

    Parameters
    ----------
    samples : DataFrame
        Columns ``protein_a``, ``protein_b`` and the segment labels in ``columns``.
    table : DataFrame
        Columns ``Entry``, ``Length`` and one of cells per type.
    types : sequence of str
    columns : sequence of str

    Returns
    -------
    DataFrame
        One row per pair and segment.
    """
    results = []
    for row, sample in samples.iterrows():
        for column in columns:
            label = sample[column]
            protein = sample["protein_a"] if label.startswith("A_") else sample["protein_b"]
            entry = table[table["Entry"] == protein].iloc[0]
            start, end = segment_interval(int(entry["Length"]), int(label[-1]))
            length = end - start
            everything = set()
            result = {"pair": row, "column": column}
            for type_ in types:
                covered = set()
                for found, first, last in _REGION.findall(str(entry[type_])):
                    if found == type_:
                        for residue in range(max(int(first), start + 1), min(int(last), end) + 1):
                            covered.add(residue)
                everything |= covered
                result[type_] = round((len(covered) / length) * 100, 1) if length else 0
            result["all types"] = round((len(everything) / length) * 100, 1) if length else 0
            results.append(result)
    return pd.DataFrame(results)
