"""Calling MMseqs2 and CD-HIT."""

import shutil
import subprocess
import tempfile
from pathlib import Path

PROGRAMS = {"mmseqs": "MMseqs2", "cd-hit": "CD-HIT"}
# CD-HIT's manual: the longest word that still finds pairs of this identity
_CD_HIT_WORDS = ((0.7, 5), (0.6, 4), (0.5, 3), (0.4, 2))
_LAST_LINES = 8


def run_program(sequences, *, identity, coverage, program, n_jobs, read):
    """Cluster sequences that are named by their position.

    Parameters
    ----------
    sequences : list of str
    identity, coverage : float
    program : {"auto", "mmseqs", "cd-hit"}
    n_jobs : int
    read : callable
        Reads the program's file of clusters.

    Returns
    -------
    Series of str
        Cluster by position (as text).

    Raises
    ------
    FileNotFoundError, ValueError, RuntimeError
        As ``cluster_sequences`` says.
    """
    program = _installed(program)
    if program == "cd-hit" and identity < _CD_HIT_WORDS[-1][0]:
        raise ValueError(
            f"CD-HIT clusters at an identity of 0.4 or more, got {identity}; install MMseqs2 for less"
        )
    with tempfile.TemporaryDirectory(prefix="clusters-") as folder:
        fasta, out = Path(folder, "sequences.fasta"), Path(folder, "found")
        fasta.write_text("".join(f">{k}\n{sequence}\n" for k, sequence in enumerate(sequences)))
        if program == "mmseqs":
            command = [program, "easy-cluster", fasta, out, Path(folder, "work"), "--min-seq-id", identity,
                       "-c", coverage, "--cov-mode", 0, "--cluster-mode", 1, "--single-step-clustering", 1,
                       "--threads", n_jobs, "-v", 1]  # fmt: skip
            file = Path(folder, "found_cluster.tsv")
        else:
            word = next(length for least, length in _CD_HIT_WORDS if identity >= least)
            # local identity (-G 0), as CD-HIT's manual asks for with thresholds of coverage; memory without limit,
            # the shortest sequences that a word allows, the best cluster (-g 1) instead of the first
            command = [program, "-i", fasta, "-o", out, "-c", identity, "-n", word, "-G", 0, "-aL", coverage, "-aS",
                       coverage, "-T", n_jobs, "-M", 0, "-d", 0, "-l", word + 1, "-g", 1]  # fmt: skip
            file = Path(folder, "found.clstr")
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, errors="replace", check=False
        )
        if done.returncode or not file.is_file():
            said = "\n".join((done.stdout + done.stderr).splitlines()[-_LAST_LINES:])
            raise RuntimeError(
                f"{PROGRAMS[program]} failed on {len(sequences)} sequences (exit status {done.returncode}):\n{said}"
            )
        return read(file)


def _installed(program):
    if program not in ("auto", *PROGRAMS):
        raise ValueError(f"program must be 'auto', {' or '.join(map(repr, PROGRAMS))}, got {program!r}")
    wanted = tuple(PROGRAMS) if program == "auto" else (program,)
    for name in wanted:
        if shutil.which(name):
            return name
    raise FileNotFoundError(
        f"clustering sequences needs {' or '.join(PROGRAMS[name] for name in wanted)}, and no program "
        f"{' or '.join(map(repr, wanted))} is on the PATH. Install one (conda install -c bioconda mmseqs2, or "
        "apt install mmseqs2 or cd-hit), or pass clusters=: the cluster of each sequence or protein id, "
        "for example read from a file by read_clusters"
    )
