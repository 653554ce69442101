"""What a screen has done so far: a manifest of what was asked, and a line for each finished block."""

import hashlib
import json
import os
from pathlib import Path

from ..exceptions import ScreenError
from ..writing import write_atomically

FORMAT = 1
MANIFEST, BLOCKS = "manifest.json", "blocks"


class ScreenJournal:
    """The folder of a screen.

    Parameters
    ----------
    folder : path-like

    Notes
    -----
    ``manifest.json`` says what is screened, and never changes. ``blocks/`` holds one Parquet file for each finished
    block. ``journal*.jsonl`` gets a line when a block's file is on disk: its number, its counts, and the file's SHA-256. A
    block whose line is missing or cut is computed again, so that a process may be killed at any moment. Several
    processes may work on one folder if each has a journal of its own.
    """

    def __init__(self, folder, part=None):
        self.folder = Path(folder)
        self.own = self.folder / (
            "journal.jsonl" if part is None else f"journal-{part[0]:04d}-of-{part[1]:04d}.jsonl"
        )

    @property
    def _begun(self):
        """What another process that starts at the same moment may just have made."""
        return {BLOCKS, *(path.name for path in self.folder.glob(".manifest.*.unfinished.json"))}

    @property
    def blocks(self):
        """Folder of the blocks' files."""
        return self.folder / BLOCKS

    @property
    def feature_files(self):
        """Files of features that are there: those of proteins and of partners, of whichever part."""
        return sorted(self.folder.glob("*features*.npy*"))

    def block_file(self, number):
        """File of a block."""
        return self.blocks / f"block-{number:08d}.parquet"

    def begin(self, manifest):
        """Start the screen, or go on with it.

        Parameters
        ----------
        manifest : dict
            What determines the result. A screen goes on only if it is asked for the same again.

        Returns
        -------
        bool
            Whether there was one before.

        Raises
        ------
        ScreenError
            If the folder holds a screen of something else, or files that are none of a screen's.
        """
        path = self.folder / MANIFEST
        manifest = {"format": FORMAT, **manifest}
        if path.exists():
            before = self.manifest()
            other = [key for key in manifest if before.get(key) != manifest[key]]
            if other:
                said = "; ".join(
                    f"{key}: {_short(before.get(key))} there, {_short(manifest[key])} now" for key in other
                )
                raise ScreenError(
                    f"{self.folder} holds a screen of something else ({said}). Results are not mixed: choose another "
                    "folder for this screen, or repeat the one that is there"
                )
            return True
        if self.folder.exists() and any(path.name not in self._begun for path in self.folder.iterdir()):
            raise ScreenError(
                f"{self.folder} is not empty and holds no screen; choose a new or an empty folder for the results"
            )
        self.blocks.mkdir(parents=True, exist_ok=True)
        with write_atomically(path) as unfinished:
            unfinished.write_text(json.dumps(manifest, indent=1))
        return False

    def manifest(self):
        """What is screened.

        Returns
        -------
        dict

        Raises
        ------
        ScreenError
            If the folder holds no screen, or its manifest is damaged.
        """
        path = self.folder / MANIFEST
        try:
            return json.loads(path.read_bytes())
        except FileNotFoundError as error:
            raise ScreenError(f"{self.folder} holds no screen: there is no {MANIFEST} in it") from error
        except ValueError as error:
            raise ScreenError(f"{path} is damaged ({error}); remove the folder and screen again") from error

    def record(self, number, content, **counts):
        """Write a block's file, then its line.

        Parameters
        ----------
        number : int
        content : bytes
            The file.
        **counts
            What else the line says.
        """
        with write_atomically(self.block_file(number)) as unfinished:
            unfinished.write_bytes(content)
        line = {"block": number, "sha256": hashlib.sha256(content).hexdigest(), **counts}
        with open(self.own, "a+b") as file:
            if file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) + 1 and file.read(1) != b"\n":
                file.write(b"\n")  # the last line was cut
            file.write(json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def finished(self):
        """Lines of all finished blocks, by number, over all journals of the folder.

        Returns
        -------
        dict of int to dict
        """
        found = {}
        for path in sorted(self.folder.glob("journal*.jsonl")):
            for line in path.read_bytes().split(b"\n"):
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue  # cut when the process was killed: its block is computed again
                if isinstance(entry, dict) and isinstance(entry.get("block"), int):
                    found[entry["block"]] = entry
        return found

    def verified(self, entries):
        """Check the files of finished blocks against their checksums.

        Parameters
        ----------
        entries : dict of int to dict
            From ``finished``.

        Raises
        ------
        ScreenError
            If a file is missing or damaged; the message names it.
        """
        for number, entry in sorted(entries.items()):
            path = self.block_file(number)
            try:
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
            except FileNotFoundError:
                digest = None
            if digest != entry["sha256"]:
                self.forget(number)
                raise ScreenError(
                    f"{path} is {'missing' if digest is None else 'damaged: its checksum is not the recorded one'}; its "
                    "entry was removed, so that the same screen computes the block again when it is repeated"
                )

    def forget(self, number):
        """Remove a block's lines, so that it is computed again."""
        for path in self.folder.glob("journal*.jsonl"):
            lines = [line for line in path.read_bytes().split(b"\n") if line]
            kept = [line for line in lines if _number(line) != number]
            if len(kept) < len(lines):
                with write_atomically(path) as unfinished:
                    unfinished.write_bytes(b"".join(line + b"\n" for line in kept))


def _number(line):
    try:
        return json.loads(line).get("block")
    except (ValueError, AttributeError):
        return None


def _short(value):
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
