"""Resident memory at the size of Bernett's training set, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

from .inputs import WIDTH
from .registry import entry

GIB = 2**30
GOAL_GIB = 1.5
FULL_PAIRS = 163192
SIZES = {  # our pairs, width, two sizes of the published way
    "smoke": (400, 16, (100, 200)),
    "small": (20000, WIDTH, (500, 1500)),
    "full": (FULL_PAIRS, WIDTH, (1000, 4000)),
}


def child(side, n_pairs, width):
    """Resident memory after each stage, GiB: ``peak_gib`` so far, ``held_gib`` at its end."""
    script = Path(__file__).with_name("memory_child.py")
    command = [sys.executable, script, "--side", side, "--pairs", str(n_pairs), "--width", str(width)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return json.loads(done.stdout)


@entry("memory", "Memory, 163,192 pairs at width 1,280: fit one epoch, predict, five folds")
def memory(context):
    n_pairs, width, sizes = SIZES[context.size]
    ours = child("ours", n_pairs, width)["peak_gib"]
    published = [child("published", n, width) for n in sizes]
    # what pairs add to the table of proteins
    added = [max(found["peak_gib"].values()) - found["held_gib"]["protein table"] for found in published]
    per_pair = max(0.0, added[1] - added[0]) / (sizes[1] - sizes[0])
    return {
        "work": {"pairs": n_pairs, "width": width},
        "memory": {
            "ours_gib": ours,
            "ours_peak_gib": max(ours.values()),
            "goal_gib": GOAL_GIB if n_pairs == FULL_PAIRS else None,
            "published_gib": {str(n): found["peak_gib"] for n, found in zip(sizes, published, strict=True)},
            "published_bytes_per_pair": per_pair * GIB,
            "published_gib_at_our_pairs": per_pair * n_pairs,
            "dense_float32_gib": n_pairs * 20 * width * 4 / GIB,
        },
        "notes": [
            "the published way is measured at "
            + " and ".join(f"{n:,}" for n in sizes)
            + " pairs and extrapolated by what a pair adds; it is not run at full size, and its folds and training "
            "are not counted",
        ],
    }
