"""The model card inside a model file."""

from sklearn.base import BaseEstimator


def model_card(model, versions, description, nets):
    """Markdown that says what a model is and how to use it.

    Parameters
    ----------
    model : estimator
        Fitted.
    versions : dict of str to str
        Library versions.
    description : str
        Words of the author.
    nets : list of dict
        Descriptions of the torch nets.

    Returns
    -------
    str
    """
    lines = [f"# {type(model).__name__}", ""]
    if description:
        lines += [description.strip(), ""]
    classes = getattr(model, "classes_", None)
    if classes is not None:
        lines += [f"Predicts one of {len(classes)} classes: {', '.join(map(str, classes))}.", ""]
    lines += ["## Parts", "", "| part | parameters other than the default |", "|---|---|"]
    for name, step in _steps(model):
        lines.append(f"| {name} | {_changed(step)} |")
    for net in nets:
        lines += ["", f"## Net {net['module']}", ""]
        lines.append(
            ", ".join(f"{key} {value}" for key, value in net["sizes"].items()) + f", {net['dtype']}."
        )
        if net["history"]:
            last = {k: v for k, v in net["history"][-1].items() if isinstance(v, int | float)}
            figures = ", ".join(f"{key} {value:.6g}" for key, value in last.items())
            lines += ["", f"Trained for {len(net['history'])} epochs. Last epoch: {figures}."]
    lines += ["", "## Use", "", "```python", "from amp_sklearn.persistence import load_model", ""]
    lines += ["model = load_model(path)", "```", ""]
    lines += [
        "Loading runs no code from the file. ESM-2 weights are not in it: an embedder loads those that its parameter "
        "`model` names and compares their fingerprint.",
        "",
        "## Versions",
        "",
        ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
        "",
    ]
    return "\n".join(lines)


def _steps(model):
    """Named parts: the steps of a Pipeline, or the model alone."""
    return list(model.steps) if hasattr(model, "steps") else [(type(model).__name__, model)]


def _changed(step):
    if not isinstance(step, BaseEstimator):
        return str(step)
    text = " ".join(repr(step).split())
    return f"`{text}`".replace("|", "\\|")
