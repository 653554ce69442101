"""All pairs of proteins of random lengths: time, memory and size of a screen; killed and resumed; how it grows.

    python -m benchmarks.screening.proteome --proteins 4400
    python -m benchmarks.screening.proteome --proteins 20000 --parts large

Embeds the proteins with esm2-mini, then screens them with late interaction and DPM exactly and with the small Transformer
in two stages, each in a process of its own. Adds what it measured to ``benchmarks/results/screening_proteome.json`` and
writes ``docs/screening_results.inc`` from there.
"""

import argparse
import json
import math
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from amp_sklearn import ESM2Embedder
from amp_sklearn.screening import ScreenResult
from amp_sklearn.screening.screen_result import SUMMARY

from ..speed.machine import describe
from .inputs import LONGEST, fitted_model, random_proteins
from .page import write_page

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "benchmarks" / "results" / "screening_proteome.json"
CHILD = "benchmarks.screening.child"
PARTS = ("block", "embedding", "exact", "two-stage", "kills", "growth", "large")
KILLS = 5
SHARE = 0.2


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--proteins", type=int, default=4400)
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=PARTS,
        default=PARTS[:-1],
        help="large: top 100 of each protein, no more",
    )
    parser.add_argument(
        "--folder", type=Path, default=Path("proteome"), help="for models, features and screens"
    )
    return parser.parse_args()


