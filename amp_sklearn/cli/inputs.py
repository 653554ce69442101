"""What commands read: pairs with their sequences, and fitted models."""

import csv
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..exceptions import PairTableError
from .checks import count_text, warn_of_long_proteins
from .messages import PROGRAM, to_stderr


@dataclass
class PairInput:
    """Pairs as commands use them.

    Parameters
    ----------
    X : DataFrame of shape (n_pairs, 2)
    y : ndarray of shape (n_pairs,) or None
    other : DataFrame
        Columns of the table that are neither ids nor labels in use.
    """

    X: pd.DataFrame
    y: np.ndarray | None
    other: pd.DataFrame


def read_input(run, pairs, sequences, reading, *, labelled, limit=None):
    """Pairs and labels from files; says how many there are.

    Parameters
    ----------
    run : Run
    pairs : Path
    sequences : list of Path
    reading : PairReading
    labelled : bool or None
        Whether labels are needed, 1 and 0; with False a label column stays a column like any other, with None labels
        are used where there are some.
    limit : int, default=None
        Use only the first pairs.

    Returns
    -------
    PairInput
    """
    from ..data import read_pairs
    from ..data.pairs import id_columns_of, label_column_of
    from ..data.tables import read_table
    from ..data.text_files import starts_as_fasta

    if starts_as_fasta(pairs, PairTableError):
        raise PairTableError(
            f"{pairs} is FASTA, and a table of pairs is needed there; the order is PAIRS SEQUENCES"
        )
    header = None if reading.no_header else 0
    sheet = _number(reading.sheet)
    columns = _two(reading.columns, "--columns", "A,B")
    label = False if labelled is False else _number(reading.label)
    if reading.label is not None and labelled is False:
        run.say("--label has no effect here: labels are not needed")
    table = read_table(pairs, header=header, sheet=sheet)
    X, y = read_pairs(
        pairs,
        sequences if len(sequences) > 1 else sequences[0],
        label=label,
        columns=columns,
        header=header,
        sheet=sheet,
        conflicts=reading.conflicts.value,
        **_sequence_settings(reading),
    )
    ids = id_columns_of(table, columns, {})
    used = set(ids) if labelled is False else {*ids, label_column_of(table, label, ids)}
    other = pd.DataFrame({
        f"column_{name}" if isinstance(name, int) else name: cells
        for name, cells in table.columns.items()
        if name not in used
    })  # fmt: skip
    if labelled or y is not None:
        require_labels(pairs, X, y, both=bool(labelled))
    if limit is not None:
        X, y, other = X.iloc[:limit], None if y is None else y[:limit], other.iloc[:limit]
    run.results |= {"n_pairs": len(X), "n_proteins": len(set(X.to_numpy().ravel()))}
    if y is not None:
        run.results["n_positive"] = int((np.asarray(y).astype(int) == 1).sum())
    run.say(count_text(pairs, X, y))
    return PairInput(X, y, other)


def read_proteins(paths, reading):
    """Sequences by id from one or several files."""
    from ..data import read_sequences

    settings = _sequence_settings(reading)
    names = {"sequence_columns": "columns", "sequence_header": "header", "sequence_sheet": "sheet"}
    settings = {names.get(name, name): value for name, value in settings.items()}
    return read_sequences(paths if len(paths) > 1 else paths[0], **settings)


def _sequence_settings(reading):
    return {
        "full_id": reading.full_id,
        "uppercase": reading.uppercase,
        "strip_stop": reading.strip_stop,
        "sequence_columns": _two(reading.sequence_columns, "--sequence-columns", "ID,SEQUENCE"),
        "sequence_sheet": _number(reading.sequence_sheet),
        "sequence_header": None if reading.sequence_no_header else 0,
    }


def _number(text):
    """A column or sheet: a number if it is one, as the readers take them."""
    return int(text) if text is not None and text.isascii() and text.isdigit() else text


def _two(text, option, form):
    if text is None:
        return None
    names = [name.strip() for name in next(csv.reader([text]))]
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise ValueError(
            f"{option} takes two different columns with a comma between them, {form}, got {text!r}"
        )
    return tuple(map(_number, names))


