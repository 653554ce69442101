"""Heat maps of mutation scans."""

import numpy as np
import pandas as pd
import pytest

from amp_sklearn.explanation import MutationScan
from amp_sklearn.plotting import MutationScanDisplay


def scan_of(length, proteins="A", method="exact"):
    """A scan in which the change of every variant is its place in the table."""
    rows = [
        (side, position, letter) for side in proteins for position in range(1, length + 1) for letter in "WA-"
    ]
    variants = pd.DataFrame(rows, columns=["protein", "position", "variant"])
    sequences = ("MKTAY" * length)[:length], ("GAVLI" * length)[:length]
    outputs = np.arange(len(rows), dtype=float)
    return MutationScan(
        sequences, variants, outputs, outputs, 0.0, 0.5, "logit", method, pair_id=("P1", "P2")
    )


def test_each_cell_shows_its_change(tmp_path):
    scan = scan_of(12)
    display = MutationScanDisplay.from_scan(scan)
    shown = display.image_.get_array()
    assert shown.shape == (21, 12)
    labels = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert labels[-1] == "deletion" and shown[labels.index("W"), 4] == 12 and shown[-1, 11] == 35
    assert shown.mask[labels.index("C")].all()  # what was not scanned has no colour
    assert display.image_.get_clim() == (-35, 35)
    assert display.ax_.get_title(loc="left") == "Single mutations of P1 with P2 (p = 0.50)"
    assert [text.get_text() for text in display.ax_.get_xticklabels()][:2] == ["M\n1", "K\n2"]
    dots = display.ax_.collections[0].get_offsets()
    assert dots[0].tolist() == [1, labels.index("M")]  # the residue that is there
    display.save(tmp_path / "scan.png")
    assert (tmp_path / "scan.png").stat().st_size > 1000


def test_two_proteins_are_drawn_one_by_one():
    scan = scan_of(70, "AB", method="gradient")
    with pytest.raises(ValueError, match="protein must be one of"):
        MutationScanDisplay.from_scan(scan)
    display = MutationScanDisplay.from_scan(scan, "B")
    assert display.ax_.get_xlabel() == "position in P2"
    assert "estimated from gradients" in display.ax_.get_title(loc="left")
    assert display.image_.get_array()[-1, -1] == len(scan) - 1
