"""What a mutation would do to a prediction: every variant of a protein, embedded anew and predicted with its partner."""

import copy
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from ..data.pair_matrix import PairMatrix, as_configured_output
from ..data.sequence_pairs import pair_ids
from ..data.sequences import STANDARD_RESIDUES, check_sequences
from ..embedding.esm2_embedder import ESM2Embedder
from ..screening.screened_model import ScreenedModel, pair_table
from .base import RefusedExplanation
from .differentiable_pipeline import DifferentiablePipeline, reason_against
from .gradients import NO_NETWORK, differentiating
from .model import read_model
from .mutations import DELETION, MutationScan

METHODS, PROTEINS = ("exact", "gradient"), ("A", "B", "both")
_SUBSTITUTIONS = {"all": STANDARD_RESIDUES, "alanine": "A"}
_RESIDUES_AT_ONCE = 2**15  # some batches of the embedder, so that all processors have work
_SECONDS_BETWEEN_FILES = 5.0


def mutation_scan(
    model,
    pair,
    positions=None,
    *,
    protein="A",
    substitutions="all",
    deletions=False,
    method="exact",
    target=None,
    path=None,
    verbose=1,
):
    """Change of a pair's logit for every substitution of a residue, and for deletions.

    Each variant is embedded anew, whole, and predicted with the partner as it is: what comes out is what the model says
    when it is given the mutated sequence, to the last bit. Partner and protein without mutation are embedded once.

    **What it is not.** The model learned to tell pairs of natural proteins apart, not what a mutation does to binding: no
    training pair differs from another by one residue. A change of the logit says what the *model* reacts to. It is no
    binding energy (ΔΔG), and its sign and size are no evidence that a mutation breaks or makes an interaction. Segment
    means dilute one residue in a tenth of the protein, so that changes are small for long proteins, and language models
    react most where a residue is conserved, whatever it is conserved for.

    Parameters
    ----------
    model : fitted classifier or Pipeline
        A pipeline that begins with an ``ESM2Embedder``; it may stand inside a search, a ``CalibratedPairClassifier`` or a
        ``SelectiveClassifier``, and end in any classifier, such as a ``PairEnsembleClassifier``. The logit is that of the last
        step, before calibration; ``probability`` in the table is calibrated where the model is.
    pair : DataFrame with one row, or (str, str)
        Sequences of protein A and protein B.
    positions : sequence of int or mapping of str to sequence of int, default=None
        Positions to mutate, counted from 1; for both proteins by protein, ``{"A": [4, 5], "B": [17]}``. None is all
        that the model reads.
    protein : {"A", "B", "both"}, default="A"
        Which protein to mutate. Both are mutated one after the other, never together.
    substitutions : str or None, default="all"
        ``"all"`` (the other standard residues, nineteen at most positions), ``"alanine"``, one-letter codes such as ``"AG"``,
        or None for none.
    deletions : bool, default=False
        Also leave out each residue.
    method : {"exact", "gradient"}, default="exact"
        ``"gradient"`` is a first look that costs one pass of the pair forward and backward, whatever the number of variants: the
        derivative of the logit by the residue's input embedding in ESM-2, times the way from the residue to the other one.
        It is a straight line laid on a function that is none; ``MutationScan.agreement`` tells how far it agrees with the exact scan.
    target : class label, default=None
        Class whose logit it is; by default the second of two.
    path : str or path-like, default=None
        File in which the exact scan is kept while it runs (``MutationScan.save``). Where it holds a part of the same scan,
        the work goes on with the variants that are missing. None keeps nothing.
    verbose : int, default=1
        Show progress with the time left when positive.

    Returns
    -------
    MutationScan

    Raises
    ------
    RefusedExplanation
        If the model does not begin with an ``ESM2Embedder``, or ``method="gradient"`` does not know the derivative.
    ValueError
        If an argument cannot be used, or the file at ``path`` holds something else.
    SequenceError
        If a sequence cannot be embedded.

    Notes
    -----
    Time is that of embedding ``19 L`` proteins of length ``L``: about ``L`` squared, and more where attention dominates. For long
    proteins look first with ``method="gradient"`` or ``substitutions="alanine"``, then scan the positions that matter
    (``MutationScan.by_position``). Embeddings of variants are not kept in the embedding store.

    A classifier without a ``decision_function``, such as a forest, has no logit: changes are those of its probability.

    References
    ----------
    Brandes et al., Nature Genetics 2023, :doi:`10.1038/s41588-023-01465-0` (all single variants by a protein language model).
    Cunningham and Wells, Science 1989, :doi:`10.1126/science.2471267` (alanine scan, in the laboratory).

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.pipeline import make_pipeline
    >>> from amp_sklearn import ESM2Embedder, PairConcatenator, TokenMeanClassifier
    >>> from amp_sklearn.explanation import mutation_scan
    >>> X = pd.DataFrame({"sequence_a": ["MKTAYIAKQR", "MVLSPADKTN"], "sequence_b": ["MVLSPADKTN", "MKTAYIAKQR"]})
    >>> classifier = TokenMeanClassifier(max_epochs=1, random_state=0)
    >>> model = make_pipeline(ESM2Embedder(store=None), PairConcatenator("segments"), classifier).fit(X, [0, 1])
    >>> scan = mutation_scan(model, X.iloc[[0]], positions=[2, 4], substitutions="alanine", deletions=True, verbose=0)
    >>> scan.table["mutation"].tolist()
    ['K2A', 'K2del', 'A4del']
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}, got {method!r}")
    fitted = _FittedPair(model, pair, target)
    variants = _variants(fitted, positions, protein, substitutions, deletions)
    empty = MutationScan(
        sequences=fitted.sequences,
        variants=variants,
        outputs=np.full(len(variants), np.nan),
        probabilities=np.full(len(variants), np.nan),
        wild_output=np.nan,
        wild_probability=np.nan,
        output_name=fitted.output_name,
        method=method,
        pair_id=fitted.ids,
        notes=fitted.notes,
        model=fitted.fingerprint,
        settings={"target": None if target is None else str(target)},
    )
    if method == "gradient":
        if path is not None:
            raise ValueError(
                "path keeps an exact scan while it runs; save a first look with MutationScan.save"
            )
        return _by_gradient(fitted, empty)
    scan = empty if path is None or not Path(path).exists() else _continued(empty, path)
    return _exact(fitted, scan, path, verbose)


class _FittedPair:
    """One pair, and a fitted model as a scan asks it: proteins embedded one by one, pairs predicted one by one."""

    def __init__(self, model, pair, target):
        parts = ScreenedModel(getattr(model, "best_estimator_", model), target)
        self.pipeline, self.parts, self.target = parts.pipeline, parts, target
        steps = getattr(parts.pipeline, "steps", [(None, None)])
        if not isinstance(steps[0][1], ESM2Embedder) or len(steps) < 2:
            raise RefusedExplanation(
                "a mutation scan embeds mutated sequences: it needs a pipeline that begins with an ESM2Embedder, got "
                f"{type(steps[0][1] or parts.pipeline).__name__} first"
            )
        self.embedder = steps[0][1]
        self.without_store = copy.copy(self.embedder).set_params(store=None, verbose=0)
        given, self.ids = _one_pair(pair)
        given = tuple(check_sequences(list(given), list(self.ids), uppercase=self.embedder.uppercase))
        self.sequences = given
        self.n_read = tuple(map(len, self.embedder.residues_embedded(given)))
        self.notes: tuple[str, ...] = ()
        if self.n_read != tuple(map(len, given)):
            n = self.embedder.max_length
            self.notes += (f"Only the first {n} residues of longer proteins are embedded.",)
        if parts.calibrators:
            self.notes += ("Changes are of the logit before calibration; probabilities are calibrated.",)
        classifier = parts.classifier
        self.output_name = "logit" if hasattr(classifier, "decision_function") else "probability"
        self.fingerprint = parts.fingerprint
        self.wild = self.embedder.embed(list(given)).reshape(2, -1)

    def predict(self, features):
        """Output and reported probability of one pair of proteins' tokens."""
        # as the embedder gives a single pair: the proteins in order, one that is both sides once
        same = np.array_equal(*features)
        X = PairMatrix(features[:1] if same else features, [[0, 0 if same else 1]], self.embedder.layout_)
        X = as_configured_output(self.embedder, X)
        for _, step in self.pipeline.steps[1:-1]:
            if step is not None and step != "passthrough":
                X = step.transform(X)
        column, classifier = self.parts.column, self.parts.classifier
        probability = np.asarray(classifier.predict_proba(X))[:, column]
        reported = self.parts.columns_of(probability)
        reported = float(reported.get("calibrated", probability)[0])
        if self.output_name == "probability":
            return float(probability[0]), reported
        decision = np.asarray(classifier.decision_function(X))
        if decision.ndim == 2:
            return float(decision[0, column]), reported
        return float(decision[0] if column == 1 else -decision[0]), reported

    def variant(self, side, position, letter):
        """Sequence of a variant."""
        sequence = self.sequences[side]
        return sequence[: position - 1] + letter.replace(DELETION, "") + sequence[position:]


