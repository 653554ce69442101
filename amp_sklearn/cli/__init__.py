"""The command ``amp-sklearn``: one file per command, over the same calls that Python users make."""

import sys

import typer

from ..exceptions import ModelLoadError, PairTableError, SequenceError
from .demo import demo
from .embed import embed
from .evaluate import evaluate
from .predict import predict
from .regions import regions
from .train import train

app = typer.Typer(
    name="amp-sklearn",
    help="Predict whether two proteins interact from their sequences, and show why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (demo, embed, train, predict, evaluate, regions):
    app.command()(command)


def main():
    """Run the command line; what is wrong with the input is said in words, without a traceback."""
    try:
        app()
    except (SequenceError, PairTableError, ModelLoadError, FileNotFoundError) as error:
        print(f"amp-sklearn: {error}", file=sys.stderr)
        raise SystemExit(2) from error
