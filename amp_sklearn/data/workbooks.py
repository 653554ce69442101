"""Excel workbooks and Parquet files as they come, damaged ones refused."""

import os
import zipfile

import openpyxl

from .text_files import located, too_large, unpacked_limit


def read_sheet(path, error, sheet=None):
    """Read the cells of one sheet of an Excel workbook.

    Parameters
    ----------
    path : path-like
        An .xlsx file, whatever its name.
    error : type
        What to raise, see `located`.
    sheet : str or int, default=None
        Name, or number from 0; by default the first.

    Returns
    -------
    rows : list of (int, list)
        Row number, as the program shows it, and cells of each row; all rows are of the same width.
    ignored : list of str
        Names of the other sheets that hold something.

    Raises
    ------
    error
        If the file is damaged, no workbook, too large, or has no such sheet.
    """
    _check_archive(path, error)
    try:
        with open(path, "rb") as file:  # an open file, since openpyxl would judge a name by its ending
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            names = [page.title for page in book.worksheets]
            chosen = 0 if sheet is None else sheet
            if isinstance(chosen, str):
                chosen = names.index(chosen) if chosen in names else None
            if chosen is not None and 0 <= chosen < len(names):
                rows = list(book.worksheets[chosen].iter_rows(values_only=True))
                others = [page for number, page in enumerate(book.worksheets) if number != chosen]
                ignored = [
                    page.title
                    for page in others
                    if any(cell is not None for row in page.iter_rows(values_only=True) for cell in row)
                ]
            book.close()
    except Exception as wrong:  # openpyxl meets damage with errors of a dozen types
        message = f"is a damaged Excel workbook ({type(wrong).__name__}: {wrong})"
        raise located(error, message, path) from wrong
    if chosen is None or not 0 <= chosen < len(names):
        raise located(error, f"has no sheet {sheet!r}; it has {', '.join(map(repr, names)) or 'none'}", path)
    width = max(map(len, rows), default=0)  # empty cells at the end of a row may be missing
    return [(number, [*row, *[None] * (width - len(row))]) for number, row in enumerate(rows, 1)], ignored


def _check_archive(path, error):
    limit = unpacked_limit(os.path.getsize(path))
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (
        Exception
    ) as wrong:  # besides BadZipFile, zipfile meets damage with struct.error, ValueError and others
        raise located(error, f"is a damaged zip archive: {wrong}", path) from wrong
    if not any(entry.filename == "[Content_Types].xml" for entry in entries):
        names = ", ".join(entry.filename for entry in entries[:3])
        message = f"is a zip archive, but no Excel workbook (it holds {names or 'nothing'}); unpack it first"
        raise located(error, message, path)
    if sum(entry.file_size for entry in entries) > limit:
        raise too_large(error, path, limit)


def read_parquet(path, error):
    """Read a Parquet file.

    Parameters
    ----------
    path : path-like
    error : type
        What to raise if the file is damaged or holds more than `unpacked_limit` allows, see `located`.

    Returns
    -------
    DataFrame
    """
    import pyarrow.parquet

    limit = unpacked_limit(os.path.getsize(path))
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            metadata = file.metadata
            groups = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
            size = max(groups, 8 * metadata.num_rows * metadata.num_columns)
        frame = None
        if size <= limit:
            table = pyarrow.parquet.read_table(path)
            table.validate(full=True)  # text that is not UTF-8 would be met later only
            frame = table.to_pandas()
    except Exception as wrong:  # pyarrow meets damage with errors of many types
        message = f"is a damaged Parquet file ({type(wrong).__name__}: {wrong})"
        raise located(error, message, path) from wrong
    if frame is None:
        raise too_large(error, path, limit)
    return frame
