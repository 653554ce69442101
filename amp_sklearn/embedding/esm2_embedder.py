"""ESM2Embedder: features of ESM-2, and of no other architecture."""

from ..exceptions import ModelLoadError
from .embedder import ProteinLanguageModelEmbedder
from .packed_esm2 import PackedESM2


class ESM2Embedder(ProteinLanguageModelEmbedder):
    """Embed both proteins of each pair with ESM-2: cls, ten segment means, eos and mean of the last hidden state.

    Every distinct sequence is embedded once, whatever the number of pairs, and kept in a store on disk, so that
    cross-validation folds, searches, later runs and other processes embed nothing twice. Nothing is learned from
    ``X`` or ``y``; ``fit`` checks the input and loads the model. Neither the fitted transformer nor its pickle holds
    ESM-2 weights.

    Parameters
    ----------
    model : str or path-like, default="esm2-mini"
        ``"esm2-mini"`` (small, bundled, works offline), a name on the Hugging Face hub such as
        ``"facebook/esm2_t33_650M_UR50D"`` (the published choice), or a folder written by ``save_pretrained``.
    revision : str, default=None
        Branch, tag or commit of a model on the hub.
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
        Digest of the ESM-2 weights; ``transform`` refuses other weights under the same name.
    n_features_in_ : int
        Columns of ``X``: 2.
    feature_names_in_ : ndarray of str
        Column names of ``X``, when it has any.

    See Also
    --------
    amp_sklearn.preprocessing.PairConcatenator : Choose tokens and the combination of both proteins.

    References
    ----------
    Lin et al., Science 2023, :doi:`10.1126/science.ade2574` (ESM-2).
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434` (segments).

    Examples
    --------
    >>> import pandas as pd
    >>> from amp_sklearn import ESM2Embedder
    >>> X = pd.DataFrame({"sequence_a": ["MKTAYIAKQR", "MVLSPADKTN"], "sequence_b": ["MVLSPADKTN", "MKTAYIAKQR"]})
    >>> ESM2Embedder(store=None).fit_transform(X)
    PairMatrix(shape=(2, 4992), dtype=float32, n_proteins=2)
    """

    def language_model(self):
        """The ESM-2 model that ``model`` stands for; loaded once per process.

        Returns
        -------
        LanguageModel

        Raises
        ------
        ModelLoadError
            If the model cannot be loaded, or is another than ESM-2.
        """
        loaded = super().language_model()
        if not isinstance(loaded.forward, PackedESM2) or loaded.spelling.letters[0] != "A":
            raise ModelLoadError(
                f"{self.model!r} is a model of the family {loaded.family.model_type!r} ({loaded.family.models}), and not "
                "ESM-2; ProteinLanguageModelEmbedder embeds with it"
            )
        return loaded
