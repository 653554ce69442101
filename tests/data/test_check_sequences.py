import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amp_sklearn.data import RESIDUES, check_sequences
from amp_sklearn.exceptions import SequenceError


def message(*args, **kwargs):
    with pytest.raises(SequenceError) as caught:
        check_sequences(*args, **kwargs)
    return str(caught.value)


@given(st.lists(st.text(RESIDUES, min_size=1)))
def test_allowed_sequences_come_back_as_they_are(sequences):
    assert check_sequences(sequences) == sequences
    assert check_sequences([sequence.lower() for sequence in sequences], uppercase=True) == sequences


@given(st.text(min_size=1))
def test_agrees_with_a_look_at_every_letter(text):
    if all(letter in "ACDEFGHIKLMNPQRSTVWYXUBZO" for letter in text):
        assert check_sequences([text]) == [text]
    else:
        found = message([text])
        place = next(i for i, letter in enumerate(text, 1) if letter not in RESIDUES)
        assert f"{text[place - 1]!r} at {place}" in found


def test_message_names_protein_position_letter_and_remedy():
    found = message({"P1": "MKV", "P2": "MJT*", "P3": "", "P4": "mK-V 1"}, source="mine.fasta")
    assert found.splitlines() == [
        "mine.fasta: 3 of 4 sequences cannot be used:",
        "  P2: 'J' at 2, '*' at 4",
        "  P3: is empty",
        "  P4: 'm' at 1, '-' at 3, ' ' at 5, '1' at 6",
        "Allowed are the letters ACDEFGHIKLMNPQRSTVWYXUBZO. Pass uppercase=True if lower case means the same "
        "residues; replace J (I or L) by X; remove stop signs (*); remove alignment gaps (- and .); "
        "remove white space; remove digits.",
    ]


def test_long_lists_are_counted():
    found = message(["*" * 20] * 9)
    assert "row 0: " in found and "'*' at 8 and 12 more" in found and "'*' at 9" not in found
    assert found.count("row ") == 5 and "  and 4 more" in found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "is missing"),
        (float("nan"), "is missing"),
        (pd.NA, "is missing"),
        (7, "is not text but int (7)"),
        (b"MKV", "is not text but bytes (b'MKV')"),
    ],
)
def test_what_is_not_text_is_named(value, text):
    assert f"  P2: {text}" in message(["MKV", value], ["P1", "P2"])


def test_ids_of_a_series_are_its_index_unless_it_only_counts():
    assert "  P2: is empty" in message(pd.Series(["MKV", ""], index=["P1", "P2"]))
    assert "  row 1: is empty" in message(pd.Series(["MKV", ""]))


def test_upper_case_never_changes_a_length():
    assert "'ﬁ' at 2" in message(["mﬁk"], uppercase=True)


def test_plain_strings_come_back():
    assert {type(sequence) for sequence in check_sequences(np.array(["MKV", "MK"]))} == {str}


def test_a_single_string_and_ids_that_do_not_match_are_refused():
    with pytest.raises(TypeError, match="got one string"):
        check_sequences("MKV")
    with pytest.raises(ValueError, match="match the 2 sequences one by one, got 1 ids"):
        check_sequences(["MKV", "M"], ["P1"])
