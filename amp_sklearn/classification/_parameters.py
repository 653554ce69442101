"""Parameters and attributes that all torch classifiers share: their meaning, and what they may be."""

import inspect
import re
from numbers import Integral, Real

TRAINING_PARAMETERS = """max_epochs : int
        Passes over the training pairs.
    batch_size : int
        Pairs per training step, and per forward pass of a prediction (more where a pair takes little memory).
    lr : float
        Learning rate of AdamW at the start.
    weight_decay : float
        Weight decay of AdamW, on all parameters.
    lr_schedule : {"plateau", "cosine"} or None
        ``"plateau"`` multiplies the rate by ``lr_factor`` after ``lr_patience`` epochs without a smaller
        validation loss (training loss where there is no validation); ``"cosine"`` lowers it to ``min_lr``
        over ``max_epochs``; None keeps it.
    lr_factor : float
        See ``lr_schedule``.
    lr_patience : int
        See ``lr_schedule``.
    min_lr : float
        Lowest learning rate of a schedule.
    grad_clip : float
        Largest norm of the gradient of all parameters together; None does not clip.
    class_weight : dict, "balanced" or None
        Weights of the classes in the loss, multiplied with ``sample_weight``.
    validation : {"share", "protein"} or None
        Pairs held out of the training pairs to judge each epoch. ``"share"``: a stratified random share.
        ``"protein"``: pairs of a random set of proteins, none of which occurs in training; training pairs
        with one such protein are left out (counted in ``n_rows_``), so that nothing leaks. Needs a
        PairMatrix. None: nothing is held out, unless ``early_stopping`` is set, which then takes a share.
        ``X_val`` and ``y_val`` of `fit` come before all of this.
    validation_fraction : float
        Share of the pairs to hold out.
    early_stopping : bool
        Stop after ``patience`` epochs without a better validation score.
    patience : int
        See ``early_stopping``.
    monitor : str or callable
        Scikit-learn scorer that tells the best epoch; with validation the model is that of the best epoch,
        equal scores are told apart by the validation loss. Without validation the last epoch is taken.
    checkpoint_dir : path-like
        Where `fit` keeps checkpoints, in a folder per combination of data, parameters and seed. A `fit` that
        was killed goes on after its last complete epoch when it is called again with the same data, the same
        parameters and the same int ``random_state``, and ends with the same model as an uninterrupted one.
    top_k : int
        Best epochs kept in ``checkpoint_dir`` (by training loss where there is no validation).
    symmetric : bool
        Predict the mean logit over both orders of the proteins. In an ordinary array the first half of the
        columns is protein A, the second protein B.
    warm_start : bool
        Let `fit` continue from the parameters of the last one, for ``max_epochs`` more epochs. The state of
        the optimizer is kept for that, which triples the size of a pickle.
    dtype : {"float32", "float64"}
        Precision of the parameters.
    precision : {"bfloat16"} or None
        Precision of forward passes (autocast); None is that of the parameters.
    device : str
        Torch device; ``"auto"`` is a CUDA device where there is one.
    random_state : int, RandomState instance or None
        Start values, order of batches, dropout, held-out pairs. The same int gives the same model on the same
        machine, whatever other threads draw from numpy, and other fits wait for their turn.
    verbose : int
        1 shows a progress bar over epochs."""

FITTED_ATTRIBUTES = """classes_ : ndarray of shape (n_classes,)
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
        Pairs given, used for training, used for validation, and used for neither."""


def fill_docstring(cls):
    """Docstring of a class with the shared parameters, its own defaults, and the shared attributes."""
    if not cls.__doc__:  # python -OO
        return cls.__doc__
    defaults = {name: parameter.default for name, parameter in inspect.signature(cls).parameters.items()}

    def with_default(line):
        default = defaults[line["name"]]
        return f"{line[0]}, default=" + (f'"{default}"' if isinstance(default, str) else repr(default))

    parameters = re.sub(r"^ *(?P<name>[a-z]\w*) : .*$", with_default, TRAINING_PARAMETERS, flags=re.MULTILINE)
    filled = cls.__doc__.replace("<training parameters>", parameters)
    return filled.replace("<fitted attributes>", FITTED_ATTRIBUTES)


def _integer(low):
    return (lambda v: isinstance(v, Integral) and not isinstance(v, bool) and v >= low), f"an int >= {low}"


def _real(low, high=float("inf"), low_included=True):
    def check(value):
        above = isinstance(value, Real) and (value >= low if low_included else value > low)
        return above and not isinstance(value, bool) and value < high

    sign = ">=" if low_included else ">"
    return check, f"a number {sign} {low}" + ("" if high == float("inf") else f" and < {high}")


def _one_of(*options):
    return (lambda v: any(v is o or (isinstance(v, str) and v == o) for o in options)), f"one of {options}"


def _optional(rule):
    check, text = rule
    return (lambda v: v is None or check(v)), f"None or {text}"


RULES = {
    "max_epochs": _integer(1),
    "batch_size": _integer(1),
    "lr": _real(0, low_included=False),
    "weight_decay": _real(0),
    "lr_schedule": _one_of("plateau", "cosine", None),
    "lr_factor": _real(0, 1, low_included=False),
    "lr_patience": _integer(0),
    "min_lr": _real(0),
    "grad_clip": _optional(_real(0, low_included=False)),
    "validation": _one_of("share", "protein", None),
    "validation_fraction": _real(0, 1, low_included=False),
    "patience": _integer(1),
    "top_k": _integer(1),
    "dtype": _one_of("float32", "float64"),
    "precision": _one_of("bfloat16", None),
    "dropout": _real(0, 1),
    "n_tokens": ((lambda v: v == "auto" or _integer(1)[0](v)), '"auto" or an int >= 1'),
    "n_layers": _integer(1),
    "n_heads": _integer(1),
    "dim_feedforward": _integer(1),
    "d_model": _optional(_integer(1)),
    "n_channels": _integer(1),
    "protein_width": _integer(1),
    "hidden_size": _optional(_integer(1)),
    "hidden1": _integer(1),
    "hidden2": _integer(1),
    "hidden3": _integer(1),
}
"""What each parameter may be: a test, and words for it."""


def check_parameters(estimator):
    """Raise a ValueError that names the first parameter which is not what it may be."""
    for name, value in estimator.get_params(deep=False).items():
        check, expected = RULES.get(name, (None, None))
        if check is not None and not check(value):
            raise ValueError(f"{name} of {type(estimator).__name__} must be {expected}, got {value!r}")