def _one_pair(pair):
    """Two sequences and two ids."""
    if isinstance(pair, pd.DataFrame):
        if pair.shape != (1, 2):
            raise ValueError(
                f"pair must be one row of two sequences, got a table of shape {pair.shape}; choose one with X.iloc[[row]]"
            )
        ids = pair_ids(pair)
        names = ("A", "B") if ids is None else tuple(map(str, ids[0]))
        return tuple(pair.to_numpy(dtype=object)[0]), names
    cells = np.asarray(pair, dtype=object).ravel()
    if len(cells) != 2 or isinstance(pair, str):
        raise ValueError(f"pair must be two sequences, got {len(cells)}")
    return tuple(cells), ("A", "B")


def _variants(fitted, positions, protein, substitutions, deletions):
    """Table of the variants to look at."""
    if protein not in PROTEINS:
        raise ValueError(f"protein must be one of {PROTEINS}, got {protein!r}")
    letters = _SUBSTITUTIONS.get(substitutions, substitutions or "")
    unknown = sorted(set(letters) - set(STANDARD_RESIDUES))
    if unknown or (not letters and not deletions):
        raise ValueError(
            f"substitutions must be 'all', 'alanine' or one-letter codes of standard residues, got {substitutions!r}"
            + ("" if unknown else "; None goes with deletions=True")
        )
    sides = "AB" if protein == "both" else protein
    if isinstance(positions, Mapping):
        foreign = sorted(set(positions) - set(sides))
        if foreign:
            raise ValueError(f"positions name {foreign}, but protein={protein!r} mutates {list(sides)}")
    elif positions is not None and protein == "both":
        raise ValueError("for both proteins give positions by protein, {'A': [...], 'B': [...]}")
    rows = []
    for side in sides:
        sequence, n_read = fitted.sequences["AB".index(side)], fitted.n_read["AB".index(side)]
        chosen = positions.get(side, ()) if isinstance(positions, Mapping) else positions
        for position in range(1, n_read + 1) if chosen is None else _checked(chosen, n_read, side):
            residue = sequence[position - 1]
            rows += [(side, position, letter) for letter in letters if letter != residue]
            if deletions:
                if len(sequence) == 1:
                    raise ValueError(f"protein {side} has one residue; without it nothing is left to embed")
                rows.append((side, position, DELETION))
    if not rows:
        raise ValueError(
            "there is no variant to look at: every chosen residue is already what it would be turned into"
        )
    return pd.DataFrame(rows, columns=["protein", "position", "variant"])


