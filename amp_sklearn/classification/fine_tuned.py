"""A classifier of pairs of sequences that adapts the protein language model itself."""

from collections.abc import Sequence
from contextlib import contextmanager
from numbers import Integral
from os import PathLike
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..data.digests import data_digest
from ..data.layout import FeatureLayout
from ..data.pair_matrix import PairMatrix
from ..data.segments import TOKEN_SETS
from ..data.sequence_pairs import distinct_sequences
from ..embedding import ProteinLanguageModelEmbedder
from ..embedding.adapted_proteins import AdaptedProteins, adapted_layers
from ..embedding.language_model import BUNDLED_MODEL, open_trainable_model
from ..exceptions import ModelLoadError
from ..nn.device import resolve_device
from ..nn.fine_tuned import HEADS, FineTunedPairs
from ..preprocessing import ProteinScaler
from ._parameters import COUNT, DROPOUT, POSITIVE, torch_classifier
from ._prediction import predict_logits
from ._rows import Rows
from .base import BaseTorchClassifier
from .late_interaction import LateInteractionClassifier

NUMBERS = FeatureLayout(("protein",), 1)
"""What the module reads: the number of each protein."""

_COLUMNS = ("n_features_in_", "feature_names_in_")  # of the sequences, while the base class sees numbers


