"""The scikit-learn side of the torch classifiers: parameters, validation of input, labels, predictions."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.base import ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..data.digests import data_digest
from ..exceptions import TrainingWarning
from ..nn import PairModule
from ..nn.device import resolve_device, warn_if_emulated
from ..nn.random_numbers import seeded
from ..nn.state_files import refuse_not_finite
from ._diagnosis import PAIRS_TO_PREDICT, warn_of_a_bad_fit
from ._fit_checkpoints import Checkpoints, fit_name
from ._input import check_X, training_data, validation_data
from ._lost_tokens import refuse_lost_tokens
from ._net import check_callbacks, has_schedule, make_net, make_schedule
from ._parameters import TrainingParameters, torch_classifier
from ._prediction import predict_logits
from ._rows import Rows, ShuffledBatches
from ._tokens import resolve_tokens
from ._training import Trainer
from ._validation import Validator, probabilities, split_rows

LARGEST_SEED = 2**31 - 1


@torch_classifier
class BaseTorchClassifier(ClassifierMixin, TrainingParameters):
    """Base of the classifiers of pairs that train a torch module.

    A subclass is decorated with `torch_classifier`, declares its own parameters (and other defaults of shared ones) as
    fields, and has a method ``_module_spec``; the page on the architecture shows one. Training and storage are done by
    a skorch net that the estimator holds (``net_``) and does not inherit from: scikit-learn's contract and skorch's
    differ.

    X is an ordinary array, a DataFrame, or a PairMatrix; a PairMatrix is never made dense, each batch is
    gathered from it.

    Parameters
    ----------
    <inherited parameters>

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a DataFrame.
    layout_ : FeatureLayout or None
        Meaning of the columns, if X was a PairMatrix or a DataFrame with the column names of one.
    token_shape_ : tuple of int
        Tokens of a pair and dimensions of one.
    net_ : skorch.NeuralNet
        Module, optimizer and history.
    module_ : torch.nn.Module
        The module, in evaluation mode.
    history_ : DataFrame
        One row per epoch: ``lr``, ``train_loss``, ``seconds``; with validation the metrics of `pair_metrics`
        as ``valid_*``, and ``valid_score``, the value of ``monitor``.
    n_iter_ : int
        Epochs run.
    best_epoch_ : int
        Number of the epoch, from 1, whose parameters the model has.
    n_rows_ : dict
        Pairs given, used for training, used for validation, and used for neither.
    """

    _default_tokens = 1

    def __sklearn_is_fitted__(self):
        return hasattr(self, "net_")

    def _module_spec(self, n_features, layout):
        """What is trained.

        Parameters
        ----------
        n_features : int
            Columns of X.
        layout : FeatureLayout or None
            Their meaning, if it is known.

        Returns
        -------
        kind : type
            Subclass of `amp_sklearn.nn.PairModule`.
        arguments : dict
            What it is made with, beside ``n_tokens``, ``width`` and ``n_outputs``: plain numbers, words and tuples
            of them, so that `save_model` can write them.
        """
        raise NotImplementedError(f"{type(self).__name__} must define _module_spec(n_features, layout)")

    def _token_shape(self, n_features, layout):
        """Tokens of a pair and dimensions of one; parameter ``n_tokens``, where there is one, has a say."""
        if layout is None and hasattr(self, "n_tokens"):
            refuse_lost_tokens(self, n_features)
        return resolve_tokens(n_features, getattr(self, "n_tokens", "auto"), self._default_tokens, layout)

    @property
    def module_(self):
        """The torch module, in evaluation mode."""
        if not hasattr(self, "net_"):
            raise AttributeError(f"{type(self).__name__} has no module_ before it is fitted")
        return self.net_.module_

    def _new_net(self, device, state_dict=None):
        n_tokens, width = self.token_shape_ = self._token_shape(self.n_features_in_, self.layout_)
        kind, sizes = self._module_spec(self.n_features_in_, self.layout_)
        if not issubclass(kind, PairModule):
            raise TypeError(
                f"{type(self).__name__}._module_spec must name a subclass of PairModule, got {kind}"
            )
        if self.precision is not None:
            warn_if_emulated(self.precision, device, f"precision={self.precision!r}")
        net = make_net(
            kind,
            {"n_tokens": n_tokens, "width": width, **sizes},
            1 if len(self.classes_) == 2 else len(self.classes_),
            dtype=self.dtype,
            device=device,
            lr=self.lr,
            weight_decay=self.weight_decay,
            grad_clip=self.grad_clip,
            precision=self.precision,
            callbacks=self.callbacks,
            state_dict=state_dict,
        )
        if self.callbacks:
            net.watch(self.classes_, self.layout_, self.symmetric, self.batch_size)
        return net

    def initialize(self, n_features, classes=(0, 1), layout=None, state_dict=None):
        """Make the estimator a fitted one without training, with given parameters of the module.

        Parameters
        ----------
        n_features : int
            Number of columns of X.
        classes : array-like, default=(0, 1)
            Labels.
        layout : FeatureLayout, default=None
            Meaning of the columns.
        state_dict : dict of str to torch.Tensor, default=None
            Parameters of the module; None leaves those of its initialisation.

        Returns
        -------
        self

        Raises
        ------
        RuntimeError
            If the state does not fit the module; the message lists the keys.
        ModelLoadError
            If the state holds NaN or infinity; the message names the tensors.
        """
        self._validate_params()
        refuse_not_finite({} if state_dict is None else state_dict, "state_dict")
        self.classes_, self.n_features_in_, self.layout_ = np.unique(classes), int(n_features), layout
        device = resolve_device(self.device)
        self._start_random()
        with seeded(self._random.randint(LARGEST_SEED), device):
            self.net_ = self._new_net(device, state_dict)
        self.best_epoch_, self.n_rows_ = 0, dict.fromkeys(("given", "training", "validation", "unused"), 0)
        return self._finish(keep_optimizer=True)

    def _start_random(self):
        """One draw from ``random_state``; everything random of this fit and of those that continue it follows."""
        self._random = np.random.RandomState(check_random_state(self.random_state).randint(LARGEST_SEED))
        self._split_seed = self._random.randint(LARGEST_SEED)  # a continued fit must hold out the same pairs

    def _train(self, X, y, weight, *, new, n_epochs, validation=None, X_val=None, y_val=None, one_pass=False):
        device, dtype = resolve_device(self.device), getattr(torch, self.dtype)
        if new:
            self._start_random()
        given, held_out = len(y), None
        if X_val is not None:
            held_out = validation_data(self, X_val, y_val)
        elif validation is not None:
            random = np.random.RandomState(self._split_seed)
            train, valid = split_rows(X, y, validation, self.validation_fraction, random)
            held_out = X[valid], y[valid]
            X, y, weight = X[train], y[train], weight[train]
        weight = (weight * (len(weight) / weight.sum())).astype(self.dtype)
        n_valid = 0 if held_out is None else len(held_out[1])
        unused = 0 if X_val is not None else given - len(y) - n_valid
        self.n_rows_ = {"given": given, "training": len(y), "validation": n_valid, "unused": unused}
        seed, order_seed = self._random.randint(LARGEST_SEED, size=2)
        with seeded(int(seed), device):
            if new:
                self.net_ = self._new_net(device)
            target = y.astype(self.dtype if len(self.classes_) == 2 else np.int64)
            batches = ShuffledBatches(
                Rows(X, dtype, device, self.layout_), target, weight, self.batch_size, int(order_seed)
            )
            validator = None
            if held_out is not None:
                rows = Rows(held_out[0], dtype, device, self.layout_)
                validator = Validator(
                    rows, held_out[1], self.classes_, self.monitor, self.batch_size, self.symmetric
                )
            schedule = None
            if not one_pass:  # a schedule over one epoch would have nothing to do
                schedule = make_schedule(
                    None if has_schedule(self.callbacks) else self.lr_schedule,
                    self.net_.optimizer_,
                    lr=self.lr,
                    factor=self.lr_factor,
                    patience=self.lr_patience,
                    min_lr=self.min_lr,
                    n_epochs=n_epochs,
                    validated=validator is not None,
                )
            checkpoints = None
            if self.checkpoint_dir is not None and new and not one_pass:
                held = () if held_out is None else (self._digest(held_out[0], held_out[1]),)
                name = fit_name(self, int(seed), self._digest(X, y, weight), *held)
                checkpoints = Checkpoints(Path(self.checkpoint_dir) / name, self.top_k)
            patience = self.patience if self.early_stopping else None
            trainer = Trainer(
                self.net_, batches, validator, schedule, patience, checkpoints, bool(self.verbose)
            )
            try:
                trainer.run(n_epochs)
            except BaseException:
                if new:
                    del self.net_  # not a model
                raise
        self.best_epoch_ = trainer.best_epoch
        self._finish(keep_optimizer=self.warm_start or one_pass)
        name = type(self).__name__
        if trainer.interruption is not None:
            warnings.warn(
                f"{name} was interrupted; it is fitted, with the parameters of epoch {self.best_epoch_} of "
                f"{self.n_iter_} complete ones",
                TrainingWarning,
                stacklevel=3,
            )
            raise trainer.interruption
        if not one_pass:
            self._warn_of_a_bad_fit(trainer, X, y, None if held_out is None else held_out[1])
        return self

    def _digest(self, *data):
        """Digest of training or validation data, which checkpoints go by."""
        return data_digest(*data)

    def _warn_of_a_bad_fit(self, trainer, X, y, y_valid):
        logits = trainer.best_logits
        if logits is None:
            some = np.unique(np.linspace(0, len(y) - 1, PAIRS_TO_PREDICT).astype(int))
            rows = Rows(X[some], getattr(torch, self.dtype), torch.device(self.net_.device), self.layout_)
            logits = predict_logits(self.net_, rows, self.batch_size)
        areas = [row["valid_roc_auc"] for row in self.net_.history if "valid_roc_auc" in row]
        n_parameters = sum(p.numel() for p in self.module_.parameters() if p.requires_grad)
        labels = () if y_valid is None or len(self.classes_) > 2 else y_valid
        warn_of_a_bad_fit(type(self).__name__, probabilities(logits), len(y), n_parameters, areas, labels)

    def _finish(self, keep_optimizer):
        if not keep_optimizer:
            self.net_.optimizer_.state.clear()  # two numbers per parameter that no prediction needs
        rows = [{k: v for k, v in row.items() if k != "batches"} for row in self.net_.history.to_list()]
        self.history_ = pd.DataFrame(rows)
        self.n_iter_ = len(rows)
        return self

    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Train on pairs.

        Parameters
        ----------
        X : array-like or PairMatrix of shape (n_pairs, n_features)
            Features of pairs.
        y : array-like of shape (n_pairs,)
            Labels, of any type.
        sample_weight : array-like of shape (n_pairs,), default=None
            Weights of the pairs in the loss; None is 1 for all. A pair of weight 0 is left out.
        X_val : array-like or PairMatrix of shape (n_val, n_features), default=None
            Pairs to judge each epoch on, instead of pairs held out of X. In a Pipeline,
            ``Pipeline(..., transform_input=["X_val"])`` sends them through the steps before.
        y_val : array-like of shape (n_val,), default=None
            Their labels.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter, X, y or the validation data cannot be used, or the loss or the parameters became NaN
            before there was an epoch worth keeping.
        KeyboardInterrupt
            If a user interrupts (Ctrl-C). If an epoch was complete, the estimator is fitted, with the best one
            so far, and a TrainingWarning says so; the interruption goes on, so that whatever called `fit` stops.

        Warns
        -----
        TrainingWarning
            If there is reason not to trust the model; see `TrainingWarning`.
        """
        self._validate_params()
        check_callbacks(self)
        new = not (self.warm_start and hasattr(self, "net_"))
        data = training_data(self, X, y, sample_weight, reset=new)
        validation = "share" if self.early_stopping and self.validation is None else self.validation
        return self._train(
            *data, new=new, n_epochs=self.max_epochs, validation=validation, X_val=X_val, y_val=y_val
        )

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one pass over the given pairs, without validation and with a constant learning rate.

        Parameters
        ----------
        X : array-like or PairMatrix of shape (n_pairs, n_features)
            Features of pairs.
        y : array-like of shape (n_pairs,)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; needed at the first call.
        sample_weight : array-like of shape (n_pairs,), default=None
            Weights of the pairs in the loss.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the labels are missing at the first call or change later, or ``class_weight="balanced"``, which
            would need all pairs at once.
        """
        self._validate_params()
        new = not hasattr(self, "net_")
        if new and classes is None:
            raise ValueError(
                "classes must be given at the first call of partial_fit: all labels that will come"
            )
        if not new and classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"classes were {self.classes_} at the first call of partial_fit, got {classes}")
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' needs all pairs at once; give partial_fit a dict of weights"
            )
        data = training_data(self, X, y, sample_weight, reset=new, classes=classes)
        return self._train(*data, new=new, n_epochs=1, one_pass=True)

    def decision_function(self, X):
        """Logits.

        Parameters
        ----------
        X : array-like or PairMatrix of shape (n_pairs, n_features)

        Returns
        -------
        ndarray of shape (n_pairs,) or (n_pairs, n_classes)
            Logit of ``classes_[1]``; with more than two classes one per class.
        """
        check_is_fitted(self)
        X, dtype = check_X(self, X), getattr(torch, self.dtype)
        rows = Rows(X, dtype, torch.device(self.net_.device), self.layout_)
        return predict_logits(self.net_, rows, self.batch_size, self.symmetric)

    def predict_proba(self, X):
        """Probability of each class, in double precision: in single precision those of logits above 17 would tie.

        Parameters
        ----------
        X : array-like or PairMatrix of shape (n_pairs, n_features)

        Returns
        -------
        ndarray of shape (n_pairs, n_classes)
        """
        logits = self.decision_function(X)
        return probabilities(logits)

    def predict(self, X):
        """Label of each pair; of two classes the second if its probability is above one half.

        Parameters
        ----------
        X : array-like or PairMatrix of shape (n_pairs, n_features)

        Returns
        -------
        ndarray of shape (n_pairs,)
        """
        logits = self.decision_function(X)
        return self.classes_[(logits > 0).astype(int) if logits.ndim == 1 else logits.argmax(axis=1)]
