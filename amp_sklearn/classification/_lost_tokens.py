"""Columns from which a pipeline's steps took whole tokens away, which a classifier of tokens must not read."""

import inspect

from sklearn.pipeline import Pipeline


def refuse_lost_tokens(estimator, n_features):
    """Raise if a step before the classifier took columns away from the tokens, or put them together to fewer.

    An array does not say where it comes from; the pipeline that is being fitted does, and is found among the callers.

    Parameters
    ----------
    estimator : classifier
        For messages.
    n_features : int
        Columns that reach it.

    Raises
    ------
    ValueError
        If a step of the pipeline knows the tokens, and the steps after it leave another number of columns.
    """
    after: list[str] = []
    for name, step in _steps_before():
        layout = getattr(step, "layout_", None)
        if layout is None:
            after.insert(0, f"{name!r} ({type(step).__name__})")
            continue
        if after and layout.n_features != n_features:
            raise ValueError(
                f"{type(estimator).__name__} reads whole tokens of {layout.width} columns, but "
                f"{' and '.join(after)} before it left {n_features} of {layout.n_features} columns, in which there are no whole "
                "tokens. Choose tokens instead, with PairConcatenator(tokens=...); reduce columns with AutoencoderReducer, "
                "which keeps tokens; or end the pipeline in a classifier that reads columns, such as AEDNNClassifier or "
                "scikit-learn's"
            )
        return


def _steps_before():
    """Steps of the pipelines that are being fitted, last first, but for their last steps."""
    frame = inspect.currentframe()
    while frame is not None:
        caller = frame.f_locals.get("self")
        if isinstance(caller, Pipeline) and frame.f_code.co_name == "fit":
            for name, step in reversed(caller.steps[:-1]):
                if step is not None and not isinstance(step, str):  # "passthrough"
                    yield name, step
        frame = frame.f_back
