"""The results files, one per processor, and the tables made from them."""

import json
import re
from pathlib import Path

from evaluation.tables import list_table

SHOWN = ("full", "small")  # sizes worth a table, largest first


def file_name(cpu):
    """Name of a processor's results file, without ending."""
    return re.sub(r"[^a-z0-9]+", "_", cpu.lower()).strip("_")


def read_all(folder):
    """Content of all results files, the one measured last first."""

    def last(results):
        return max(result.get("date", "") for sizes in results.values() for result in sizes.values())

    return sorted((json.loads(path.read_text()) for path in folder.glob("*.json")), key=last, reverse=True)


def merge(path, name, size, result):
    """Put one result into the results file; other entries and other sizes stay."""
    path = Path(path)
    found = json.loads(path.read_text()) if path.exists() else {}
    found.setdefault(name, {})[size] = result
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1) + "\n")


def summary(name, result):
    """One line for the terminal."""
    if "obstacle" in result or "error" in result:
        return f"{name}: {result.get('obstacle') or 'FAILED, ' + result['error']}"
    parts = []
    if "memory" in result:
        parts.append(
            f"peak {result['memory']['ours_peak_gib']:.2f} GiB, published {_published_memory(result)}"
        )
    for variant, ours in result.get("ours", {}).items():
        parts.append(
            f"{variant} {_seconds(ours)} s, {_ratio(ours)}, peak share {_share(ours)}, "
            f"difference {_difference(ours)}"
        )
    if result.get("published"):
        parts.insert(0, f"published {_seconds(result['published'])} s")
    parts += [f"{g['side']} by {g['axis']}: exponent {g['exponent']:.2f}" for g in result.get("growth", [])]
    return f"{name} [{result['suite_seconds']} s]: " + " | ".join(parts)


def write_tables(results, path):
    """Write tables in reStructuredText.

    Parameters
    ----------
    results : list of dict
        Content of the results file of each processor; see `read_all`.
    path : path-like
    """
    found = [part for one in results if (part := _processor(one))]
    Path(path).write_text("\n".join(found) or "Nothing has been measured yet.\n")


def _processor(results):
    """Tables of one processor, empty where nothing worth a table was measured."""
    chosen = {name: next((sizes[s] for s in SHOWN if s in sizes), None) for name, sizes in results.items()}
    chosen = {name: result for name, result in chosen.items() if result is not None and "error" not in result}
    measured = [result for result in chosen.values() if "obstacle" not in result]
    if not measured:
        return ""
    parts = [_machines(measured), _ratio_table(chosen), _memory_table(chosen), _growth_table(chosen)]
    parts += [_obstacles(chosen), _notes(chosen)]
    machine = measured[0]["machine"]
    return f".. rubric:: {machine['gpu'] or machine['cpu']}\n\n" + "\n".join(part for part in parts if part)


def _machines(results):
    """One sentence per machine and number of threads, and what state of the package was measured."""
    sentences = []
    for result in results:
        machine = result["machine"]
        gpu = f", {machine['gpu']}" if machine["gpu"] else ""
        versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items() if version)
        sentence = (
            f"{machine['cpu']} ({machine['cores']} cores, {', '.join(machine['extensions'])}; "
            f"{machine['memory_gib']} GiB{gpu}), threads: {result['threads']}; Python {machine['python']}, {versions}."
        )
        if sentence not in sentences:
            sentences.append(sentence)
    rates = [result["gemm_gflops"] for result in results if result.get("gemm_gflops")]
    for precision in ("float32", "bfloat16"):
        found = [rate[precision] for rate in rates if precision in rate]
        if found:
            sentences.append(
                f"Measured rate of {precision} matrix products: {min(found):,.0f} to {max(found):,.0f} GFLOP/s."
            )
    days = sorted({result["date"][:10] for result in results})
    commits = sorted({result["machine"]["commit"] or "unknown" for result in results})
    sentences.append(f"Day: {', '.join(days)}; commit: {', '.join(commits)} (+: with changes).")
    return "Measured on: " + "\n".join(sentences) + "\n"


