"""One screen in a process of its own: what it took, as a line of JSON.

python -m benchmarks.screening.child MODEL PROTEINS OUT ['{"prefilter": 0.2}']
"""

import json
import sys
import time
from pathlib import Path

from amp_sklearn import load_model, screen
from amp_sklearn.screening import disk_screen

from ..speed.machine import resident_gib
from .inputs import random_proteins


class Clock:
    """Seconds that some functions took in all calls of each, and seconds of processor time of all threads meanwhile."""

    def __init__(self):
        self.seconds, self.processor = {}, {}

    def times(self, module, name):
        """Replace a function of a module by one that is timed."""
        function = getattr(module, name)

        def timed(*arguments, **options):
            start, processor = time.perf_counter(), time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds[name] = self.seconds.get(name, 0) + time.perf_counter() - start
                self.processor[name] = self.processor.get(name, 0) + time.process_time() - processor

        setattr(module, name, timed)


def main():
    model, n_proteins, out = load_model(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    options = json.loads(sys.argv[4]) if len(sys.argv) > 4 else {}
    proteins = random_proteins(n_proteins)
    clock = Clock()
    for name in ("encoded", "fit_prefilter", "_block", "merge_screen"):
        clock.times(disk_screen, name)
    before, start, processor = resident_gib("VmRSS"), time.perf_counter(), time.process_time()
    result = screen(model, proteins, out=out, **options)
    seconds = time.perf_counter() - start
    summary = result.summary
    blocks, of_blocks = (found.get("_block", 0.0) for found in (clock.seconds, clock.processor))
    print(
        json.dumps(
            {
                "n_proteins": n_proteins,
                "n_pairs": summary.n_pairs,
                "scored": summary.scored,
                "kept": summary.kept,
                "seconds": seconds,
                "processor_seconds": time.process_time() - processor,
                "seconds_of": {name.strip("_"): value for name, value in clock.seconds.items()},
                "processor_seconds_of": {name.strip("_"): value for name, value in clock.processor.items()},
                "pairs_per_second": summary.n_pairs / seconds,
                "pairs_per_second_of_blocks": summary.scored / blocks if blocks else None,
                "pairs_per_processor_second_of_blocks": summary.scored / of_blocks if of_blocks else None,
                "memory_before_gib": before,
                "peak_memory_gib": resident_gib("VmHWM"),
                "file_mib": sum(file.stat().st_size for file in result.files) / 2**20,
                "prefilter": summary.prefilter,
            }
        )
    )


if __name__ == "__main__":
    main()
