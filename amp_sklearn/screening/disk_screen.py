"""A screen that is kept on disk: numbered blocks, resumable, of bounded memory, mergeable from several machines."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from .. import __version__
from .block_files import among_best, pair_columns, parquet_bytes
from .encoded_proteins import encoded
from .journal import ScreenJournal
from .plan import ScreeningPlan
from .prefilter import fit_prefilter
from .proteins import ProteinSet
from .score_meaning import ScoreHistogram
from .screen_result import PARTNERS, PROTEINS, SUMMARY, ScreenResult, merge_screen
from .screened_model import ScreenedModel
from .tile_scores import TileScorer, whole_block_scorer

WHOLE_BLOCK, PAIR_BY_PAIR = 2048, 256
"""Proteins on either side of a block: where a block is a matrix product, and where pairs are scored one by one."""


def screen(
    model,
    proteins,
    partners=None,
    out="screen",
    *,
    threshold=None,
    top_k=None,
    prefilter=None,
    include_self=False,
    label=None,
    block_size=None,
    part=None,
    random_state=0,
    verbose=0,
):
    """Score all pairs of a proteome, or of two sets of proteins, and keep them on disk.

    Each protein is embedded once. Pairs are scored in numbered blocks; every finished block is a file, so that a screen
    that was interrupted or killed goes on where it stopped when the same call is repeated, and ends with the same bytes.
    Memory holds one block, whatever the number of proteins.

    Parameters
    ----------
    model : fitted classifier or Pipeline
        From pairs of sequences to probabilities. Models whose token vectors meet in a matrix
        (`LateInteractionClassifier`) score a block by matrix products; other pipelines whose features are those of single
        proteins encode each protein once; any other model is asked about whole pairs. It may be inside a
        `CalibratedPairClassifier` or a `SelectiveClassifier`.
    proteins : path-like, dict or Series
        A FASTA file, or sequences by protein id.
    partners : path-like, dict or Series, default=None
        Proteins to pair them with; None pairs ``proteins`` among themselves, each pair once.
    out : path-like, default="screen"
        New or empty folder, or that of the same screen, which is then continued.
    threshold : float, default=None
        Lowest probability to keep (the calibrated one where there is one); None keeps all.
    top_k : int, default=None
        Keep a pair only if it is among the ``top_k`` best of one of its two proteins; None keeps all.
    prefilter : float, default=None
        Score only about this share of all pairs, the most promising ones of each protein, chosen by a fast model that is
        fitted to the full model's own scores of a sample of pairs of this screen; the summary says which share of the full
        model's best pairs was kept, with its interval. None scores all pairs.
    include_self : bool, default=False
        Among themselves: also pair each protein with itself.
    label : class label, default=None
        Class whose probability is the score; by default the second of two.
    block_size : int, default=None
        Proteins on either side of a block; None is 2,048 where a block is a matrix product, else 256.
    part : tuple of int, default=None
        ``(3, 16)``: compute the third of sixteen shares of the blocks, for job arrays on one shared folder. Call
        `merge_screen` when all are done.
    random_state : int, default=0
        Draws the sample of pairs for ``prefilter``.
    verbose : int, default=0
        1 shows progress, with pairs per second and the time left.

    Returns
    -------
    ScreenResult
        None with ``part``.

    Raises
    ------
    ScreenError
        If ``out`` holds another screen or other files, or a finished block's file is damaged.
    SequenceError
        If a protein is no protein sequence.
    ValueError
        If a parameter cannot be used.

    Notes
    -----
    A pair is scored with the protein of ``proteins`` as protein A; among themselves that is the earlier one. A model that tells
    protein A from protein B gives the other order another score, unless it was fitted with ``symmetric=True``.

    Examples
    --------
    >>> import tempfile
    >>> from amp_sklearn import load_bernett_mini, screen
    >>> from amp_sklearn.model_selection import make_baseline
    >>> X, y = load_bernett_mini("val")
    >>> model = make_baseline("composition_logistic").fit(X, y)
    >>> proteins = {f"P{number}": sequence for number, sequence in enumerate(X["sequence_a"].unique()[:5])}
    >>> found = screen(model, proteins, out=tempfile.mkdtemp())
    >>> found.n_pairs, found.pairs().columns.tolist()
    (10, ['protein_a', 'protein_b', 'probability'])
    """
    task = _Task.begin(
        model,
        proteins,
        partners,
        out,
        part,
        threshold=threshold,
        top_k=top_k,
        prefilter=prefilter,
        include_self=include_self,
        label=label,
        block_size=block_size,
        random_state=random_state,
    )
    if not task.is_finished:
        task.compute(part, verbose)
        if part is None:
            merge_screen(out)
    return None if part is not None else ScreenResult(Path(out))


def encode_screen(model, proteins, partners=None, out="screen", verbose=0, **options):
    """Begin a screen and write the features of its proteins, for processes that compute parts of it afterwards.

    Parameters
    ----------
    model, proteins, partners, out, verbose
        As of `screen`.
    **options
        Its other options, but for ``part``.
    """
    task = _Task.begin(model, proteins, partners, out, None, **options)
    if not task.is_finished:
        task.encode("", verbose)


@dataclass
class _Task:
    """A screen that has begun: what is scored, and the folder for it."""

    journal: ScreenJournal
    plan: ScreeningPlan
    screened: ScreenedModel
    queries: ProteinSet
    targets: ProteinSet

    @classmethod
    def begin(
        cls,
        model,
        proteins,
        partners,
        out,
        part,
        *,
        threshold=None,
        top_k=None,
        prefilter=None,
        include_self=False,
        label=None,
        block_size=None,
        random_state=0,
    ):
        """Check all that is asked for, and begin the screen or go on with it."""
        _check_options(threshold, top_k, prefilter, part)
        screened = ScreenedModel(model, label)
        queries = ProteinSet.of(proteins, "proteins")
        targets = queries if partners is None else ProteinSet.of(partners, "partners")
        whole_block = whole_block_scorer(screened) is not None
        size = block_size or (WHOLE_BLOCK if whole_block and prefilter is None else PAIR_BY_PAIR)
        plan = ScreeningPlan(len(queries), None if partners is None else len(targets), size, include_self)
        if not plan.n_pairs:
            raise ValueError(
                "there is no pair to score: proteins holds one protein, and partners is not given"
            )
        journal = ScreenJournal(out, part)
        journal.begin(
            {
                "amp_sklearn": __version__,
                "model": screened.fingerprint,
                "proteins": queries.digest,
                "partners": None if partners is None else targets.digest,
                "n_proteins": len(queries),
                "n_partners": None if partners is None else len(targets),
                "n_pairs": plan.n_pairs,
                "n_blocks": plan.n_blocks,
                "block_size": size,
                "include_self": include_self,
                "label": None if label is None else str(label),
                "threshold": threshold,
                "top_k": top_k,
                "prefilter": prefilter,
                "random_state": random_state,
            }
        )
        return cls(journal, plan, screened, queries, targets)

    @property
    def is_finished(self):
        return (self.journal.folder / SUMMARY).exists()

    def encode(self, suffix, verbose):
        """Features of both sides, and the layout of a pair; see `encoded`."""
        features, layout = encoded(self.journal, self.screened, self.queries, "features", suffix, verbose)
        if self.targets is self.queries:
            return features, features, layout
        others, _ = encoded(self.journal, self.screened, self.targets, "partner_features", suffix, verbose)
        return features, others, layout

    def compute(self, part, verbose):
        """Compute the blocks of a part, or of the whole, that are not there yet."""
        journal, plan, screened, queries, targets = (
            self.journal, self.plan, self.screened, self.queries, self.targets,
        )  # fmt: skip
        manifest, done = journal.manifest(), journal.finished()
        share = range(plan.n_blocks) if part is None else range(part[0] - 1, plan.n_blocks, part[1])
        journal.verified({number: done[number] for number in share if number in done})
        left = [number for number in share if number not in done]
        if not left:
            return
        suffix = "" if part is None else f"-{part[0]}"
        scorer = TileScorer(screened, queries, targets, *self.encode(suffix, verbose))
        chosen_by = None
        if manifest["prefilter"] is not None:
            report = journal.folder / f"prefilter{suffix}.json"
            chosen_by = fit_prefilter(scorer, plan, manifest["prefilter"], manifest["random_state"], report)
        inside = [screened.inside(proteins.sequences, proteins.ids) for proteins in (queries, targets)]
        queries.write_table(journal.folder / PROTEINS)
        if targets is not queries:
            targets.write_table(journal.folder / PARTNERS)
        sizes = {number: _pairs_in(plan, number) for number in left}
        progress = tqdm(
            total=sum(sizes.values()), unit="pair", unit_scale=True, disable=not verbose, desc="screening"
        )
        with progress:
            for number in left:
                content, counts = _block(plan, number, scorer, chosen_by, inside, manifest)
                journal.record(number, content, **counts)
                progress.update(sizes[number])
        for name in ("features", "partner_features"):
            (journal.folder / f"{name}{suffix}.npy").unlink(missing_ok=True)


def _check_options(threshold, top_k, prefilter, part):
    if threshold is not None and not 0 <= threshold <= 1:
        raise ValueError(f"threshold is a probability, from 0 to 1, got {threshold!r}")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k must be at least 1, got {top_k!r}")
    if prefilter is not None and not 0 < prefilter < 1:
        raise ValueError(f"prefilter is the share of pairs to keep, between 0 and 1, got {prefilter!r}")
    if part is not None and not (len(part) == 2 and 1 <= part[0] <= part[1]):
        raise ValueError(
            f"part must be (number, total) with 1 <= number <= total, such as (3, 16), got {part!r}"
        )


def _pairs_in(plan, number):
    queries, targets = plan.tile(number)
    if plan.n_targets is not None or queries != targets:
        return len(queries) * len(targets)
    return len(queries) * (len(queries) + (1 if plan.include_self else -1)) // 2


def _block(plan, number, scorer, chosen_by, inside, manifest):
    """The file of a block, and its counts."""
    queries, targets = plan.tile(number)
    chosen = plan.belongs(queries, targets)
    if chosen_by is not None:
        best = chosen_by.keeps(queries, targets)
        chosen = best if chosen is None else chosen & best
    rows, columns = scorer.score(queries, targets, chosen)
    score = columns.get("calibrated", columns["probability"])
    histogram = ScoreHistogram.of(score)
    keep = np.ones(len(rows), dtype=bool)
    if manifest["threshold"] is not None:
        keep &= score >= manifest["threshold"]
    if manifest["top_k"] is not None:
        keep &= among_best(rows, columns["probability"], manifest["top_k"], plan.n_targets is None)
    if any(side is not None for side in inside):
        columns["outside_domain"] = ~(inside[0][rows[:, 0]] & inside[1][rows[:, 1]])
    table = pair_columns(rows[keep], {name: values[keep] for name, values in columns.items()}, scorer)
    counts = {"scored": len(rows), "kept": int(keep.sum()), "histogram": histogram.to_dict()}
    return parquet_bytes(table), counts