@torch_classifier
class FineTunedPairClassifier(BaseTorchClassifier):
    """Sequences in, probability out: a protein language model adapted to pairs by LoRA, and a head on its segments.

    Each protein is read by the language model, whose attention has trainable adapters of low rank; its tokens (segment
    means) are scaled as `ProteinScaler` scales the frozen model's, and a module of this package reads the tokens of both
    proteins. Before the first step the features are exactly those of the frozen model. A protein that occurs in many pairs
    of a batch, or of a prediction, is read once.

    Fine-tuning is hundreds of times the work of training on frozen features, and on few pairs it need not pay; the page on
    language models has a comparison. `save_model` writes adapters, head and scale; the language model is named, and known by
    its fingerprint.

    Parameters
    ----------
    model : str or path-like, default="esm2-mini"
        As of `ProteinLanguageModelEmbedder`.
    revision : str, default=None
        Branch, tag or commit of a model on the hub.
    layer : int, default=-1
        Hidden layer whose states are pooled.
    head : BaseTorchClassifier, default=None
        Classifier of this package whose module reads the tokens, such as ``AMPSClassifier(n_layers=1)``; only its
        parameters about the module count. None is ``LateInteractionClassifier()``.
    tokens : {"segments", "mean", "cls+segments+eos"} or sequence of str, default="segments"
        Tokens of a protein that the head reads.
    rank : int, default=8
        Rank of the adapters.
    alpha : float, default=16
        The adapters' output is multiplied by ``alpha / rank``.
    adapter_dropout : float, default=0.0
        Probability of dropping an input of an adapter while training.
    adapt : {"attention", "all"}, default="attention"
        Layers that get adapters: queries and values, or all linear layers of the language model.
    max_length, long_proteins, window_overlap, uppercase
        As of `ProteinLanguageModelEmbedder`.
    batch_tokens : int, default=4096
        Tokens whose intermediate results are in memory at the same time: a batch of ``batch_size`` pairs is divided into
        parts of so many tokens, whose gradients are added up before the step.
    gradient_checkpointing : bool, default=False
        Keep only what each layer reads, and compute the rest again on the way back: less memory, a third more time.
    store : str, path-like or None, default="auto"
        Embedding store for the frozen features that the scale is taken from.
    <inherited parameters>

    Attributes
    ----------
    fingerprint_ : str
        Digest of the language model's weights; predictions with others are refused.
    <inherited attributes>

    References
    ----------
    Hu et al., LoRA, ICLR 2022, arXiv:2106.09685.
    Sledzieski et al., Democratizing protein language models with parameter-efficient fine-tuning, PNAS 2024,
    :doi:`10.1073/pnas.2405840121`.

    Examples
    --------
    >>> from amp_sklearn.classification import FineTunedPairClassifier, TokenMeanClassifier
    >>> X = [["MKTAYIAKQR", "MVLSPADKTN"], ["MVLSPADKTN", "MALWMRLLPL"]] * 8
    >>> head = TokenMeanClassifier(hidden1=4)
    >>> model = FineTunedPairClassifier(head=head, max_epochs=1, validation=None, early_stopping=False, store=None)
    >>> model.fit(X, [0, 1] * 8).predict_proba(X[:1]).shape
    (1, 2)
    """

    model: str | PathLike = BUNDLED_MODEL
    revision: str | None = None
    layer: int = -1
    head: BaseTorchClassifier | None = None
    tokens: str | Sequence[str] = "segments"
    rank: int = 8
    alpha: float = 16
    adapter_dropout: float = 0.0
    adapt: str = "attention"
    max_length: int | None = None
    long_proteins: str = "error"
    window_overlap: int | None = None
    uppercase: bool = False
    batch_tokens: int = 4096
    gradient_checkpointing: bool = False
    store: str | PathLike | None = "auto"
    max_epochs: int = 5
    batch_size: int = 32
    lr: float = 1e-3
    lr_schedule: str | None = "cosine"
    grad_clip: float | None = 1.0
    validation: str | None = "protein"
    early_stopping: bool = True
    patience: int = 3

    _parameter_constraints: ClassVar[dict] = {
        "model": [str, PathLike],
        "revision": [str, None],
        "layer": [Integral],
        "head": [BaseTorchClassifier, None],
        "tokens": [StrOptions(set(TOKEN_SETS)), "array-like"],
        "rank": [COUNT],
        "alpha": [POSITIVE],
        "adapter_dropout": [DROPOUT],
        "adapt": [StrOptions({"attention", "all"})],
        "max_length": [Interval(Integral, 1, None, closed="left"), None],
        "long_proteins": [StrOptions({"error", "truncate", "window"})],
        "window_overlap": [Integral, None],
        "uppercase": ["boolean"],
        "batch_tokens": [COUNT],
        "gradient_checkpointing": ["boolean"],
        "store": [str, PathLike, None],
        "callbacks": [None],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False  # to scikit-learn that means an array of numbers
        return tags

    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Train on pairs of sequences.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_pairs, 2)
            Sequences of protein A and protein B.
        y : array-like of shape (n_pairs,)
            Labels, of any type.
        sample_weight : array-like of shape (n_pairs,), default=None
            As of the other classifiers.
        X_val : DataFrame or array-like of shape (n_val, 2), default=None
            Pairs to judge each epoch on, instead of pairs of proteins held out of X.
        y_val : array-like of shape (n_val,), default=None
            Their labels.

        Returns
        -------
        self

        Raises
        ------
        SequenceError
            If a cell is no protein sequence, or a protein is too long for ``long_proteins="error"``.
        ModelLoadError
            If the language model cannot be loaded.
        ImportError
            If peft is not installed.
        ValueError, KeyboardInterrupt
            As by the other classifiers.
        """
        self._validate_params()
        new = not (self.warm_start and hasattr(self, "net_"))
        with self._reading(X, X_val, reset=new) as (pairs, held_out):
            return super().fit(pairs, y, sample_weight, held_out, y_val)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one pass over pairs of sequences; see the other classifiers.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_pairs, 2)
        y : array-like of shape (n_pairs,)
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; needed at the first call.
        sample_weight : array-like of shape (n_pairs,), default=None

        Returns
        -------
        self
        """
        self._validate_params()
        with self._reading(X, reset=not hasattr(self, "net_")) as (pairs, _):
            return super().partial_fit(pairs, y, classes, sample_weight)

    def initialize(self, n_features, classes=(0, 1), layout=None, state_dict=None):
        """Not for this classifier, whose module is made for a language model: load one with `load_model`."""
        raise TypeError(
            "FineTunedPairClassifier cannot be initialised without proteins; fit it, or use load_model"
        )

    def decision_function(self, X):
        """Logits.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_pairs, 2)
            Sequences of protein A and protein B.

        Returns
        -------
        ndarray of shape (n_pairs,) or (n_pairs, n_classes)
            Logit of ``classes_[1]``; with more than two classes one per class.

        Raises
        ------
        ModelLoadError
            If the language model cannot be loaded, or its weights are not those of ``fit``.
        """
        check_is_fitted(self)
        with self._reading(X, reset=False) as (pairs, _):
            self._attach(self.net_)
            rows = Rows(pairs, getattr(torch, self.dtype), torch.device(self.net_.device), NUMBERS)
            return predict_logits(self.net_, rows, self.batch_size, self.symmetric)

    def _module_spec(self, n_features, layout):
        language = self._lent[0]  # while pairs are read
        tokens = self._tokens(language)
        of_pair = FeatureLayout(tokens, language.width)
        head = LateInteractionClassifier() if self.head is None else self.head
        kind: type
        kind, sizes = head._module_spec(of_pair.n_features, of_pair)
        if HEADS.get(kind.__name__) is not kind:
            raise ValueError(
                f"head must be a classifier with one of the modules {', '.join(HEADS)}; got {head}"
            )
        return FineTunedPairs, {
            "head": kind.__name__,
            "head_sizes": tuple(sizes.items()),
            "protein_tokens": len(tokens),
            "token_width": language.width,
            "adapted": tuple(adapted_layers(language, self.adapt)),
            "rank": self.rank,
        }

    def _tokens(self, language):
        tokens = TOKEN_SETS[self.tokens] if isinstance(self.tokens, str) else tuple(self.tokens)
        missing = [token for token in tokens if token not in language.tokens]
        if missing:
            raise ValueError(
                f"tokens {missing} are not among those of {self.model!r}: {list(language.tokens)}"
            )
        return tokens

    def _new_net(self, device, state_dict=None):
        net = super()._new_net(device, state_dict)
        self._attach(net)
        if state_dict is None:
            _, sequences, pairs = self._lent
            frozen = self._embedder().embed(sequences)
            layout = FeatureLayout(self._lent[0].tokens, frozen.shape[2])
            chosen = PairMatrix(frozen.reshape(len(frozen), -1), pairs.index, layout)
            scaler = ProteinScaler().fit(chosen.select(self._tokens(self._lent[0])))
            module = net.module_
            module.mean.copy_(torch.from_numpy(scaler.mean_))
            module.scale.copy_(torch.from_numpy(scaler.scale_))
        return net

    def _embedder(self):
        return ProteinLanguageModelEmbedder(
            self.model,
            revision=self.revision,
            layer=self.layer,
            max_length=self.max_length,
            long_proteins=self.long_proteins,
            window_overlap=self.window_overlap,
            batch_tokens=self.batch_tokens,
            device=self.device,
            store=self.store,
        )

    def _train(self, X, y, weight, *, new, **settings):
        language, sequences, _ = vars(self)["_lent"]
        self._lent: tuple[Any, ...] = (language, sequences, X)  # without pairs of weight 0
        if not new:
            self._attach(self.net_)
        return super()._train(X, y, weight, new=new, **settings)

    def _digest(self, *data):
        return data_digest(np.array(self._lent[1]), self.fingerprint_, *data)

    def _attach(self, net):
        language, sequences, _ = self._lent
        proteins = AdaptedProteins(
            language,
            sequences,
            self._tokens(language),
            self._embedder().long_protein_rule(),
            self.batch_tokens,
            self.gradient_checkpointing,
        )
        names = [name for name, *_ in net.get_params_for("module")["adapted"]]
        proteins.adapt(names, self.rank, self.alpha, self.adapter_dropout, net.module_.adapter)
        net.module_.attach(proteins)

    def _sequences(self, X, reset):
        """Distinct checked sequences, the (n_pairs, 2) index into them, and a name of each for messages."""
        return distinct_sequences(self, X, reset=reset, uppercase=self.uppercase)

    @contextmanager
    def _reading(self, X, X_val=None, *, reset):
        """Pairs of numbers of proteins, while the proteins and the language model are lent to the module."""
        sequences, index, names = self._sequences(X, reset)
        more, index_val = [], None
        if X_val is not None:
            found, index_val, names_val = self._sequences(X_val, False)
            place = {sequence: number for number, sequence in enumerate(sequences)}
            more = [n for n, sequence in enumerate(found) if sequence not in place]
            place |= {found[n]: len(sequences) + k for k, n in enumerate(more)}
            index_val = np.array([place[sequence] for sequence in found])[index_val]
            sequences, names = sequences + [found[n] for n in more], names + [names_val[n] for n in more]
        embedder = self._embedder()
        embedder.long_protein_rule().check(sequences, names)
        device = resolve_device(self.device)
        language = open_trainable_model(self.model, self.revision, device, self.dtype).at(self.layer)
        embedder._check_longest(sequences, names, language)
        fitted = language.fingerprint if reset else self.fingerprint_
        if language.fingerprint != fitted:
            raise ModelLoadError(
                f"the weights of {self.model!r} are not those of fit (fingerprint {language.fingerprint[:12]}, expected "
                f"{fitted[:12]}); fit again, or give the model that was used"
            )
        columns = {name: self.__dict__.pop(name) for name in _COLUMNS if name in vars(self)}
        self.n_features_in_ = NUMBERS.n_features
        numbers = np.arange(len(sequences), dtype=np.float32)[:, None]
        pairs = PairMatrix(numbers, index, NUMBERS)
        held_out = None if index_val is None else PairMatrix(numbers, index_val, NUMBERS)
        self.fingerprint_: str = fitted
        self._lent = (language, sequences, pairs)
        try:
            yield pairs, held_out
        finally:
            del self._lent
            if hasattr(self, "net_"):
                self.net_.module_.attach(None)
            self.__dict__.update(columns)
