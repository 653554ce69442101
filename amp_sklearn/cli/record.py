"""The record beside each output, from which a run can be repeated, and the configuration files that commands read."""

import difflib
import hashlib
import json
import platform
import tomllib
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import typer

from .. import __version__
from ..writing import plain_value

_LIBRARIES = ("numpy", "pandas", "scikit-learn", "torch", "transformers", "skorch")
NOT_SETTINGS = frozenset({"config", "force", "resume", "quiet", "json_", "dry_run"})
"""Options that say how a command is run, not what it computes."""


def record_text(command, parameters, inputs, results, warnings, seconds):
    """The record of a run as TOML: ``--config`` takes it.

    Parameters
    ----------
    command : str
    parameters : dict
        All arguments and options, defaults too.
    inputs : sequence of Path
        Files that were read; the record holds their SHA-256.
    results : dict
        Numbers and names to keep, such as counts and fingerprints.
    warnings : list of str
    seconds : float

    Returns
    -------
    str
    """
    lines = [
        f"# Repeat this run with: amp-sklearn {command} --config <this file>, from the same folder",
        f"command = {toml_value(command)}",
        f"finished = {toml_value(datetime.now(UTC).isoformat(timespec='seconds'))}",
        f"seconds = {seconds:.1f}",
        f"warnings = {toml_value(warnings)}",
        "",
        "[options]",
        *_entries({name: value for name, value in parameters.items() if name not in NOT_SETTINGS}),
        "",
        "[versions]",
        *_entries(
            {"amp_sklearn": __version__, "python": platform.python_version()}
            | {library: version(library) for library in _LIBRARIES}
        ),
        "",
        "[inputs_sha256]",
        *_entries({str(path): _digest(path) for path in inputs}),
        "",
        "[results]",
        *_entries(results),
        "",
    ]
    return "\n".join(lines)


def _digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _entries(values):
    return [f"{_key(name)} = {toml_value(value)}" for name, value in values.items() if value is not None]


def _key(name):
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else toml_value(name)


def toml_value(value):
    """A value as TOML writes it."""
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{toml_value(str(k))} = {toml_value(v)}" for k, v in value.items() if v is not None)
            + "}"
        )
    value = plain_value(value)
    if isinstance(value, float) and value != value:
        return "nan"
    if isinstance(value, str):
        return json.dumps(str(value)).replace("\x7f", "\\u007f")
    return json.dumps(value)


def read_config(context: typer.Context, path: Path | None):
    """Callback of ``--config``: what the file says becomes the default of each argument and option."""
    if path is None:
        return path
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise typer.BadParameter(f"{path} is no TOML file: {error}") from error
    made_for = content.get("command", context.info_name)
    if made_for != context.info_name:
        raise typer.BadParameter(f"{path} is about the command {made_for}, not {context.info_name}")
    given = content.get("options", {k: v for k, v in content.items() if k != "command"})
    names = {parameter.name for parameter in context.command.params} - NOT_SETTINGS
    options = {
        option.lstrip("-").replace("-", "_"): parameter.name
        for parameter in context.command.params
        for option in parameter.opts
    }
    values = {}
    for key, value in given.items():
        name = key.replace("-", "_")
        name = name if name in names else options.get(name)
        if name not in names:
            near = difflib.get_close_matches(key.replace("-", "_"), sorted(names), 1)
            hint = f"; nearest: {near[0]}" if near else ""
            raise typer.BadParameter(f"{path} sets {key}, which {context.info_name} does not have{hint}")
        values[name] = value
    context.default_map = {**(context.default_map or {}), **values}
    return path
