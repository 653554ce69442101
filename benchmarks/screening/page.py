"""The table of the page on screens, from what was measured."""

from pathlib import Path

from ..evaluation.tables import list_table

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "screening_results.inc"
COLUMNS = [
    "Screen",
    "Pairs",
    "Scored",
    "Time (s)",
    "Processor time (s)",
    "Pairs/s of blocks",
    "the same, of processor time",
]
COLUMNS += ["Peak memory (GiB)", "Files (MiB)"]
TITLES = {
    "late-interaction": "late interaction, exact",
    "ESM2_DPM": "DPM, exact",
    "two-stage": "small Transformer, two stages, 20 % kept",
    "large": "late interaction, 100 best partners",
}


def write_page(table):
    """Write ``docs/screening_results.inc``.

    Parameters
    ----------
    table : dict
        Content of ``benchmarks/results/screening_proteome.json``.
    """
    rows, lines = [], []
    for n, found in sorted(table.items(), key=lambda item: int(item[0])):
        screens = {**found.get("exact", {}), **{k: found[k] for k in ("two-stage", "large") if k in found}}
        for name, run in screens.items():
            rows.append(
                [
                    f"{int(n):,} proteins, {TITLES[name]}",
                    f"{run['n_pairs']:,}",
                    f"{run['scored']:,}",
                    f"{run['seconds']:.0f}",
                    f"{run['processor_seconds']:.1f}",
                    f"{run['pairs_per_second_of_blocks']:,.0f}",
                    f"{run['pairs_per_processor_second_of_blocks']:,.0f}",
                    f"{run['peak_memory_gib']:.2f}",
                    f"{run['file_mib']:.1f}",
                ]
            )
        lines += sentences(int(n), found)
    PAGE.write_text(list_table(COLUMNS, rows) + "\n" + "".join(f"- {line}\n" for line in lines))


def sentences(n, found):
    """What else was measured with so many proteins."""
    if "block" in found:
        rate = found["block"]["pairs_per_processor_second"]
        yield (
            f"One block of late interaction, {found['block']['n_pairs']:,} pairs from ready features: {rate['own']:,.0f} pairs in a "
            f"second of one core by the compiled loop, {rate['torch']:,.0f} by torch's functions."
        )
    if "embedding" in found:
        run = found["embedding"]
        yield (
            f"{n:,} proteins: embedding {run['residues']:,} residues with esm2-mini took {run['seconds']:.0f} s "
            f"({run['residues'] / run['seconds']:,.0f} residues/s); the screens above read them from the store."
        )
    if "two-stage" in found:
        stage = found["two-stage"]["prefilter"]
        low, high = stage["interval_95"]
        yield (
            f"{n:,} proteins: the first stage, which kept {stage['kept_of_sample']:.1%} of pairs, kept "
            f"{stage['recall_of_best']:.1%} of the full model's best 1 % (95 % interval {low:.1%} to {high:.1%}; "
            f"{stage['n_best']:,} of {stage['n_sampled']:,} sampled pairs)."
        )
    if "kills" in found:
        run = found["kills"]
        yield (
            f"{n:,} proteins: killed {run['kills']} times at random moments (after "
            f"{', '.join(map(str, run['blocks_after_each_kill']))} of {run['blocks']} blocks) and resumed, the files of "
            f"{run['n_pairs']:,} pairs are {'' if run['byte_equal'] else 'NOT '}byte for byte those of an undisturbed screen."
        )
    if "growth" in found:
        said = ", ".join(f"{name} {value:.2f}" for name, value in found["growth"]["exponents"].items())
        yield f"{n:,} proteins: growth exponents: {said}."
