"""What all commands share: options of running, one way to fail, one way to report and to leave a record."""

import dataclasses
import inspect
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from ..exceptions import PairTableWarning, SequenceWarning, TrainingWarning
from ..writing import plain_value
from .messages import PROGRAM, error_text, reword, to_stderr
from .outputs import beside, prepare_file, prepare_folder, remove_if_empty, require_inputs, write_text
from .record import read_config, record_text

WRONG_INPUT, INTERRUPTED = 2, 130
_PANEL = "How it runs"


@dataclass
class Running:
    """Options of every command: how it runs, not what it computes."""

    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="TOML file that sets arguments and options by name, such as the record of an earlier run; what is "
            "given on the command line comes first.",
            callback=read_config,
            is_eager=True,
            rich_help_panel=_PANEL,
            show_default=False,
        ),
    ] = None
    force: Annotated[
        bool, typer.Option("--force", help="Replace existing outputs.", rich_help_panel=_PANEL)
    ] = False
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Check files and options, say what would be done, and stop.",
            rich_help_panel=_PANEL,
        ),
    ] = False
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Print warnings and errors only.", rich_help_panel=_PANEL),
    ] = False
    json_: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print the results as one JSON object; all else goes to standard error.",
            rich_help_panel=_PANEL,
        ),
    ] = False


@dataclass
class Run(Running):
    """One run of a command: its options, and what it has said and read so far."""

    command: str = ""
    options: frozenset[str] = frozenset()
    parameters: dict[str, Any] = field(default_factory=dict)
    inputs: list[Path] = field(default_factory=list)
    out: Path | None = None
    made: list[Path] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    results: dict[str, Any] = field(default_factory=dict)
    resumes: str = "nothing was written; run the same command again"
    begin: float = field(default_factory=time.perf_counter)

    @property
    def verbose(self):
        """Whether to show progress."""
        return int(not self.quiet)

    def say(self, text):
        """Print what was found or done; to standard error with ``--json``."""
        if self.json_:
            if not self.quiet:
                to_stderr(text)
        elif not self.quiet:
            print(text, flush=True)

    def warn(self, text):
        """Print a warning, once, and keep it for the record."""
        text = reword(str(text), self.options)
        if text not in self.warnings:
            self.warnings.append(text)
            to_stderr(f"{PROGRAM}: warning: {text}")

    def reads(self, *paths):
        """Refuse missing files before any is read."""
        self.inputs = [Path(path) for path in paths if path is not None]
        require_inputs(self.inputs)

    def writes(self, out, endings=()):
        """Test an output file before the work begins."""
        self.made = prepare_file(out, self.inputs, force=self.force, endings=endings)
        self.out = out

    def writes_into(self, out, resume=False):
        """Test an output folder before the work begins."""
        self.made = prepare_folder(out, self.inputs, force=self.force, resume=resume)
        self.out = out

    def stop_if_dry(self, plan):
        """With ``--dry-run``: say what would be done, and end."""
        if self.dry_run:
            self.say(f"would {plan}: {self.out}" if self.out else f"would {plan}")
            self._report({"dry_run": True})
            raise typer.Exit

    def finish(self, text, **results):
        """Report results and leave the record beside the output."""
        self.results |= results
        if self.out is not None:
            record = record_text(
                self.command,
                self.parameters,
                self.inputs,
                self.results,
                self.warnings,
                time.perf_counter() - self.begin,
            )
            write_text(record, beside(self.out, ".run.toml"))
        self.say(text)
        self._report({})

    def _report(self, more):
        if self.json_:
            content = {"command": self.command, "out": None if self.out is None else str(self.out)}
            content |= self.results | {"warnings": self.warnings} | more
            print(json.dumps(content, default=plain_value, allow_nan=True))


def command(function: Callable) -> Callable:
    """Make a function a command.

    Parameters whose annotation is a dataclass stand for a group of options, one per field; the function gets the
    dataclass filled in. Errors of input end the command with exit code 2 and a sentence, Ctrl-C with 130; warnings
    are printed as sentences.
    """
    groups: dict[str, Any] = {}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        group = parameter.annotation
        if not dataclasses.is_dataclass(group):
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        groups[parameter.name] = group
        shared = Running if group is Run else group
        parameters.extend(
            inspect.Parameter(
                entry.name, inspect.Parameter.KEYWORD_ONLY, default=entry.default, annotation=entry.type
            )
            for entry in dataclasses.fields(shared)
        )
    name = function.__name__.rstrip("_")
    shared_names = {entry.name for entry in dataclasses.fields(Running)}
    parameters.sort(key=lambda parameter: parameter.name in shared_names)  # what is special comes first
    parameters.insert(
        0, inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    )
    order = {parameter.name: parameter for parameter in parameters}

    def run_command(context, **values):
        run = Run(command=name, options=_options_of(context), parameters=dict(values))
        arguments = {}
        for parameter, group in groups.items():
            fields_of = dataclasses.fields(Running if group is Run else group)
            taken = {entry.name: values.pop(entry.name) for entry in fields_of}
            if group is Run:
                for key, value in taken.items():
                    setattr(run, key, value)
                arguments[parameter] = run
            else:
                arguments[parameter] = group(**taken)
        _guarded(function, run, arguments | values)

    run_command.__name__ = name
    run_command.__doc__ = function.__doc__
    run_command.__module__ = function.__module__
    run_command.__dict__["__signature__"] = inspect.Signature(list(order.values()))
    run_command.__annotations__ = {key: parameter.annotation for key, parameter in order.items()}
    return run_command


def _options_of(context):
    return frozenset(option for parameter in context.command.params for option in parameter.opts)


def _guarded(function, run, arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        for category in (PairTableWarning, SequenceWarning, TrainingWarning):
            warnings.simplefilter("always", category)
        warnings.showwarning = lambda message, *_, **__: run.warn(str(message))
        try:
            function(**arguments)
        except (ValueError, OSError, KeyError, IndexError, TypeError) as error:
            if isinstance(error, TypeError | IndexError | KeyError) and not _is_ours(error):
                raise
            to_stderr(f"{PROGRAM} {run.command}: {error_text(error, run.options)}")
            raise typer.Exit(WRONG_INPUT) from error
        except MemoryError as error:
            to_stderr(
                f"{PROGRAM} {run.command}: memory is short ({error}); give fewer proteins or --max-length"
            )
            raise typer.Exit(WRONG_INPUT) from error
        except KeyboardInterrupt:
            to_stderr(f"\n{PROGRAM} {run.command}: interrupted; {run.resumes}")
            raise typer.Exit(INTERRUPTED) from None
        finally:
            remove_if_empty(run.made)


def _is_ours(error):
    """Whether this package raised the error itself, so that it is about what was given and not a fault."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals.get("__name__", "").startswith("amp_sklearn.")
