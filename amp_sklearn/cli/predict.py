"""amp-sklearn predict"""

from pathlib import Path
from typing import Annotated

import typer

from .checks import warn_of_constant, warn_of_long_proteins
from .inputs import embedder_of, load_fitted, model_file, read_input, require_two_classes
from .options import Device, Limit, Model, PairReading, Pairs, Sequences
from .outputs import TABLES, write_table
from .run import Run, command


@command
def predict(
    run: Run,
    model: Model,
    pairs: Pairs,
    sequences: Sequences,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Table to write: .tsv, .csv, .xlsx or .parquet.")
    ] = Path("predictions.tsv"),
    limit: Limit = None,
    device: Device = "auto",
    reading: PairReading = None,
):
    """Predict the probability of interaction for each pair.

    Writes protein_a, protein_b, the other columns of the table, then: probability; calibrated (models trained with
    --calibrate); uncertainty (ensembles); similarity to the training proteins and outside_domain (--domain); prediction.
    """
    model = model_file(model)
    run.reads(model, pairs, *sequences)
    run.writes(out, TABLES)
    data = read_input(run, pairs, sequences, reading, labelled=False, limit=limit)
    fitted = load_fitted(model, device, run.verbose)
    require_two_classes(model, fitted)
    embedder = embedder_of(fitted)
    if embedder is not None:
        warn_of_long_proteins(run, data.X, embedder.model, embedder.max_length)
    run.stop_if_dry(f"predict {len(data.X):,} pairs")
    run.resumes = "no table was written; proteins that are embedded stay in the store, so that the same command starts there"
    found = prediction_columns(fitted, data.X)
    best = found.get("calibrated", found["probability"])
    warn_of_constant(run, best)
    table = data.X.index.to_frame(index=False)
    other = data.other.reset_index(drop=True)
    taken = {name: f"{name}_given" for name in other.columns if name in found or name in table.columns}
    if taken:
        run.say(
            f"columns of the table renamed, for the results have these names: {', '.join(taken)} (now *_given)"
        )
    table = table.join(other.rename(columns=taken)).assign(**found)
    write_table(table, out)
    n_outside = int(found["outside_domain"].sum()) if "outside_domain" in found else None
    if n_outside:
        run.warn(
            f"{n_outside:,} of {len(table):,} pairs are unlike the training proteins (column outside_domain); what the "
            "model says of them is extrapolation"
        )
    n_predicted = int((best > 0.5).sum())
    run.finish(
        f"{len(table):,} pairs, {n_predicted:,} predicted to interact: {out}",
        n_predicted=n_predicted,
        n_outside=n_outside,
    )


def prediction_columns(fitted, X):
    """What a model says of pairs, by column of the output."""
    from ..screening.screened_model import ScreenedModel

    parts = ScreenedModel(fitted)
    uncertainty = None
    classifier, features = parts.classifier, X
    if hasattr(parts.pipeline, "steps"):
        features = parts.pipeline[:-1].transform(X) if len(parts.pipeline) > 1 else X
    if hasattr(classifier, "predict_uncertainty"):
        uncertainty = classifier.predict_uncertainty(features)
    probability = classifier.predict_proba(features)[:, 1]
    columns = {
        name: values.astype(float) for name, values in parts.columns_of(probability, uncertainty).items()
    }
    columns["probability"] = probability  # in full precision
    best = columns.get("calibrated", probability)
    if parts.domain is not None:
        similarity = parts.domain.similarity(X)
        columns["similarity"] = similarity
        columns["outside_domain"] = similarity < parts.domain.threshold_ - 1e-9
    columns["prediction"] = (best > 0.5).astype(int)
    return columns