def require_labels(pairs, X, y, both=True):
    """Refuse labels other than 1 and 0, and with ``both`` labels that are all the same."""
    if y is None:
        raise PairTableError(
            f"{pairs} has no label column; this command needs one, named label (1 and 0), or name yours with --label NAME"
        )
    found = sorted(map(str, np.unique(y)))
    others = [row for row, label in enumerate(y) if label not in (0, 1, "0", "1")]
    if others:  # only 1 and 0 say which pairs interact
        pair = " and ".join(map(str, X.index[others[0]]))
        raise PairTableError(
            f"the labels of {pairs} are {', '.join(found[:5])}, first {y[others[0]]} of {pair}; "
            "write 1 for interacting pairs, else 0, or name another column with --label NAME"
        )
    if both and len(found) == 1:
        raise PairTableError(f"all labels of {pairs} are {found[0]}; there must be pairs with 1 and with 0")


def build_model(run, name, esm2, max_length, device, seed, epochs, X=None):
    """The pipeline that ``--model`` names; warns of proteins that take long to embed."""
    from ..presets import PRESETS, make_preset

    preset = PRESETS[name]
    if preset.tokens is None:  # it reads letters, and is fitted at once
        for option, value in (("--epochs", epochs), ("--esm2", esm2), ("--max-length", max_length)):
            if value is not None:
                raise ValueError(f"{option} is not for --model {name}")
    elif X is not None:
        warn_of_long_proteins(run, X, esm2 or preset.model, max_length)
    if preset.notes:
        run.say(f"{name}: {preset.notes}")
    return make_preset(
        name,
        esm2,
        max_length=max_length,
        device=device,
        random_state=seed,
        max_epochs=epochs,
        verbose=run.verbose,
    )


def model_file(path):
    """The file that a model argument means: a file, or where there is none of that name a ready model."""
    if path.exists() or path.suffix:
        return path
    from ..persistence import ready_models

    ready = ready_models()
    if str(path) in ready:
        return ready[str(path)]
    if len(path.parts) == 1:
        raise FileNotFoundError(
            f"there is no model file {path}, and no ready model of this name; ready are {', '.join(ready)}"
        )
    return path


def load_fitted(path, device=None, verbose=0):
    """A fitted model from a file by ``save_model``, or, with a warning, by joblib; it shows progress if it shall."""
    fitted = _loaded(path, device)
    embedder = embedder_of(fitted)
    if embedder is not None:
        embedder.set_params(verbose=verbose)
    return fitted


def embedder_of(fitted):
    """The embedding step of a model, if it has one."""
    while hasattr(fitted, "estimator_") and not hasattr(fitted, "steps"):
        fitted = fitted.estimator_
    steps = (step for _, step in getattr(fitted, "steps", ()))
    return next((step for step in steps if hasattr(step, "long_protein_rule")), None)


def _loaded(path, device):
    from ..persistence import load_model

    if path.suffix not in (".joblib", ".pkl", ".pickle"):
        try:
            return load_model(path, device=None if device == "auto" else device)
        except ValueError as error:
            raise ValueError(
                f"{path} is no model that 'amp-sklearn train' wrote ({error}); the order is MODEL PAIRS SEQUENCES"
            ) from error
    import joblib

    to_stderr(
        f"{PROGRAM}: loading {path} can run code that its author put there; use it only if you trust the author, and "
        "train again to get a file that cannot"
    )
    try:
        return joblib.load(path)
    except OSError:
        raise
    except Exception as error:  # whatever the bytes of another file make it do
        raise ValueError(f"{path} is no model file by joblib ({type(error).__name__}: {error})") from error


def require_two_classes(path, fitted):
    """Refuse a model that does not tell 1 from 0."""
    classes = getattr(fitted, "classes_", None)
    if classes is None or list(classes) != [0, 1]:
        found = "no classes" if classes is None else ", ".join(map(str, classes))
        raise ValueError(f"{path} tells apart {found}, not 1 (interacting) and 0; use it in Python")
