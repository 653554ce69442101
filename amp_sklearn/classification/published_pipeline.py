"""Published weights as a pipeline that takes pairs of sequences."""

from sklearn.pipeline import Pipeline

from ..embedding import ESM2Embedder
from ..exceptions import ModelLoadError
from ..preprocessing import AutoencoderReducer, PairConcatenator
from .checkpoints import load_checkpoint

PUBLISHED_ESM2 = "facebook/esm2_t33_650M_UR50D"
_ANY_PAIR = [["MKTAYIAKQR", "MVLSPADKTN"]]  # an embedder and a concatenator learn shapes only


def published_pipeline(
    path, esm2=PUBLISHED_ESM2, *, autoencoder=None, max_length=None, device="auto", **options
):
    """Fitted pipeline, from pairs of sequences to probabilities, with published weights as its classifier.

    Parameters
    ----------
    path : path-like
        Weights of the classifier, as `load_checkpoint` reads them: a ``.pth`` or ``.safetensors`` file, or the zip archive
        that is downloaded.
    esm2 : str or path-like, default="facebook/esm2_t33_650M_UR50D"
        ESM-2 model whose features the weights were trained on; it is loaded, to compare widths.
    autoencoder : path-like, default=None
        Weights of the autoencoder that stands before an AE_DNN; other models have none.
    max_length : int, default=None
        Longer proteins are embedded in overlapping windows of so many residues; None: every protein whole, as published.
    device : str, default="auto"
        Torch device of all steps.
    **options
        Of `load_checkpoint`: ``kind``, ``n_tokens``, ``n_heads``, ``token_order``, ``member``.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Steps ``embed``, ``concatenate``, for AE_DNN ``reduce``, and ``classify``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelLoadError
        If a file is no published weights, is an autoencoder where a classifier is needed or the other way round, needs an
        autoencoder, or does not fit the features of ``esm2``.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.

    Examples
    --------
    >>> import tempfile, torch
    >>> from pathlib import Path
    >>> from amp_sklearn.classification import published_pipeline
    >>> from amp_sklearn.nn import PairTransformer
    >>> module = PairTransformer(20, 192, n_layers=1, n_heads=4, dim_feedforward=32, hidden=(8, 4))
    >>> path = Path(tempfile.mkdtemp()) / "best.pth"
    >>> torch.save({"model_state_dict": module.state_dict()}, path)
    >>> model = published_pipeline(path, "esm2-mini", n_heads=4)
    >>> model.predict_proba([["MKTAYIAKQR", "MVLSPADKTN"]]).shape
    (1, 2)
    """
    classifier = load_checkpoint(path, device=device, **options)
    if isinstance(classifier, AutoencoderReducer):
        raise ModelLoadError(
            f"{path} holds an autoencoder, which predicts nothing alone; give the weights of its classifier, and this file as "
            "autoencoder"
        )
    n_tokens, width = classifier.token_shape_
    reducer = _reducer(autoencoder, n_tokens, width, classifier, path, device)
    tokens = getattr(classifier.layout_, "tokens", None)
    if tokens is None:
        raise ModelLoadError(
            f"{path} takes {n_tokens} tokens per pair, and it is unknown which; load it with load_checkpoint"
        )
    long_proteins = "error" if max_length is None else "window"
    embedder = ESM2Embedder(esm2, max_length=max_length, long_proteins=long_proteins, device=device)
    before = Pipeline([("embed", embedder), ("concatenate", PairConcatenator(list(tokens)))])
    layout = before.fit_transform(_ANY_PAIR).layout
    wanted = width if reducer is None else reducer.token_shape_[1]
    if layout.width != wanted:
        raise ModelLoadError(
            f"the weights in {path if reducer is None else autoencoder} take features of width {wanted}, and those of "
            f"{esm2} have {layout.width}; give the ESM-2 model that they were trained with as esm2"
        )
    steps = [*before.steps, *([] if reducer is None else [("reduce", reducer)])]
    return Pipeline([*steps, ("classify", classifier)])


def _reducer(autoencoder, n_tokens, width, classifier, path, device):
    needed = type(classifier).__name__ == "AEDNNClassifier"
    if needed and autoencoder is None:
        raise ModelLoadError(
            f"{path} holds an AE_DNN, which reads what an autoencoder makes of the features; give the file of its weights as "
            "autoencoder"
        )
    if autoencoder is None:
        return None
    if not needed:
        raise ModelLoadError(f"{path} holds a model that has no autoencoder; leave {autoencoder} out")
    reducer = load_checkpoint(autoencoder, "autoencoder", n_tokens, device=device)
    if reducer.n_components != width:
        raise ModelLoadError(
            f"the autoencoder in {autoencoder} makes {reducer.n_components} columns of a token, and the classifier in {path} takes "
            f"{width}: they do not belong together"
        )
    return reducer
