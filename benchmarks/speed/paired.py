"""Paired measurement: both sides in turn in one process, values compared, memory and growth."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from amp_sklearn.nn.device import has_instructions

from .machine import gemm_gflops, peak_memory_gib, spread, timed


@dataclass
class Variant:
    """One way in which the package does the work.

    Parameters
    ----------
    run : callable
    tolerance : float
        Largest absolute difference from the published way's values that counts as equal.
    precision : {"float32", "bfloat16"} or None
        GEMM rate that its own rate is related to; None for work that is no matrix product.
    goal : float, default=None
        Ratio to reach.
    share_goal : float, default=None
        Share of the GEMM rate to reach.
    """

    run: Callable[[], Any]
    tolerance: float
    precision: str | None = "float32"
    goal: float | None = None
    share_goal: float | None = None


@dataclass
class Case:
    """The same work for both sides.

    Parameters
    ----------
    work : dict of str to number
        Sizes, such as ``{"proteins": 40, "residues": 18000}``.
    published : callable or None
        The published way; None where it is only known from its report.
    variants : dict of str to Variant
    flop : float, default=None
        Multiplications and additions that the work needs.
    read_published, read_ours : callable
        From what a side returns to the values to compare, outside the clock.
    differences : callable, default=None
        Largest difference by variant, for work whose result is no array (training); then results are not compared.
    notes : tuple of str
    """

    work: dict
    published: Callable[[], Any] | None
    variants: dict[str, Variant]
    flop: float | None = None
    read_published: Callable = np.asarray
    read_ours: Callable = np.asarray
    differences: Callable[[], dict] | None = None
    notes: Sequence[str] = field(default_factory=tuple)


def compare(case, rounds, gemm, *, warm_up=True, device="cpu"):
    """Measure a case.

    A round runs the published way and every variant once, in an order that is reversed in every other round, so that
    a machine that slows down does so for all. The ratio of a variant is the median over rounds. The GEMM rate is
    measured before and after the rounds, and the better one counts.

    Parameters
    ----------
    case : Case
    rounds : int
    gemm : dict
        Settings of `machine.gemm_gflops`.
    warm_up : bool, default=True
        Run all sides once before the clock starts; without, their memory and values are taken in the first round.
    device : str, default="cpu"

    Returns
    -------
    dict
        Plain values, for the results file. Variants in bfloat16 are left out, with a note, on a processor that has no
        instructions for it. ``unequal`` says in words which variants differ from the published way by
        more than their tolerance; `run.py` fails then.
    """
    variants, notes = dict(case.variants), list(case.notes)
    if not has_instructions(torch.bfloat16, device):
        for name in [name for name, variant in variants.items() if variant.precision == "bfloat16"]:
            del variants[name]
            notes.append(f"{name}: not measured, this processor has no instructions for it")
    names = [*([] if case.published is None else ["published"]), *variants]
    runs = {name: variant.run for name, variant in variants.items()}
    if case.published is not None:
        runs["published"] = case.published
    precisions = {v.precision for v in variants.values() if v.precision and case.flop}
    rates = {p: gemm_gflops(p, device=device, **gemm) for p in sorted(precisions)}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    outputs, memory = {}, {}
    for number in range(-int(warm_up), rounds):
        for name in names if number % 2 == 0 else names[::-1]:
            if name not in outputs:
                memory[name], (elapsed, outputs[name]) = peak_memory_gib(lambda run=runs[name]: timed(run))
            else:
                elapsed = timed(runs[name])[0]
            if number >= 0:
                seconds[name].append(elapsed)
    rates = {p: max(rate, gemm_gflops(p, device=device, **gemm)) for p, rate in rates.items()}
    differences, largest = _differences(case, variants, outputs)
    result = {
        "work": case.work,
        "flop": case.flop,
        "rounds": rounds,
        "gemm_gflops": rates,
        "largest_value": largest,
        "notes": notes,
        "unequal": [
            f"{name} differs from the published way by {differences[name]:.3g}, more than {variant.tolerance:.3g}"
            for name, variant in variants.items()
            if name in differences and not differences[name] <= variant.tolerance
        ],
        "published": None,
        "ours": {},
    }
    if case.published is not None:
        result["published"] = {**_times(seconds["published"]), "extra_memory_gib": memory["published"]}
        if case.flop and "float32" in rates:
            result["published"]["gemm_share"] = _share(case.flop, seconds["published"], rates["float32"])
    for name, variant in variants.items():
        result["ours"][name] = {
            **_times(seconds[name]),
            "extra_memory_gib": memory[name],
            "ratio": _ratio(seconds, name),
            "goal": variant.goal,
            "gemm_share": _share(case.flop, seconds[name], rates.get(variant.precision)),
            "share_goal": variant.share_goal,
            "difference": differences.get(name),
            "tolerance": variant.tolerance,
        }
    return result


def _times(seconds):
    return {"seconds": spread(seconds), "rounds": seconds}


def _ratio(seconds, name):
    if "published" not in seconds:
        return None
    return spread([slow / fast for slow, fast in zip(seconds["published"], seconds[name], strict=True)])


def _share(flop, seconds, rate):
    return flop / statistics.median(seconds) / 1e9 / rate if flop and rate else None


def _differences(case, variants, outputs):
    """Largest absolute difference by variant, and largest magnitude of the published values."""
    if case.differences is not None:
        found = case.differences()
        return {name: found[name] for name in variants}, None
    if case.published is None:
        return {}, None
    expected, found = case.read_published(outputs["published"]), {}
    for name in variants:
        got = case.read_ours(outputs[name])
        if got.shape != expected.shape:
            raise ValueError(f"{name} returned shape {got.shape}, the published way {expected.shape}")
        found[name] = float(np.abs(got - expected).max())
    return found, float(np.abs(expected).max())


def growth(axis, points, make, *, side="ours", repeats=3):
    """How time grows with a size: the slope of log(seconds) against log(size).

    Parameters
    ----------
    axis : str
        What the size counts, such as ``"residues"``.
    points : sequence of number
    make : callable
        From a size to the function to time.
    side : {"ours", "published"}, default="ours"
    repeats : int, default=3
        The best of so many runs counts, after one to warm up; with 1 the only run counts.

    Returns
    -------
    dict
    """
    seconds = []
    for point in points:
        function = make(point)
        if repeats > 1:
            function()
        seconds.append(min(timed(function)[0] for _ in range(repeats)))
    exponent = float(np.polyfit(np.log(points), np.log(seconds), 1)[0])
    return {"axis": axis, "side": side, "sizes": list(points), "seconds": seconds, "exponent": exponent}