def _checked(positions, n_read, side):
    found = sorted(set(positions))
    wrong = [
        p for p in found if isinstance(p, bool) or not isinstance(p, int | np.integer) or not 1 <= p <= n_read
    ]
    if wrong:
        raise ValueError(
            f"positions of protein {side} must be whole numbers from 1 to {n_read}, its residues that the model reads; "
            f"got {', '.join(map(str, wrong[:5]))}"
        )
    return [int(position) for position in found]


def _continued(empty, path):
    """The scan in a file, if it is a part of the one that is asked for."""
    kept = MutationScan.load(path)
    for what in ("model", "sequences", "method", "output_name", "settings"):
        if getattr(kept, what) != getattr(empty, what):
            raise ValueError(
                f"{path} holds a scan of something else: {what} differs. Give another path, or remove the file"
            )
    if not kept.variants.equals(empty.variants):
        raise ValueError(
            f"{path} holds a scan of other variants ({len(kept):,}, asked for are {len(empty):,}). Give another path, or "
            "remove the file"
        )
    return kept


def _exact(fitted, scan, path, verbose):
    """The scan with all variants computed; what is computed is kept in the file every few seconds, and at the end."""
    wild, reported = fitted.predict(fitted.wild)
    scan = replace(
        scan,
        wild_output=wild,
        wild_probability=reported,
        outputs=np.array(scan.outputs),
        probabilities=np.array(scan.probabilities),
    )
    missing = np.flatnonzero(np.isnan(scan.outputs))
    sides = scan.variants["protein"].map({"A": 0, "B": 1}).to_numpy(dtype=int)
    positions, letters = scan.variants["position"].to_numpy(), scan.variants["variant"].to_numpy()
    done = len(scan) - len(missing)
    kept_at = time.monotonic()
    try:
        with tqdm(
            total=len(scan), initial=done, desc="mutation scan", unit="variant", disable=verbose < 1
        ) as progress:
            for rows in _parts(missing, np.array(fitted.n_read)[sides[missing]]):
                sequences = [fitted.variant(sides[row], positions[row], letters[row]) for row in rows]
                embedded = fitted.without_store.embed(sequences).reshape(len(rows), -1)
                for row, features in zip(rows, embedded, strict=True):
                    both = fitted.wild.copy()
                    both[sides[row]] = features
                    scan.outputs[row], scan.probabilities[row] = fitted.predict(both)
                progress.update(len(rows))
                if path is not None and time.monotonic() - kept_at > _SECONDS_BETWEEN_FILES:
                    scan.save(path)
                    kept_at = time.monotonic()
    finally:
        if path is not None:
            scan.save(path)
    return scan


