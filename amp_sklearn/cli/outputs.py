"""What a command writes: never over its inputs, nothing over existing files unasked, tested before the work begins."""

import os
import tempfile
from pathlib import Path

from ..writing import write_atomically

TABLES = (".tsv", ".csv", ".xlsx", ".parquet")
_EXCEL_ROWS, _SHEET = 1_048_575, "Sheet1"


def require_inputs(paths):
    """Refuse missing files, all at once, before any is read."""
    missing = [str(path) for path in paths if not Path(path).exists()]
    if missing:
        raise FileNotFoundError(f"there is no file {', '.join(missing)}; nothing was read or written")
    folders = [str(path) for path in paths if Path(path).is_dir()]
    if folders:
        raise IsADirectoryError(f"{', '.join(folders)} is a folder; a file is needed")


def prepare_file(out, inputs, *, force, endings=(), option="--out"):
    """Make the folder of an output file and see that the file can be written.

    Parameters
    ----------
    out : Path
    inputs : sequence of Path
        Files that the command reads.
    force : bool
        Whether an existing file may be replaced.
    endings : sequence of str, default=()
        Endings that say the format; empty accepts any.
    option : str, default="--out"
        For messages.

    Returns
    -------
    list of Path
        Folders that were made.

    Raises
    ------
    ValueError
        If the ending is unknown, or the output is one of the inputs.
    FileExistsError
        If there is such a file, and ``force`` is False.
    OSError
        If nothing can be written there.
    """
    if endings and out.suffix.lower() not in endings:
        raise ValueError(f"{option} {out} must end in {' or '.join(endings)}, which says the format")
    _refuse_input(out, inputs, option)
    if out.is_dir():
        raise IsADirectoryError(f"{option} {out} is a folder; give the name of a file in it")
    if out.exists() and not force:
        raise FileExistsError(
            f"{option} {out} is there already; give --force to replace it, or another {option}"
        )
    return _try_to_write(out.parent, option)


def prepare_folder(out, inputs, *, force, resume=False, option="--out"):
    """Make an output folder and see that files can be written there; as `prepare_file`."""
    for path in inputs:
        if Path(path).resolve().parent == out.resolve():
            raise ValueError(
                f"{option} {out} is the folder of the input {path}; give the results a folder of their own"
            )
    _refuse_input(out, inputs, option)
    if out.exists() and not out.is_dir():
        raise FileExistsError(f"{option} {out} is a file; give a folder")
    if out.exists() and any(out.iterdir()) and not (force or resume):
        raise FileExistsError(
            f"{option} {out} holds files already; give --force to replace those of the same names, or another {option}"
        )
    return _try_to_write(out, option)


def _refuse_input(out, inputs, option):
    for path in inputs:
        if Path(path).resolve() == out.resolve() or (out.exists() and Path(path).samefile(out)):
            raise ValueError(
                f"{option} {out} is the input {path}, which would be lost; give another {option}"
            )


def _try_to_write(folder, option):
    """Make a folder and write a file there; returns the folders that were made, outermost first."""
    made = [parent for parent in [folder, *folder.parents] if not parent.exists()][::-1]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(
            f"nothing can be written to {folder or Path('.')} ({error.strerror or error}); choose another {option}"
        ) from error
    return made


def remove_if_empty(folders):
    """Remove folders that were made for nothing."""
    for folder in reversed(folders):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def write_table(table, path):
    """Write a table in the format that the ending says, whole or not at all.

    Parameters
    ----------
    table : DataFrame
    path : Path
        Ends in .tsv, .csv, .xlsx or .parquet.
    """
    kind = path.suffix.lower()
    if kind == ".xlsx" and len(table) > _EXCEL_ROWS:
        raise ValueError(
            f"{path}: an Excel sheet holds {_EXCEL_ROWS:,} rows, there are {len(table):,}; end the name in .parquet or .tsv"
        )
    with write_atomically(path) as unfinished:
        if kind == ".parquet":
            table.to_parquet(unfinished, index=False)
        elif kind == ".xlsx":
            _write_excel(table, unfinished)
        else:
            table.to_csv(unfinished, sep="," if kind == ".csv" else "\t", index=False)


def _write_excel(table, path):
    """A sheet in which text that begins with an equals sign stays text, not a formula."""
    import pandas as pd

    with pd.ExcelWriter(path, engine="openpyxl") as book:
        table.to_excel(book, index=False, sheet_name=_SHEET)
        formulas = (cell for row in book.sheets[_SHEET].iter_rows() for cell in row if cell.data_type == "f")
        for cell in formulas:
            cell.data_type = "s"


def write_text(text, path):
    """Write a text file, whole or not at all."""
    with write_atomically(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def save_picture(display, path):
    """Save a display as a picture, whole or not at all."""
    with write_atomically(path) as unfinished:
        display.save(unfinished)
    return path


def beside(path, ending):
    """Name of a file that belongs to another one: ``model.amp`` and ``.run.toml`` give ``model.amp.run.toml``."""
    return path.with_name(path.name + ending) if not path.is_dir() else path / os.fspath(ending).lstrip(".")
