"""Arguments and options that several commands share: one way to name inputs, models, devices and seeds."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class ModelName(StrEnum):
    """Pipelines by name, as in ``amp_sklearn.presets.PRESETS``, which is not imported here: a help text needs no torch."""

    late_interaction = "late-interaction"
    late_interaction_ensemble = "late-interaction-ensemble"
    amps_small = "amps-small"
    composition = "composition"
    ESM2_AMPS = "ESM2_AMPS"
    ESM2_AMP_CSE = "ESM2_AMP_CSE"
    ESM2_DPM = "ESM2_DPM"
    ESM2_GRU = "ESM2_GRU"
    ESM2_AMPS_Bernett = "ESM2_AMPS_Bernett"
    mean_segments = "mean_segments"
    mean_CSE = "mean_CSE"
    AE_RF_segments = "AE_RF_segments"
    AE_RF_CSE = "AE_RF_CSE"
    AE_DNN_segments = "AE_DNN_segments"
    AE_DNN_CSE = "AE_DNN_CSE"


DEFAULT_MODEL = ModelName("late-interaction")

_TABLE, _MODEL = "How the table and the sequences are read", "Model"


class Conflicts(StrEnum):
    error = "error"
    keep = "keep"


Pairs = Annotated[
    Path,
    typer.Argument(
        help="Table of pairs: TSV, CSV, Excel, Parquet. Columns protein_a, protein_b (or Protein1, Protein2) and, "
        "where the command needs it, label; other names: --columns, --label.",
        show_default=False,
    ),
]
Sequences = Annotated[
    list[Path],
    typer.Argument(
        help="Sequences of the proteins: one or several FASTA files (.gz too), or tables with columns Entry and "
        "Sequence.",
        show_default=False,
    ),
]
Model = Annotated[
    Path,
    typer.Argument(
        help="Model saved by 'amp-sklearn train', the name of a ready one (yeast-mini), or a file by joblib (.joblib, .pkl), "
        "which can run code.",
        show_default=False,
    ),
]
ModelOption = Annotated[
    ModelName,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        help="Pipeline, see 'amp-sklearn models': late-interaction, late-interaction-ensemble, amps-small, composition "
        "(baseline, reads no embedding), or a published one such as ESM2_AMPS.",
        rich_help_panel=_MODEL,
    ),
]
ESM2 = Annotated[
    str | None,
    typer.Option(
        "--esm2",
        help="ESM-2 model: esm2-mini (bundled, offline), a name such as facebook/esm2_t33_650M_UR50D, or a folder. "
        "Default: esm2-mini, for published pipelines the published one.",
        rich_help_panel=_MODEL,
        show_default=False,
    ),
]
MaxLength = Annotated[
    int | None,
    typer.Option(
        "--max-length",
        min=1,
        help="Embed proteins longer than this many residues in overlapping windows. Default: whole.",
        rich_help_panel=_MODEL,
        show_default=False,
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(
        "--epochs",
        min=1,
        help="Training epochs. Default: the model's own.",
        rich_help_panel=_MODEL,
        show_default=False,
    ),
]
Folds = Annotated[int, typer.Option("--folds", min=2, help="Number of folds.")]
Seed = Annotated[
    int,
    typer.Option(
        "--seed",
        min=0,
        max=2**32 - 1,
        help="Seed of everything random; on one kind of processor the same seed gives the same numbers.",
    ),
]


def check_device(value: str):
    """Callback of ``--device``: a name that torch cannot know is refused before torch is loaded."""
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", value):
        raise typer.BadParameter(f"{value!r} is no device; choose auto, cpu, cuda or cuda:N")
    if value.startswith("cuda"):
        from ..nn.device import resolve_device

        try:
            resolve_device(value)
        except ValueError as error:
            raise typer.BadParameter(f"{value}: there is no CUDA device here; choose auto or cpu") from error
    return value


Device = Annotated[
    str, typer.Option("--device", help="Torch device: auto, cpu, cuda or cuda:N.", callback=check_device)
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", min=1, help="Use only the first pairs, so many.", show_default=False),
]


@dataclass
class SequenceReading:
    """Options of reading sequences."""

    full_id: Annotated[
        bool,
        typer.Option(
            "--full-id", help="Keep UniProt ids whole: sp|P04637|P53_HUMAN.", rich_help_panel=_TABLE
        ),
    ] = False
    uppercase: Annotated[
        bool,
        typer.Option(
            "--uppercase",
            help="Accept lower-case residues and turn them upper case.",
            rich_help_panel=_TABLE,
        ),
    ] = False
    strip_stop: Annotated[
        bool,
        typer.Option(
            "--strip-stop", help="Remove a stop sign (*) at the end of sequences.", rich_help_panel=_TABLE
        ),
    ] = False
    sequence_columns: Annotated[
        str | None,
        typer.Option(
            "--sequence-columns",
            metavar="ID,SEQUENCE",
            help="The two columns of a table of sequences.",
            rich_help_panel=_TABLE,
            show_default=False,
        ),
    ] = None
    sequence_sheet: Annotated[
        str | None,
        typer.Option(
            "--sequence-sheet",
            help="Sheet of a workbook of sequences.",
            rich_help_panel=_TABLE,
            show_default=False,
        ),
    ] = None
    sequence_no_header: Annotated[
        bool,
        typer.Option(
            "--sequence-no-header",
            help="The table of sequences has no line of column names.",
            rich_help_panel=_TABLE,
        ),
    ] = False


@dataclass
class PairReading(SequenceReading):
    """Options of reading pairs with their sequences."""

    columns: Annotated[
        str | None,
        typer.Option(
            "--columns",
            metavar="A,B",
            help="The two id columns, by name or by number from 0.",
            rich_help_panel=_TABLE,
            show_default=False,
        ),
    ] = None
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            metavar="NAME",
            help="The label column, by name or by number from 0.",
            rich_help_panel=_TABLE,
            show_default=False,
        ),
    ] = None
    sheet: Annotated[
        str | None,
        typer.Option(
            "--sheet",
            help="Sheet of a workbook, by name or by number from 0.",
            rich_help_panel=_TABLE,
            show_default=False,
        ),
    ] = None
    no_header: Annotated[
        bool,
        typer.Option(
            "--no-header", help="The table of pairs has no line of column names.", rich_help_panel=_TABLE
        ),
    ] = False
    conflicts: Annotated[
        Conflicts,
        typer.Option(
            "--conflicts", help="Pairs that come with both labels: error, or keep.", rich_help_panel=_TABLE
        ),
    ] = Conflicts.error