def child(model, n_proteins, out, **options):
    """Start a screen in a process of its own."""
    command = [sys.executable, "-m", CHILD, model, str(n_proteins), out, json.dumps(options)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def screened(model, n_proteins, out, **options):
    """What a screen from the beginning took."""
    shutil.rmtree(out, ignore_errors=True)
    process = child(model, n_proteins, out, **options)
    found, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the screen in {out} ended with exit status {process.returncode}")
    return json.loads(found.splitlines()[-1]) | {"options": options}


def embed(n_proteins):
    """Features into the store; nothing is computed twice."""
    sequences = list(random_proteins(n_proteins).values())
    start, processor = time.perf_counter(), time.process_time()
    ESM2Embedder("esm2-mini", device="cpu", max_length=LONGEST, long_proteins="window").fit_transform(
        np.array(sequences + sequences[: len(sequences) % 2], dtype=object).reshape(-1, 2)
    )
    return {
        "n_proteins": n_proteins,
        "residues": sum(map(len, sequences)),
        "seconds": time.perf_counter() - start,
        "processor_seconds": time.process_time() - processor,
    }


def killed(model, n_proteins, folder):
    """Kill a screen at random moments, resume it, and compare its files with those of an undisturbed one."""
    options = {"block_size": max(n_proteins // 8, 8)}
    whole = screened(model, n_proteins, folder / "undisturbed", **options)
    disturbed, draw = folder / "disturbed", random.Random(0)
    shutil.rmtree(disturbed, ignore_errors=True)
    encoding, blocks, kills = whole["seconds_of"]["encoded"], whole["seconds_of"]["block"], []
    while len(kills) < KILLS and not (disturbed / SUMMARY).exists():
        process = child(model, n_proteins, disturbed, **options)
        while not (disturbed / "manifest.json").exists() and process.poll() is None:
            time.sleep(0.01)
        try:
            process.wait(timeout=draw.uniform(0, encoding + blocks / 2))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills.append(len(list(disturbed.glob("blocks/*.parquet"))))
    process = child(model, n_proteins, disturbed, **options)
    process.communicate()
    same = {
        path.name: path.read_bytes() == (disturbed / "pairs" / path.name).read_bytes()
        for path in ScreenResult(folder / "undisturbed").files
    }
    return {
        "kills": len(kills),
        "blocks_after_each_kill": kills,
        "blocks": len(same),
        "byte_equal": all(same.values()) and len(same) == len(ScreenResult(disturbed).files),
        "n_pairs": whole["n_pairs"],
    }


def exponent(xs, ys):
    """Slope of log y over log x."""
    return float(np.polyfit(np.log(xs), np.log(ys), 1)[0])


def growth(model, n_proteins, folder):
    """Screens of a quarter, a half and all proteins, and of features of four widths."""
    runs = [
        screened(model, n, folder / "growth", top_k=10)
        for n in (n_proteins // 4, n_proteins // 2, n_proteins)
    ]
    proteins, pairs = [r["n_proteins"] for r in runs], [r["n_pairs"] for r in runs]
    blocks, memory = [r["seconds_of"]["block"] for r in runs], [r["peak_memory_gib"] for r in runs]
    widths = [160, 320, 640, 1280]
    by_width = [of_width(width, min(n_proteins, 2000)) for width in widths]
    return {
        "proteins": proteins,
        "seconds_of_blocks": blocks,
        "peak_memory_gib": memory,
        "width": widths,
        "seconds_by_width": by_width,
        "exponents": {
            "time of blocks over proteins": exponent(proteins, blocks),
            "time of blocks over pairs": exponent(pairs, blocks),
            "time of encoding over proteins": exponent(proteins, [r["seconds_of"]["encoded"] for r in runs]),
            "peak memory over proteins": exponent(proteins, memory),
            "time of parts of proteins over width": exponent(widths, [r["parts"] for r in by_width]),
            "time of blocks over width": exponent(widths, [r["block"] for r in by_width]),
        },
    }


def of_width(width, n_proteins):
    """Seconds of late interaction of random features of a width: parts of proteins, and the block of all their pairs."""
    import torch

    from amp_sklearn.nn import LateInteraction

    torch.manual_seed(0)
    module, X = LateInteraction(20, width).eval(), torch.randn(n_proteins, 10 * width)
    found = {"parts": math.inf, "block": math.inf}
    with torch.inference_mode():
        for _ in range(3):
            start = time.perf_counter()
            part = module.protein_part(X)
            middle = time.perf_counter()
            module.score_block(part, part)
            found["parts"] = min(found["parts"], middle - start)
            found["block"] = min(found["block"], time.perf_counter() - middle)
    return found


def block():
    """Processor time of one block of late interaction, 2,048 proteins with each other, by the compiled loop and by torch."""
    import torch

    from amp_sklearn.cpu.compilation import KERNELS, KERNELS_VARIABLE
    from amp_sklearn.nn import LateInteraction
    from amp_sklearn.screening.disk_screen import WHOLE_BLOCK

    torch.manual_seed(0)
    torch.set_num_threads(1)
    module, X = LateInteraction(20, 192).eval(), torch.randn(WHOLE_BLOCK, 1920)
    found = {}
    with torch.inference_mode():
        part = module.protein_part(X)
        few = tuple(tensor[:64] for tensor in part)
        for kernels in KERNELS:
            os.environ[KERNELS_VARIABLE] = kernels
            module.score_block(few, few)  # compiled, or read from the disk
            times = []
            for _ in range(3 if kernels == KERNELS[0] else 1):
                start = time.process_time()
                module.score_block(part, part)
                times.append(time.process_time() - start)
            found[kernels] = min(times)
        del os.environ[KERNELS_VARIABLE]
    return {
        "n_pairs": WHOLE_BLOCK**2,
        "processor_seconds": found,
        "pairs_per_processor_second": {name: WHOLE_BLOCK**2 / seconds for name, seconds in found.items()},
    }


def main():
    arguments = parse_arguments()
    folder, n = arguments.folder.resolve(), arguments.proteins
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["AMP_SKLEARN_CACHE"] = str(folder / "store")
    table = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    found = table.setdefault(str(n), {})
    found["machine"] = describe()

    def model(name):
        return fitted_model(name, folder)

    actions = {
        "block": block,
        "embedding": lambda: embed(n),
        "exact": lambda: {
            name: screened(model(name), n, folder / name) for name in ("late-interaction", "ESM2_DPM")
        },
        "two-stage": lambda: screened(model("amps-small"), n, folder / "two-stage", prefilter=SHARE),
        "kills": lambda: killed(model("late-interaction"), n, folder),
        "growth": lambda: growth(model("late-interaction"), n, folder),
        "large": lambda: screened(model("late-interaction"), n, folder / "large", top_k=100),
    }
    for part in arguments.parts:
        found[part] = actions[part]()
        print(part, json.dumps(found[part]), flush=True)
        RESULT.write_text(json.dumps(table, indent=1) + "\n")
    write_page(table)


if __name__ == "__main__":
    main()