def _parts(rows, lengths):
    """Consecutive rows with a limited number of residues, at least one row each."""
    at_once = np.maximum(_RESIDUES_AT_ONCE // np.maximum(lengths, 1), 1)
    start = 0
    while start < len(rows):
        stop = start + int(at_once[start])
        yield rows[start:stop]
        start = stop


def _by_gradient(fitted, scan):
    """First-order estimate of every substitution."""
    if (scan.variants["variant"] == DELETION).any():
        raise ValueError(
            "method='gradient' estimates substitutions; a deletion moves all residues behind it. Use method='exact'"
        )
    X = pair_table(fitted.pipeline, list(fitted.sequences), list(fitted.ids), np.array([[0, 1]]))
    model = read_model(fitted.pipeline, X, target=fitted.target)
    reason = NO_NETWORK if model.module is None else reason_against(model)
    if reason is not None:
        raise RefusedExplanation(f"method='gradient' refuses this model: {reason}; use method='exact'")
    function = DifferentiablePipeline(model)
    sides = [
        function.embed(sequence)[None].requires_grad_()
        for sequence in model.embedder.residues_embedded(fitted.sequences)
    ]
    with differentiating(model.module):
        logit = function.logit(*sides)
        gradients = torch.autograd.grad(logit.sum(), sides)
    with torch.no_grad():
        letters = function.embed(STANDARD_RESIDUES)
        gained = [
            (gradient[0] @ letters.T - (gradient[0] * side[0]).sum(dim=1, keepdim=True)).cpu().numpy()
            for gradient, side in zip(gradients, sides, strict=True)
        ]
    which = scan.variants["protein"].map({"A": 0, "B": 1})
    changes = [
        gained[side][position - 1, STANDARD_RESIDUES.index(letter)]
        for side, position, letter in zip(
            which, scan.variants["position"], scan.variants["variant"], strict=True
        )
    ]
    wild, reported = fitted.predict(fitted.wild)
    note = "Changes are estimated from gradients at the pair; no variant was embedded."
    return replace(
        scan,
        wild_output=wild,
        wild_probability=reported,
        outputs=wild + np.array(changes, dtype=float),
        notes=(*scan.notes, note),
    )
