"""Models that come with the package, ready to predict, and their cards."""

import json
from pathlib import Path

import numpy as np

from .archive import read_card

_FOLDER = Path(__file__).parent / "ready"
_ABOUT = {
    "yeast-mini": (
        "Yeast pairs of Guo et al. (doi:10.1093/nar/gkn159): interactions from DIP, negatives from different compartments.",
        "Negatives of this kind teach compartments rather than interactions.",
    ),
    "human-mini": (
        "Human pairs of Bernett et al. (doi:10.1093/bib/bbae076): interactions from HIPPIE, negatives that match the number of "
        "partners of each protein; the published training part.",
        "Its pairs were made so that little but the sequences tells them apart: scores are close to each other, and low.",
    ),
}
_LIMITS = (
    "ESM-2 is replaced by the small bundled esm2-mini. A model trained with a larger ESM-2 on your own pairs is better.",
    "Half of the training pairs interact; of all pairs of a proteome far fewer do, and most high scores are then wrong.",
    "Proteins of other organisms are extrapolated to; the column outside_domain flags them.",
)


def ready_models():
    """Models that come with the package.

    Returns
    -------
    dict of str to pathlib.Path
        Model files by name; `load_model` takes them.

    Examples
    --------
    >>> from amp_sklearn.persistence import load_model, ready_models
    >>> sorted(ready_models())
    ['human-mini', 'yeast-mini']
    >>> load_model(ready_models()["yeast-mini"]).classes_
    array([0, 1])
    """
    return {name: _FOLDER / f"{name}.amp" for name in _ABOUT}


def ready_model_figures(name):
    """What was measured of a ready model.

    Parameters
    ----------
    name : str

    Returns
    -------
    dict
        Metrics as a number, or as ``[mean, standard deviation]`` of folds; sizes; and ``how`` they were measured.
    """
    return json.loads((_FOLDER / f"{name}.json").read_text())


def shown_figure(value):
    """A metric as text, with its standard deviation where there is one."""
    return " ± ".join(f"{number:.3f}" for number in np.atleast_1d(value))


def ready_model_card(name):
    """Model card of a ready model as Markdown with the head that model hubs read.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
    """
    about, caution = _ABOUT[name]
    found = ready_model_figures(name)
    rows = [
        f"| {metric.replace('_', ' ')} | {shown_figure(value)} |"
        for metric, value in found.items()
        if isinstance(value, list | float)
    ]
    lines = [
        "---",
        "library_name: amp_sklearn",
        "tags: [protein-protein-interaction, scikit-learn, esm2]",
        "base_model: esm2-mini",
        "---",
        "",
        f"# {name}",
        "",
        f"{about} {found['n_train']:,} pairs of {found['n_proteins']:,} proteins, {found['n_train_positive']:,} interacting. Late "
        "interaction on esm2-mini, calibrated on pairs of proteins that it had not seen, with the applicability domain of its proteins.",
        "",
        "## Figures",
        "",
        f"Measured on {found['how']}.",
        "",
        "| metric | value |",
        "| --- | --- |",
        *rows,
        "",
        "## Limits",
        "",
        *[f"- {text}" for text in (caution, *_LIMITS)],
        "",
    ]
    inside = read_card(ready_models()[name]).split("\n", 1)[1]
    return "\n".join(lines) + inside
