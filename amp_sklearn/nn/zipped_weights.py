"""Weights inside a zip archive, as the published ones are offered for download."""

import io
import os
import zipfile

from ..data.text_files import binary_kind, unpacked_limit
from ..exceptions import ModelLoadError

_ENDINGS = (".pth", ".pt", ".pkl", ".ckpt", ".safetensors")


def weights_in_archive(path, member=None):
    """The file of weights that a zip archive holds.

    Parameters
    ----------
    path : path-like
    member : str, default=None
        Name of the file within the archive; needed where it holds several.

    Returns
    -------
    name : str
    content : io.BytesIO
        None for both if the file is no archive of weights: no zip at all, or one that ``torch.save`` wrote, whose
        members are the parts of one file.

    Raises
    ------
    ModelLoadError
        If the archive is damaged, too large, or does not hold one file of weights.
    """
    if binary_kind(path) != "zip":
        return None, None
    try:
        if not zipfile.is_zipfile(path):
            return None, None
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if any(entry.filename.endswith("data.pkl") for entry in entries):
                return None, None
            if any(entry.filename == "model.skops" for entry in entries):
                raise ModelLoadError(f"{path} is a whole model by save_model, not weights: use load_model")
            chosen = _chosen(path, [entry.filename for entry in entries], member)
            limit = unpacked_limit(os.path.getsize(path))
            if archive.getinfo(chosen).file_size > limit:
                raise ModelLoadError(
                    f"{path}: {chosen} unpacks to more than {limit:,} bytes; unpack it yourself and load the file"
                )
            return chosen, io.BytesIO(archive.read(chosen))
    except ModelLoadError:
        raise
    except Exception as error:  # what a hostile archive makes of zipfile cannot be listed
        raise ModelLoadError(f"{path} is a damaged or locked zip archive: {error}") from error


def _chosen(path, names, member):
    if member is not None:
        if member not in names:
            raise ModelLoadError(
                f"{path} has no member {member!r}; it holds {', '.join(names[:12]) or 'nothing'}"
            )
        return member
    hidden = ("__MACOSX/", ".")
    weights = [name for name in names if name.endswith(_ENDINGS) and not name.startswith(hidden)]
    if len(weights) != 1:
        listed = (
            f"{len(weights)} files of weights ({', '.join(weights[:12])})"
            if weights
            else "no file of weights"
        )
        advice = "choose one with member=" if weights else f"expected one that ends in {', '.join(_ENDINGS)}"
        raise ModelLoadError(f"{path} is a zip archive with {listed}; {advice}")
    return weights[0]
