"""Parameters of the torch classifiers: how a class declares them, and those that all of them share."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from os import PathLike
from typing import ClassVar, dataclass_transform

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions, validate_parameter_constraints

COUNT = Interval(Integral, 1, None, closed="left")
NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
POSITIVE = Interval(Real, 0, None, closed="neither")
SHARE = Interval(Real, 0, 1, closed="neither")
DROPOUT = Interval(Real, 0, 1, closed="left")
N_TOKENS = [StrOptions({"auto"}), COUNT]


@dataclass_transform(kw_only_default=True, eq_default=False)
def torch_classifier(cls):
    """Decorator of torch classifiers: their ``__init__`` takes and stores their fields and those of their base.

    A field is written ``name: type = default`` in the body of the class, as in a dataclass; a field of the base that is
    written again gets another default. What scikit-learn asks of an ``__init__`` follows: every parameter is a keyword
    in the signature and is stored unchanged under its name. An ``__init__`` that the class defines stays.

    In the docstring ``<inherited parameters>`` and ``<inherited attributes>``, each in a line of its own, stand for the
    descriptions of the base class that the docstring does not give itself, with the defaults of this class.

    Parameters
    ----------
    cls : type
        Subclass of `BaseTorchClassifier`.

    Returns
    -------
    type
        The same class.

    Examples
    --------
    >>> import inspect
    >>> from amp_sklearn.classification import TokenMeanClassifier, torch_classifier
    >>> @torch_classifier
    ... class SlowMean(TokenMeanClassifier):
    ...     lr: float = 1e-6
    >>> SlowMean(hidden1=8).get_params()["lr"], "max_epochs" in inspect.signature(SlowMean).parameters
    (1e-06, True)
    """
    cls = dataclass(kw_only=True, eq=False, repr=False)(cls)
    if cls.__doc__:  # python -OO leaves none
        defaults = {name: parameter.default for name, parameter in inspect.signature(cls).parameters.items()}
        parameters = [
            _with_default(entry, names, defaults)
            for names, entry in _inherited(cls, "Parameters").items()
            if defaults.keys() >= set(names)
        ]
        doc = inspect.cleandoc(cls.__doc__).replace("<inherited parameters>", "\n".join(parameters))
        attributes = "\n".join(_inherited(cls, "Attributes").values())
        cls.__doc__ = doc.replace("<inherited attributes>", attributes)
    return cls


def _inherited(cls, section):
    """Entries of a section in the docstrings of the bases that the class does not describe, by their names."""
    own = {name for names in _entries(cls, section) for name in names}
    found: dict[tuple[str, ...], str] = {}
    for base in cls.__mro__[1:]:  # the nearest base that describes a name
        found = {**found, **{n: entry for n, entry in _entries(base, section).items() if n not in found}}
    return {names: entry for names, entry in found.items() if not own & set(names)}


def _entries(cls, section):
    """Entries of a section of a numpydoc docstring, by the names that they describe."""
    doc = inspect.cleandoc(vars(cls).get("__doc__") or "")
    found = re.search(rf"^{section}\n-+\n(.*?)(?=\n\n|\Z)", doc, re.MULTILINE | re.DOTALL)
    entries = re.split(r"\n(?=\S)", found[1]) if found else []
    return {tuple(re.split(r", ", entry.split(" : ")[0])): entry for entry in entries if " : " in entry}


def _with_default(entry, names, defaults):
    head, *text = entry.split("\n")
    values = (f'"{defaults[n]}"' if isinstance(defaults[n], str) else repr(defaults[n]) for n in names)
    return "\n".join([re.sub(r", default=.*$", "", head) + f", default={', '.join(values)}", *text])


@torch_classifier
class TrainingParameters(BaseEstimator):
    """What every torch classifier can be told about its training and prediction.

    Parameters
    ----------
    max_epochs : int, default=35
        Passes over the training pairs.
    batch_size : int, default=256
        Pairs per training step, and per forward pass of a prediction (more where a pair takes little memory).
    lr : float, default=1e-4
        Learning rate of AdamW at the start.
    weight_decay : float, default=1e-2
        Weight decay of AdamW, on all parameters.
    lr_schedule : {"plateau", "cosine"} or None, default="plateau"
        ``"plateau"`` multiplies the rate by ``lr_factor`` after ``lr_patience`` epochs without a smaller
        validation loss (training loss where there is no validation); ``"cosine"`` lowers it to ``min_lr``
        over ``max_epochs``; None keeps it.
    lr_factor : float, default=0.1
        See ``lr_schedule``.
    lr_patience : int, default=5
        See ``lr_schedule``.
    min_lr : float, default=1e-8
        Lowest learning rate of a schedule.
    grad_clip : float, default=None
        Largest norm of the gradient of all parameters together; None does not clip.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes in the loss, multiplied with ``sample_weight``.
    validation : {"share", "protein"} or None, default=None
        Pairs held out of the training pairs to judge each epoch. ``"share"``: a stratified random share.
        ``"protein"``: pairs of a random set of proteins, none of which occurs in training; training pairs
        with one such protein are left out (counted in ``n_rows_``), so that nothing leaks. Needs a
        PairMatrix. None: nothing is held out, unless ``early_stopping`` is set, which then takes a share.
        ``X_val`` and ``y_val`` of `fit` come before all of this.
    validation_fraction : float, default=0.1
        Share of the pairs to hold out.
    early_stopping : bool, default=False
        Stop after ``patience`` epochs without a better validation score.
    patience : int, default=10
        See ``early_stopping``.
    monitor : str or callable, default="matthews_corrcoef"
        Scikit-learn scorer that tells the best epoch; with validation the model is that of the best epoch,
        equal scores are told apart by the validation loss. Without validation the last epoch is taken.
    callbacks : list of skorch.callbacks.Callback or of (str, Callback), default=None
        Callbacks of skorch, such as ``EpochScoring``, ``EarlyStopping``, ``Checkpoint``, ``ProgressBar`` and
        ``TensorBoard``. They are told what skorch documents; y are labels, validation pairs come in one batch.
        A fit uses copies, which are in ``net_.callbacks_``. An ``LRScheduler`` takes the place of
        ``lr_schedule``; a callback with ``load_best=True`` decides about the epoch instead of ``monitor``; a
        callback that raises KeyboardInterrupt, as skorch's can, ends the training. Not together with
        ``checkpoint_dir``; `save_model` leaves them out.
    checkpoint_dir : path-like, default=None
        Where `fit` keeps checkpoints, in a folder per combination of data, parameters and seed. A `fit` that
        was killed goes on after its last complete epoch when it is called again with the same data, the same
        parameters and the same int ``random_state``, and ends with the same model as an uninterrupted one.
    top_k : int, default=3
        Best epochs kept in ``checkpoint_dir`` (by training loss where there is no validation).
    symmetric : bool, default=False
        Predict the mean logit over both orders of the proteins. In an ordinary array the first half of the
        columns is protein A, the second protein B.
    warm_start : bool, default=False
        Let `fit` continue from the parameters of the last one, for ``max_epochs`` more epochs. The state of
        the optimizer is kept for that, which triples the size of a pickle.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the parameters.
    precision : {"bfloat16"} or None, default=None
        Precision of forward passes (autocast); None is that of the parameters.
    device : str, default="auto"
        Torch device; ``"auto"`` is a CUDA device where there is one.
    random_state : int, RandomState instance or None, default=None
        Start values, order of batches, dropout, held-out pairs. The same int gives the same model on the same
        machine, whatever other threads draw from numpy, and other fits wait for their turn.
    verbose : int, default=0
        1 shows a progress bar: epochs, time left, losses and validation score.
    """

    max_epochs: int = 35
    batch_size: int = 256
    lr: float = 1e-4
    weight_decay: float = 1e-2
    lr_schedule: str | None = "plateau"
    lr_factor: float = 0.1
    lr_patience: int = 5
    min_lr: float = 1e-8
    grad_clip: float | None = None
    class_weight: dict | str | None = None
    validation: str | None = None
    validation_fraction: float = 0.1
    early_stopping: bool = False
    patience: int = 10
    monitor: str | Callable = "matthews_corrcoef"
    callbacks: list | None = None
    checkpoint_dir: str | PathLike | None = None
    top_k: int = 3
    symmetric: bool = False
    warm_start: bool = False
    dtype: str = "float32"
    precision: str | None = None
    device: str = "auto"
    random_state: int | np.random.RandomState | None = None
    verbose: int = 0

    _parameter_constraints: ClassVar[dict] = {
        "max_epochs": [COUNT],
        "batch_size": [COUNT],
        "lr": [POSITIVE],
        "weight_decay": [NOT_NEGATIVE],
        "lr_schedule": [StrOptions({"plateau", "cosine"}), None],
        "lr_factor": [SHARE],
        "lr_patience": [Interval(Integral, 0, None, closed="left")],
        "min_lr": [NOT_NEGATIVE],
        "grad_clip": [POSITIVE, None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "validation": [StrOptions({"share", "protein"}), None],
        "validation_fraction": [SHARE],
        "early_stopping": ["boolean"],
        "patience": [COUNT],
        "monitor": [str, callable],
        "callbacks": [list, tuple, None],
        "checkpoint_dir": [str, PathLike, None],
        "top_k": [COUNT],
        "symmetric": ["boolean"],
        "warm_start": ["boolean"],
        "dtype": [StrOptions({"float32", "float64"})],
        "precision": [StrOptions({"bfloat16"}), None],
        "device": [str, torch.device],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }
    """What each parameter may be, in scikit-learn's words; a subclass names its own parameters only."""

    def _validate_params(self):
        """Raise a ValueError that names the first parameter which is not what its class or a base says it may be."""
        kind = type(self)
        fields = [name for name in inspect.get_annotations(kind) if not name.startswith("_")]
        if fields and "__init__" not in vars(kind):
            raise TypeError(
                f"{kind.__name__} declares {', '.join(fields)}: decorate the class with @torch_classifier"
            )
        constraints: dict = {}
        for base in reversed(kind.__mro__):
            constraints |= vars(base).get("_parameter_constraints", {})
        validate_parameter_constraints(constraints, self.get_params(deep=False), kind.__name__)
