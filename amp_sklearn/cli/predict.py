"""amp-sklearn predict"""

from pathlib import Path
from typing import Annotated

import typer

from .options import Pairs, Sequences, Uppercase, load_fitted, read_input


def predict(
    model: Annotated[
        Path,
        typer.Argument(
            help="Model saved by 'amp-sklearn train' or save_model. A .joblib file is read too, and can run code.",
            show_default=False,
        ),
    ],
    pairs: Pairs,
    sequences: Sequences,
    out: Annotated[Path, typer.Option(help="Table to write (.tsv, or .csv with commas).")] = Path(
        "predictions.tsv"
    ),
    uppercase: Uppercase = False,
):
    """Predict the probability of interaction for each pair."""
    X, _ = read_input(pairs, sequences, uppercase, labelled=False)
    fitted = load_fitted(model)
    classes = fitted.classes_.tolist()
    if classes != [0, 1]:
        found = ", ".join(map(str, classes))
        raise ValueError(f"{model} tells apart {found}, not 1 (interacting) and 0; predict with it in Python")
    table = X.index.to_frame(index=False)
    table["probability"] = fitted.predict_proba(X)[:, 1]
    table["prediction"] = fitted.predict(X)
    out.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(out, sep="," if out.suffix == ".csv" else "\t", index=False)
    print(f"{len(table):,} pairs, {int((table['probability'] > 0.5).sum()):,} predicted to interact: {out}")