def _ratio_table(results):
    header = ["path", "work", "variant", "published, s", "ours, s", "published / ours (range)", "goal"]
    header += [
        "share of GEMM rate (published, ours)",
        "largest difference",
        "extra memory, GiB (published, ours)",
    ]
    rows = []
    for result in results.values():
        published = result.get("published")
        for variant, ours in result.get("ours", {}).items():
            memory = [_number(side.get("extra_memory_gib")) for side in (published or {}, ours)]
            rows.append(
                [
                    result["title"],
                    ", ".join(
                        f"{k} {v if isinstance(v, str) else format(v, ',')}"
                        for k, v in result["work"].items()
                    ),
                    variant,
                    _seconds(published) if published else "–",
                    _seconds(ours),
                    _ratio(ours),
                    _goal(ours),
                    f"{_share(published or {})}, {_share(ours)}",
                    _difference(ours),
                    ", ".join(memory),
                ]
            )
    return list_table(header, rows) if rows else ""


def _memory_table(results):
    rows = []
    for result in results.values():
        found = result.get("memory")
        if found is None:
            continue
        goal = found["goal_gib"]
        for stage, peak in found["ours_gib"].items():
            rows.append([f"{result['work']['pairs']:,}", "ours", stage, f"{peak:.2f}"])
        for n_pairs, stages in found["published_gib"].items():
            rows += [
                [f"{int(n_pairs):,}", "published", stage, f"{peak:.2f}"] for stage, peak in stages.items()
            ]
        rows.append([f"{result['work']['pairs']:,}", "published", "extrapolated", _published_memory(result)])
        if goal is not None:
            reached = "met" if found["ours_peak_gib"] <= goal else "missed"
            rows.append([f"{result['work']['pairs']:,}", "ours", "goal", f"≤ {goal}: {reached}"])
    return list_table(["pairs", "side", "after", "resident peak, GiB"], rows) if rows else ""


def _growth_table(results):
    rows = [
        [
            result["title"],
            found["axis"],
            found["side"],
            f"{found['sizes'][0]:,} to {found['sizes'][-1]:,}",
            f"{found['seconds'][0]:.3g} to {found['seconds'][-1]:.3g}",
            f"{found['exponent']:.2f}",
        ]
        for result in results.values()
        for found in result.get("growth", [])
    ]
    header = ["path", "against", "side", "sizes", "seconds", "exponent"]
    if not rows:
        return ""
    return "Growth: the slope of log time against log size, 1 is linear.\n\n" + list_table(header, rows)


def _obstacles(results):
    lines = [
        f"* {result['title']}: {result['obstacle']}" for result in results.values() if "obstacle" in result
    ]
    return "\n".join(lines) + "\n" if lines else ""


def _notes(results):
    lines = [f"* {r['title']}: {note}" for r in results.values() for note in r.get("notes", [])]
    return "Notes:\n\n" + "\n".join(lines) + "\n" if lines else ""


def _seconds(side):
    return _figures(side["seconds"]["median"])


def _ratio(ours):
    ratio = ours.get("ratio")
    if not ratio:
        return "–"
    return f"{_figures(ratio['median'])} ({_figures(ratio['min'])}–{_figures(ratio['max'])})"


def _figures(value):
    """Three figures, never as a power of ten."""
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def _share(ours):
    share = ours.get("gemm_share")
    return "–" if share is None else f"{share:.0%}"


def _difference(ours):
    difference = ours.get("difference")
    if difference is None:
        return "–"
    return f"{difference:.1e}" + (
        "" if difference <= ours["tolerance"] else f", more than {ours['tolerance']:g}"
    )


def _number(value):
    return "–" if value is None else f"{value:.2f}"


def _published_memory(result):
    return f"{result['memory']['published_gib_at_our_pairs']:.1f}"


def _goal(ours):
    """Goals of a variant, and whether it reached them."""
    found = []
    if ours.get("goal") and ours.get("ratio"):
        reached = "met" if ours["ratio"]["median"] >= ours["goal"] else "missed"
        found.append(f"≥ {ours['goal']:,g}: {reached}")
    if ours.get("share_goal") and ours.get("gemm_share") is not None:
        reached = "met" if ours["gemm_share"] >= ours["share_goal"] else "missed"
        found.append(f"{ours['share_goal']:.0%} of GEMM rate: {reached}")
    if ours.get("goal_seconds"):
        reached = "met" if ours["seconds"]["median"] <= ours["goal_seconds"] else "missed"
        found.append(f"≤ {ours['goal_seconds']:,} s: {reached}")
    return "; ".join(found) or "–"
