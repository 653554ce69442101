"""This package's compiled kernels, and matrix products, against the libraries', shape by shape.

    python benchmarks/speed/kernels.py [--threads 1 2] [--seconds S] [--smoke]

All candidates of a shape run in turns in one process, in an order that is reversed in every other round. Writes
``benchmarks/results/kernels/<processor>.json`` and the table of the documentation, both from every run anew.
"""

import argparse
import json
import statistics
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from evaluation.tables import list_table

from amp_sklearn.embedding.cpu_attention import attend_packed
from amp_sklearn.explanation.tree_quadrature import add_shap_values, prepare_tree
from amp_sklearn.nn.dropout import dropout
from amp_sklearn.nn.linear import has_onednn, onednn_linear
from speed.machine import describe
from speed.results import file_name

RESULTS = Path(__file__).resolve().parents[1] / "results" / "kernels"
TABLE = Path(__file__).resolve().parents[2] / "docs" / "performance_kernels.inc"
LAYERS = ((320, 1280), (1280, 320), (480, 1920), (640, 2560), (1280, 5120), (1280, 2048), (64, 256))
"""Inputs and outputs: ESM-2 8M (both halves of its feed-forward part), 35M, 150M, 650M; AMPS, wide and narrow."""
ROWS = (64, 512, 2000)
HEADS = (16, 24, 32, 64)
"""Dimensions of a head of ESM-2 8M, 35M, 150M and 650M; each has twenty heads."""
LENGTHS = ((60, 16), (150, 8), (465, 4), (1000, 1))
"""Tokens of a protein, and proteins."""


def in_turns(candidates, seconds):
    """Times of each candidate, by name, taken in turns until their sum has reached some seconds."""
    for run in candidates.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in candidates}
    while len(times[next(iter(times))]) < 3 or sum(map(sum, times.values())) < seconds:
        forwards = len(times[next(iter(times))]) % 2 == 0
        for name in candidates if forwards else reversed(candidates):
            start = perf_counter()
            candidates[name]()
            times[name].append(perf_counter() - start)
    return times


def row(what, shape, candidates, seconds, ours=None, flop=None):
    """One line of the table.

    The ratio is that of each library to ``ours``, the smallest of them: medians of ratios within a round, with the range
    of their middle half.
    """
    times = in_turns(candidates, seconds)
    medians = {name: statistics.median(found) for name, found in times.items()}
    line = {
        "what": what,
        "shape": shape,
        "threads": torch.get_num_threads(),
        "rounds": len(times[next(iter(times))]),
        "milliseconds": {name: round(1e3 * median, 4) for name, median in medians.items()},
    }
    if flop:
        line["gflops"] = {name: round(flop / median / 1e9, 1) for name, median in medians.items()}
    if ours:
        best = min((name for name in times if name != ours), key=medians.__getitem__)
        ratios = sorted(theirs / mine for theirs, mine in zip(times[best], times[ours], strict=True))
        quarter = len(ratios) // 4
        line["best_library"] = best
        line["ratio"] = [
            round(value, 2) for value in (statistics.median(ratios), ratios[quarter], ratios[-1 - quarter])
        ]
    print(line, flush=True)
    return line


@torch.no_grad()
def linear_layers(seconds, smoke):
    """Forward and backward products of linear layers: torch's default library and oneDNN. None of them is our own."""
    for n_in, n_out in LAYERS[:1] if smoke else LAYERS:
        for n in ROWS[:1] if smoke else ROWS:
            x, weight, bias = torch.randn(n, n_in), torch.randn(n_out, n_in), torch.randn(n_out)
            grad, shape, flop = torch.randn(n, n_out), f"{n} x {n_in} -> {n_out}", 2 * n * n_in * n_out
            candidates = {"torch": lambda x=x, w=weight, b=bias: functional.linear(x, w, b)}
            backward = {"torch": lambda x=x, w=weight, g=grad: (g @ w, g.T @ x)}
            if has_onednn():
                packed = torch.ops.mkldnn._reorder_linear_weight(weight)
                candidates["oneDNN"] = lambda x=x, w=weight, b=bias: onednn_linear(x, w, b)
                candidates["oneDNN, packed"] = lambda x=x, w=packed, b=bias: onednn_linear(x, w, b)
                backward["oneDNN"] = lambda x=x, w=weight, g=grad: (
                    onednn_linear(g, w.T),
                    onednn_linear(g.T, x.T),
                )
            yield row("linear layer, forward", shape, candidates, seconds, flop=flop)
            yield row("linear layer, backward", shape, backward, seconds, flop=2 * flop)


