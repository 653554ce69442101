"""The command ``amp-sklearn``: one file per command, over the same calls that Python users make."""

from typing import Annotated, Any

import typer

from .. import __version__
from .audit import audit
from .demo import demo
from .embed import embed
from .evaluate import evaluate
from .explain import explain
from .messages import PROGRAM, to_stderr
from .models import models
from .mutate import mutate
from .negatives import negatives
from .predict import predict
from .regions import regions
from .report import report
from .run import WRONG_INPUT
from .screen import screen
from .search import search
from .train import train

app = typer.Typer(
    name="amp-sklearn",
    help="Predict whether two proteins interact from their sequences, and show why.",
    epilog="Exit codes: 0 done; 1 a fault of the program; 2 input or options that cannot be used; 130 interrupted.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def version(
    context: typer.Context,
    show: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)
    ] = False,
):
    if show:
        print(f"amp-sklearn {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit


COMMANDS = {
    "From data to predictions": (demo, embed, train, search, predict, screen),
    "Is it right, and why": (evaluate, audit, explain, mutate, regions, report),
    "Material": (models, negatives),
}

for panel, commands in COMMANDS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)


_USAGE_ERROR: type[Any] = typer.BadParameter.__mro__[
    2
]  # ClickException, of click itself or of the copy in newer typer


def main(arguments=None):
    """Run the command line; what is wrong with the input is said in words, without a traceback.

    Parameters
    ----------
    arguments : list of str, default=None
        None: those of the process.

    Raises
    ------
    SystemExit
        With the exit code, always.
    """
    try:
        code = app(arguments, prog_name=PROGRAM, standalone_mode=False)
    except _USAGE_ERROR as error:
        context = getattr(error, "ctx", None)
        name = PROGRAM if context is None else context.command_path
        to_stderr(f"{name}: {error.format_message()}\n'{name} -h' lists arguments and options")
        code = WRONG_INPUT
    raise SystemExit(code or 0)
