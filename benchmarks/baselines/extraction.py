"""Published feature extraction: the authors' library, one protein per forward pass, a table at the end."""

import contextlib
import importlib
import io
from unittest import mock

import numpy as np
import pandas as pd
import torch

LIBRARY = "protloc_mex_X"
REQUIREMENT = "protloc_mex_X==0.0.13"
# the library's order is cls, eos, mean, segment0..9; the package's is cls, segment0..9, eos, mean
_TO_PACKAGE_ORDER = [0, *range(3, 13), 1, 2]


class PublishedExtraction:
    """Callable from sequences to the library's table of features.

    Parameters
    ----------
    folder : path-like
        Weights, configuration and vocabulary, as ``save_pretrained`` writes them.
    """

    def __init__(self, folder):
        from transformers import AutoModelForMaskedLM, AutoTokenizer

        library = importlib.import_module(f"{LIBRARY}.ESM2_fr")
        # language-model head and all hidden states, as in the authors' example
        with contextlib.redirect_stderr(io.StringIO()):  # a progress bar
            model = AutoModelForMaskedLM.from_pretrained(folder, output_hidden_states=True)
        self.extractor = library.Esm2LastHiddenFeatureExtractor(
            AutoTokenizer.from_pretrained(folder),
            model,
            compute_cls=True,
            compute_eos=True,
            compute_mean=True,
            compute_segments=True,
        )

    def __call__(self, sequences):
        """Table of one row per protein: entry, sequence, 13 tokens."""
        entries = [f"protein{k}" for k in range(len(sequences))]
        table = pd.DataFrame({"Entry": entries, "Sequence": list(sequences)})
        quiet = io.StringIO()  # progress bar and a printed line per call
        with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet), _synchronisation():
            return self.extractor.get_last_hidden_features_combine(
                table, sequence_name="Sequence", batch_size=1
            )

    @staticmethod
    def tokens(table):
        """Features of the library's table in the package's order, ``(n_proteins, 13, d)``."""
        values = table.drop(columns=["Entry", "Sequence"]).to_numpy(np.float64)
        return values.reshape(len(table), 13, -1)[:, _TO_PACKAGE_ORDER]


def _synchronisation():
    """The library synchronises a GPU after every protein without asking whether there is one."""
    return contextlib.nullcontext() if torch.cuda.is_available() else mock.patch("torch.cuda.synchronize")
