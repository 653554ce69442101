"""Run the speed suite: the published way against this package, path by path, and write results and tables.

    python benchmarks/speed/run.py --size smoke|small|full [--only NAME ...] [--threads N]

Results are merged into a JSON file per processor, by entry and size; the tables of the documentation are made from the
files of all processors and the largest size of each entry (never from smoke).
"""

import argparse
import os
import sys
import traceback
import warnings
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

BENCHMARKS = Path(__file__).resolve().parents[1]
RESULTS = BENCHMARKS / "results" / "speed"
TABLES = BENCHMARKS.parent / "docs" / "performance_results.inc"


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=["smoke", "small", "full"], default="small")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="entries to run; by default all")
    parser.add_argument(
        "--threads", type=int, default=None, help="threads of torch; by default as many as cores"
    )
    parser.add_argument(
        "--out", type=Path, default=RESULTS, help="folder of the results, one file per processor"
    )
    parser.add_argument("--docs", type=Path, default=TABLES, help="tables to write")
    parser.add_argument("--no-docs", action="store_true", help="do not write the tables")
    parser.add_argument("--write-docs", action="store_true", help="only write the tables from the results")
    parser.add_argument("--list", action="store_true", help="only name the entries")
    return parser.parse_args(arguments)


def run_entries(size, only, threads, folder):
    """Run entries one after the other, merging each into this processor's results file at once.

    Returns
    -------
    list of str
        Names of entries that failed, or whose values differ from the published way's by more than a tolerance.
    """
    import torch

    from speed.machine import describe
    from speed.registry import Context, load_entries
    from speed.results import file_name, merge, summary

    entries = load_entries()
    unknown = sorted(set(only or ()) - set(entries))
    if unknown:
        raise SystemExit(f"no entries {', '.join(unknown)}; there are {', '.join(entries)}")
    threads = threads or torch.get_num_threads()
    torch.set_num_threads(threads)
    machine, failed = describe(), []
    out = folder / f"{file_name(machine.get('gpu') or machine['cpu'])}.json"
    for name, entry in entries.items():
        if only and name not in only:
            continue
        start, obstacle = perf_counter(), entry.obstacle()
        if obstacle is not None:
            result = {"obstacle": obstacle}
        else:
            try:
                with warnings.catch_warnings(action="ignore"):
                    result = entry.run(Context(size, threads))
            except Exception as error:  # one path must not keep the others from being measured
                traceback.print_exc()
                result = {"error": f"{type(error).__name__}: {error}"}
        if "error" in result or result.get("unequal"):
            failed.append(name)
        result = {
            "title": entry.title,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "threads": threads,
            "machine": machine,
            "suite_seconds": round(perf_counter() - start, 1),
            **result,
        }
        merge(out, name, size, result)
        print(summary(name, result), flush=True)
    return failed


def main(arguments=None):
    arguments = parse_arguments(arguments)
    if arguments.threads:  # before torch and numpy are imported
        for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ[variable] = str(arguments.threads)
    from speed.results import read_all, write_tables

    if arguments.list:
        from speed.registry import load_entries

        print("\n".join(f"{name:24} {entry.title}" for name, entry in load_entries().items()))
        return 0
    failed = []
    if not arguments.write_docs:
        failed = run_entries(arguments.size, arguments.only, arguments.threads, arguments.out)
    if not arguments.no_docs:
        write_tables(read_all(arguments.out), arguments.docs)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.path[0] = str(BENCHMARKS)  # the packages baselines and speed, instead of this folder's modules
    raise SystemExit(main())
