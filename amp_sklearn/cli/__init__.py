"""The command ``amp-sklearn``: one file per command, over the same calls that Python users make."""

import sys
from typing import Annotated

import typer

from .. import __version__
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


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)
    ] = False,
):
    if show:
        print(f"amp-sklearn {__version__}")
        raise typer.Exit


for command in (demo, embed, train, predict, evaluate, regions):
    app.command()(command)


def main():
    """Run the command line; what is wrong with the input is said in words, without a traceback."""
    try:
        app()
    except (ValueError, OSError) as error:
        print(f"amp-sklearn: {error}", file=sys.stderr)
        raise SystemExit(2) from error
