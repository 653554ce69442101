"""The model card beside a trained model, in the form that model hubs read."""

from ..persistence.archive import read_card
from ..presets import PRESETS
from .record import toml_value


def card_text(run, path):
    """Model card: YAML head, what the model was trained on, warnings and limits, and the card inside of the file.

    Parameters
    ----------
    run : Run
        The training.
    path : Path
        Model file.

    Returns
    -------
    str
    """
    found = run.results
    esm2 = run.parameters["esm2"] or PRESETS[found["model"]].model
    head = [
        "---",
        "library_name: amp_sklearn",
        "tags: [protein-protein-interaction, scikit-learn, esm2]",
        f"base_model: {toml_value(str(esm2))}",
        "---",
        "",
    ]
    data = [
        "## Training data",
        "",
        f"{found['n_pairs']:,} pairs of {found['n_proteins']:,} proteins, {found['n_positive']:,} of them interacting, from "
        f"`{run.parameters['pairs']}` (digest {found['data_digest']}). Seed {run.parameters['seed']}.",
        "",
        "## Figures",
        "",
        "None: the training does not say how good the model is. `amp-sklearn evaluate` cross-validates the same settings "
        "on proteins that the model has not seen.",
        "",
        "## Limits",
        "",
        "A probability refers to the share of interacting pairs in the training data, which is far higher than among all "
        "pairs of a proteome. Proteins unlike the training proteins are extrapolated to.",
        *[f"- warning of the training: {text}" for text in run.warnings],
        "",
    ]
    return "\n".join([*head, read_card(path).rstrip(), "", *data])
