"""From pairs of sequences to a pair matrix of features of a protein language model."""

from numbers import Integral
from os import PathLike
from typing import ClassVar

import torch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from ..data.layout import FeatureLayout
from ..data.pair_matrix import PairMatrix, as_configured_output
from ..data.sequence_pairs import distinct_sequences
from .language_model import BUNDLED_MODEL
from .long_proteins import LONG_PROTEINS
from .single_proteins import SingleProteins


class ProteinLanguageModelEmbedder(SingleProteins, TransformerMixin, BaseEstimator):
    """Embed both proteins of each pair with a protein language model: cls, ten segment means, eos and mean.

    ESM-2, ESM-1b and SaProt, ESM C, the encoders of ProtT5, ProstT5 and Ankh, and ProtBERT; the family is told by
    ``model_type`` in the model's ``config.json``, and by nothing else. Models of the T5 family have no cls: their features
    have twelve tokens, and whoever asks for a cls is told so. Sequences are given as plain letters; how the model wants
    them (spaces, prompts, rare residues as X) is the family's business.

    Every distinct sequence is embedded once, whatever the number of pairs, and kept in a store on disk, so that
    cross-validation folds, searches, later runs and other processes embed nothing twice. Nothing is learned from
    ``X`` or ``y``; ``fit`` checks the input and loads the model. Neither the fitted transformer nor its pickle holds
    weights of the language model. Code that comes with a model is never run, and pickled weights are read as plain
    numbers only.

    Parameters
    ----------
    model : str or path-like, default="esm2-mini"
        ``"esm2-mini"`` (small, bundled, works offline), a name on the Hugging Face hub such as
        ``"Rostlab/prot_t5_xl_half_uniref50-enc"``, or a folder written by ``save_pretrained``.
    revision : str, default=None
        Branch, tag or commit of a model on the hub. Fingerprint and store go by the weights that it holds.
    layer : int or list of int, default=-1
        Layer whose hidden states are used: -1 the last, -2 the one before it, and so on; 0 is what the first layer reads.
        A list averages several. For many tasks the last layer is not the best one.
    max_length : int, default=None
        Longest protein, in residues, that is embedded in one piece. None embeds every protein whole, as published;
        time and memory of attention grow with the square of the length.
    long_proteins : {"error", "truncate", "window"}, default="error"
        What to do with proteins longer than ``max_length``: raise an error; use the first ``max_length`` residues
        (with a warning that counts them); or embed overlapping windows and average each residue over the windows that
        hold it (cls and eos over all windows).
    window_overlap : int, default=None
        Residues that neighbouring windows share at least; None is a quarter of ``max_length``.
    uppercase : bool, default=False
        Turn lower-case letters into upper case instead of rejecting them.
    batch_size : int, default=32
        Proteins computed together at most.
    batch_tokens : int, default=4096
        Tokens (residues and two per protein) computed together at most; lower it when memory is short.
    device : str, default="auto"
        Torch device; ``"auto"`` is a CUDA GPU where there is one, else the CPU.
    dtype : {"float32", "bfloat16", "float16", "auto"}, default="float32"
        Precision of the computation; ``"auto"`` is bfloat16 where the hardware is faster in it (GPUs from compute
        capability 8.0, CPUs with AMX, AMD's with AVX512-BF16). Pooling and features are float32 always.
    store : str, path-like or None, default="auto"
        Folder of the embedding store; ``"auto"`` is :func:`default_store_path`, None keeps nothing on disk. Where the
        default folder cannot be used, such as on a full disk, a warning says so and nothing is kept.
    verbose : int, default=0
        Show a progress bar when positive.

    Attributes
    ----------
    layout_ : FeatureLayout
        Tokens and width of the features.
    fingerprint_ : str
        Digest of the weights; ``transform`` refuses other weights under the same name.
    n_features_in_ : int
        Columns of ``X``: 2.
    feature_names_in_ : ndarray of str
        Column names of ``X``, when it has any.

    See Also
    --------
    ESM2Embedder : The same for ESM-2 only; it refuses every other architecture.
    amp_sklearn.preprocessing.PairConcatenator : Choose tokens and the combination of both proteins.

    References
    ----------
    Lin et al., Science 2023, :doi:`10.1126/science.ade2574` (ESM-2).
    Rives et al., PNAS 2021, :doi:`10.1073/pnas.2016239118` (ESM-1b).
    Su et al., ICLR 2024, :doi:`10.1101/2023.10.01.560349` (SaProt).
    Elnaggar et al., IEEE TPAMI 2022, :doi:`10.1109/TPAMI.2021.3095381` (ProtT5, ProtBERT).
    Heinzinger et al., NAR Genomics and Bioinformatics 2024, :doi:`10.1093/nargab/lqae150` (ProstT5).
    Elnaggar et al., bioRxiv 2023, :doi:`10.1101/2023.01.16.524265` (Ankh).

    Examples
    --------
    >>> from amp_sklearn import ProteinLanguageModelEmbedder
    >>> X = [["MKTAYIAKQR", "MVLSPADKTN"], ["MVLSPADKTN", "MKTAYIAKQR"]]
    >>> ProteinLanguageModelEmbedder(store=None).fit_transform(X)
    PairMatrix(shape=(2, 4992), dtype=float32, n_proteins=2)
    """

    _parameter_constraints: ClassVar[dict] = {
        "model": [str, PathLike],
        "revision": [str, None],
        "layer": [Integral, "array-like"],
        "max_length": [Interval(Integral, 1, None, closed="left"), None],
        "long_proteins": [StrOptions(set(LONG_PROTEINS))],
        "window_overlap": [Integral, None],
        "uppercase": ["boolean"],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "batch_tokens": [Interval(Integral, 1, None, closed="left")],
        "device": [str, torch.device],
        "dtype": [StrOptions({"float32", "bfloat16", "float16", "auto"})],
        "store": [str, PathLike, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        model=BUNDLED_MODEL,
        *,
        revision=None,
        layer=-1,
        max_length=None,
        long_proteins="error",
        window_overlap=None,
        uppercase=False,
        batch_size=32,
        batch_tokens=4096,
        device="auto",
        dtype="float32",
        store="auto",
        verbose=0,
    ):
        self.model = model
        self.revision = revision
        self.layer = layer
        self.max_length = max_length
        self.long_proteins = long_proteins
        self.window_overlap = window_overlap
        self.uppercase = uppercase
        self.batch_size = batch_size
        self.batch_tokens = batch_tokens
        self.device = device
        self.dtype = dtype
        self.store = store
        self.verbose = verbose

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False  # to scikit-learn that means an array of numbers
        tags.transformer_tags.preserves_dtype = []
        return tags

    def fit(self, X, y=None):
        """Check the input and load the model.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_pairs, 2)
            Sequences of protein A and protein B.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        SequenceError
            If a cell is no protein sequence, or a protein is too long for ``long_proteins="error"``.
        ModelLoadError
            If the model cannot be loaded.
        ValueError
            If a parameter is out of range or ``X`` does not have two columns.
        """
        self._check_parameters()
        sequences, _, names = self._sequences(X, reset=True)
        self.long_protein_rule().check(sequences, names)
        loaded = self.language_model()
        self._check_longest(sequences, names, loaded)
        self.layout_ = FeatureLayout(loaded.tokens, loaded.width)
        self.fingerprint_ = loaded.fingerprint
        return self

    def transform(self, X):
        """Embed the pairs.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_pairs, 2)
            Sequences of protein A and protein B.

        Returns
        -------
        PairMatrix of shape (n_pairs, 2 * n_tokens * d)
            Protein A's tokens (thirteen, or twelve of a model without cls), then protein B's; a DataFrame after ``set_output(transform="pandas")``.

        Raises
        ------
        SequenceError
            As in ``fit``.
        ModelLoadError
            If the model cannot be loaded, or its weights are not those of ``fit``.
        EmbeddingStoreError
            If a folder given as ``store`` cannot be used.
        ValueError
            If the model gives NaN or infinity.
        """
        check_is_fitted(self)
        sequences, index, names = self._sequences(X, reset=False)
        features = self._embed(sequences, names).reshape(len(sequences), -1)
        return as_configured_output(self, PairMatrix(features, index, self.layout_))

    def get_feature_names_out(self, input_features=None):
        """Names of the columns: protein, token, dimension.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Checked against the names seen in ``fit``, not used.

        Returns
        -------
        ndarray of str, such as ``"A_segment0_17"``
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features)
        return self.layout_.feature_names()

    def _sequences(self, X, reset):
        """Distinct checked sequences, the (n_pairs, 2) index into them, and a name of each for messages."""
        return distinct_sequences(self, X, reset=reset, uppercase=self.uppercase)