def attention_by_torch(heads, lengths):
    """`attend_packed` by torch, one sequence after another."""
    out, start = torch.empty_like(heads[:, 0]), 0
    for length in lengths:
        part = slice(start, start + length)
        query, key, value = heads[part].permute(1, 2, 0, 3)[:, None]
        out[part] = functional.scaled_dot_product_attention(query, key, value)[0].transpose(0, 1)
        start += length
    return out.flatten(1)


@torch.no_grad()
def attention(seconds, smoke):
    for width in HEADS[:1] if smoke else HEADS:
        for length, count in LENGTHS[:1] if smoke else LENGTHS:
            heads, lengths = torch.randn(length * count, 3, 20, width), np.full(count, length)
            candidates = {
                "ours": lambda h=heads, n=lengths: attend_packed(h, n),
                "torch": lambda h=heads, n=lengths: attention_by_torch(h, n),
            }
            shape = f"{count} proteins of {length}, heads of {width}"
            yield row("attention", shape, candidates, seconds, "ours")


def dropout_masks(seconds, smoke):
    for dtype in (torch.float32, torch.bfloat16):
        x = torch.randn((64, 20, 1280) if smoke else (256, 20, 1280)).to(dtype).requires_grad_()
        grad = torch.ones_like(x)
        candidates = {
            "ours": lambda x=x, g=grad: dropout(x, 0.3, True).backward(g),
            "torch": lambda x=x, g=grad: functional.dropout(x, 0.3, True).backward(g),
        }
        shape = f"{' x '.join(map(str, x.shape))}, {str(dtype).removeprefix('torch.')}"
        yield row("dropout, forward and backward", shape, candidates, seconds, "ours")


def tree_shap(seconds, smoke):
    import shap
    from sklearn.ensemble import RandomForestClassifier

    n_trees, n_rows, n_columns = (2, 16, 20) if smoke else (20, 64, 600)
    generator = np.random.default_rng(0)
    x = generator.standard_normal((500, n_columns)).astype(np.float32)
    y = x[:, :20].sum(axis=1) + generator.standard_normal(500) > 0
    forest = RandomForestClassifier(n_trees, random_state=0).fit(x, y)
    trees = [prepare_tree(tree.tree_, 1, 1 / n_trees) for tree in forest.estimators_]
    explainer, asked = shap.TreeExplainer(forest), np.asfortranarray(x[:n_rows])

    def ours():
        found = np.zeros(asked.shape, order="F")
        for tree in trees:
            add_shap_values(asked, found, *tree.splits)

    candidates = {"ours": ours, "shap": lambda: explainer.shap_values(x[:n_rows], check_additivity=False)}
    yield row("TreeSHAP", f"{n_trees} trees, {n_rows} rows, {n_columns} columns", candidates, seconds, "ours")


def table(found):
    """The lines as a table in reStructuredText."""
    machine = found["machine"]
    versions = ", ".join(f"{name} {machine['versions'][name]}" for name in ("torch", "numba", "shap"))
    header = ["what", "shape", "threads", "milliseconds (median)", "best library / ours (middle half)"]
    rows = [
        [
            line["what"],
            line["shape"],
            str(line["threads"]),
            "; ".join(f"{name} {value:.3g}" for name, value in line["milliseconds"].items()),
            "{} ({}–{})".format(*line["ratio"]) if "ratio" in line else "–",
        ]
        for line in found["rows"]
    ]
    return f"Measured on: {machine['cpu']}, {machine['cores']} cores; {versions}; {found['date']}.\n\n" + (
        list_table(header, rows)
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=0.5, help="for each shape")
    parser.add_argument(
        "--smoke", action="store_true", help="one small shape of each kind; nothing is written"
    )
    arguments = parser.parse_args(arguments)
    rows, before = [], torch.get_num_threads()
    for n_threads in arguments.threads:
        torch.set_num_threads(n_threads)
        for measure in (attention, dropout_masks, tree_shap, linear_layers):
            if measure is tree_shap and n_threads > 1:
                continue  # both run on one core
            rows += measure(arguments.seconds, arguments.smoke)
    torch.set_num_threads(before)
    found = {"machine": describe(), "date": datetime.now(UTC).date().isoformat(), "rows": rows}
    if not arguments.smoke:
        path = RESULTS / f"{file_name(found['machine']['cpu'])}.json"
        path.parent.mkdir(exist_ok=True)
        lines = ",\n  ".join(map(json.dumps, rows))  # one line for each shape
        machine = json.dumps({"machine": found["machine"], "date": found["date"]})
        path.write_text(f'{machine[:-1]},\n "rows": [\n  {lines}\n ]}}\n', encoding="utf-8")
        TABLE.write_text(table(found), encoding="utf-8")
    return found


if __name__ == "__main__":
    main()
