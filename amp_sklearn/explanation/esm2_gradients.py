"""Gradients carried through the language model to its input, residue by residue."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from tqdm.auto import tqdm

from ..data.segments import SEGMENT_TOKENS, token_bounds
from .base import Attribution, Explainer
from .differentiable_pipeline import BASELINES, DifferentiablePipeline, reason_against
from .gradients import NO_NETWORK, differentiating
from .registry import register_explainer

RULES = ("integrated_gradients", "gradient_x_input")
_INSTEAD = (
    "use 'occlusion' or 'permutation' (any classifier), whose segments Explanation.residues carries back"
)


@register_explainer("esm2_gradients")
@dataclass
class ESM2Gradients(Explainer):
    """Integrated gradients from a pair's logit through classifier, pooling and ESM-2 to each residue's embedding.

    Both proteins start as proteins of the same length without particular residues (``baseline``), between true
    ``<cls>`` and ``<eos>``, and turn into themselves along a straight path in ESM-2's input embedding. A
    residue's value is what the logit gains through *its own* letter, wherever in the protein that letter makes
    itself felt; this is what ``residue_gradients``, which stops at ESM-2's last hidden state, cannot say.
    The residues of both proteins add up to the difference between the pair's logit and the baseline's;
    ``error`` holds what is missing.

    Works for a whole pipeline: an ``ESM2Embedder``, then any ``AutoencoderReducer`` and ``PairConcatenator``, then a
    network. Proteins are cut or windowed as the embedder does it. One pair is computed at a time.

    Parameters
    ----------
    rule : {"integrated_gradients", "gradient_x_input"}, default="integrated_gradients"
        The gradient averaged along the path, or the gradient at the pair itself (one pass, but then the
        residues do not add up; ``error`` tells by how much), times the difference from the baseline.
    baseline : {"mean", "mask", "zero"}, default="mean"
        Embedding of "no particular residue": the mean of the twenty standard residues; what ESM-2 reads at
        ``<mask>``; or zero. ESM-2 models with ``token_dropout`` (all published ones) read zero at ``<mask>``. The
        scale that these models give to sequences without ``<mask>`` is kept along the path.
    n_steps : int, default=16
        Points of the path (Gauss-Legendre), and of each part that it is divided into.
    tolerance : float, default=0.05
        In logits: the part of the path with the largest error is halved until the errors of all parts sum to
        no more than this. ``numpy.inf`` leaves the path whole.
    max_steps : int, default=512
        Points after which no part is halved any more.
    batch_tokens : int, default=4096
        Residues computed together at most, over points and both proteins; at least one point. Lower it when
        memory is short.
    verbose : int, default=1
        Show progress over residues with the time left when positive, where there are several pairs.

    Notes
    -----
    The logit changes abruptly where attention turns from one residue to another, so equally spread points need
    many. But the rise of the logit over any part of the path is known from its two ends, and with it the error
    of that part: points go where the error is.

    From zero the path is worse than abrupt: layer norms make ESM-2 almost blind to the scale of its input, so
    that nearly the whole rise happens on the first thousandth of the way (with ``esm2-mini``), where residues
    are mere directions. For the same reason gradient times input tends to zero there. Hence the default
    ``baseline="mean"``.

    ``values`` of tokens are sums over residues: of each segment where the model reads all ten, else of the whole
    protein at its first token. Combinations of both proteins (``|A-B|`` ...) hold the sum over both.

    A point costs a forward and a backward pass of ESM-2 over both proteins, so ``evaluate_explanations``
    includes this method only when it is named.

    References
    ----------
    Sundararajan et al., Axiomatic attribution for deep networks, ICML 2017, arXiv:1703.01365.
    Lin et al., Science 2023, :doi:`10.1126/science.ade2574` (ESM-2).

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.pipeline import make_pipeline
    >>> from amp_sklearn import AEDNNClassifier, ESM2Embedder, PairConcatenator
    >>> from amp_sklearn.explanation import ESM2Gradients
    >>> X = pd.DataFrame({"sequence_a": ["MKTAYIAKQR", "MVLSPADKTN"], "sequence_b": ["MVLSPADKTN", "MKTAYIAKQR"]})
    >>> classifier = AEDNNClassifier(hidden1=4, hidden2=2, max_epochs=1, random_state=0)
    >>> model = make_pipeline(ESM2Embedder(store=None), PairConcatenator("segments"), classifier).fit(X, [0, 1])
    >>> explanation = ESM2Gradients(tolerance=0.5).explain(model, X)
    >>> a, b = explanation.residues(0)
    >>> len(a), len(b), bool(abs(a.sum() + b.sum() - explanation.values[0].sum()) < 1e-6)
    (10, 10, True)
    """

    expensive: ClassVar[bool] = True
    baselines: ClassVar[tuple[str, ...]] = BASELINES

    rule: str = "integrated_gradients"
    baseline: str = "mean"
    n_steps: int = 16
    tolerance: float = 0.05
    max_steps: int = 512
    batch_tokens: int = 4096
    verbose: int = 1

    def reason_unsuitable(self, model):
        if model.module is None:
            return NO_NETWORK
        reason = reason_against(model)
        return None if reason is None else f"{reason}; {_INSTEAD}"

    def attribute(self, model):
        if self.rule not in RULES:
            raise ValueError(f"rule must be one of {RULES}, got {self.rule!r}")
        if self.baseline not in BASELINES:
            raise ValueError(f"baseline must be one of {BASELINES}, got {self.baseline!r}")
        for name in ("n_steps", "max_steps", "batch_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        function = DifferentiablePipeline(model)
        absent = function.absent(self.baseline)
        values, residues, base, error = [], [], [], []
        pairs = [model.embedder.residues_embedded(sequences) for sequences in model.sequences]
        for residues_read in self._with_progress(pairs):
            path = _Path(function, residues_read, absent, self.batch_tokens)
            with differentiating(model.module):
                if self.rule == "gradient_x_input":
                    pair, rise = path.at_the_end(), path.rise(0.0, 1.0)
                else:
                    pair, rise = path.integral(self.n_steps, self.tolerance, self.max_steps)
                base.append(path.logit(0.0))
            residues.append(pair)
            values.append(_by_token(pair, model.layout))
            error.append(sum(side.sum() for side in pair) - rise)
        return Attribution(
            values=np.array(values),
            residue_values=tuple(residues),
            base_values=np.array(base),
            error=np.array(error),
            notes=self._shortfall(error),
        )

    def _with_progress(self, pairs):
        """The pairs one after the other; a bar counts residues, as a pair takes time by its length."""
        total = sum(len(sequence) for pair in pairs for sequence in pair)
        hidden = self.verbose < 1 or len(pairs) < 2
        with tqdm(total=total, desc=self.name, unit="residue", unit_scale=True, disable=hidden) as progress:
            for pair in pairs:
                yield pair
                progress.update(sum(map(len, pair)))

    def _shortfall(self, error):
        missed = int((np.abs(error) > self.tolerance).sum())
        if self.rule != "integrated_gradients" or not missed:
            return ()
        return (
            f"{missed} of {len(error)} pairs miss the tolerance of {self.tolerance:g} after {self.max_steps} points; "
            "see error.",
        )


class _Path:
    """The straight path of one pair from proteins without particular residues to itself."""

    def __init__(self, function, sequences, absent, batch_tokens):
        self.function = function
        self.ends = [function.embed(sequence) for sequence in sequences]
        self.starts = [absent.expand_as(end) for end in self.ends]
        self.at_once = max(1, batch_tokens // sum(len(end) + 2 for end in self.ends))
        self.known = {}

    def points(self, at):
        """Both proteins at some places of the path, ``n x L x d`` each."""
        at = torch.as_tensor(at).to(self.ends[0])[:, None, None]
        return [start + at * (end - start) for start, end in zip(self.starts, self.ends, strict=True)]

    def logit(self, at):
        """Logit at one place of the path."""
        if at not in self.known:
            with torch.no_grad():
                self.known[at] = self.function.logit(*self.points([at])).item()
        return self.known[at]

    def rise(self, low, high):
        return self.logit(high) - self.logit(low)

    def gained(self, at, weights):
        """Weighted sum over some places of each residue's gradient times its whole way."""
        found = [np.zeros(len(end)) for end in self.ends]
        for first in range(0, len(at), self.at_once):
            some = slice(first, first + self.at_once)
            points = [point.requires_grad_() for point in self.points(at[some])]
            gradients = torch.autograd.grad(self.function.logit(*points).sum(), points)
            for side, gradient in enumerate(gradients):
                way = self.ends[side] - self.starts[side]
                found[side] += weights[some] @ (gradient * way).sum(dim=2).cpu().numpy().astype(float)
        return found

    def at_the_end(self):
        """Gradient at the pair itself, times the way."""
        return tuple(self.gained(np.array([1.0]), np.array([1.0])))

    def integral(self, n_steps, tolerance, max_steps):
        """Integrated gradients of the residues of both proteins, and the rise of the logit."""
        nodes, weights = np.polynomial.legendre.leggauss(n_steps)
        parts, used = [], 0

        def add(low, high):
            half = (high - low) / 2
            found = self.gained(low + half * (nodes + 1), half * weights)
            missing = abs(sum(side.sum() for side in found) - self.rise(low, high))
            parts.append((missing, low, high, found))

        add(0.0, 1.0)
        used = n_steps
        while sum(part[0] for part in parts) > tolerance and used + 2 * n_steps <= max_steps:
            _, low, high, _ = parts.pop(max(range(len(parts)), key=lambda number: parts[number][0]))
            middle = (low + high) / 2
            add(low, middle)
            add(middle, high)
            used += 2 * n_steps
        pair = tuple(sum(part[3][side] for part in parts) for side in (0, 1))
        return pair, self.rise(0.0, 1.0)


def _by_token(pair, layout):
    """Sums of residues for each token of a pair; all tokens together hold every residue once."""
    sums: dict[tuple[str, str], float] = {}
    for side, block in zip(pair, "AB", strict=True):
        if set(SEGMENT_TOKENS) <= set(layout.tokens):
            bounds = token_bounds(len(side))
            sums |= {(block, token): side[slice(*bounds[token])].sum() for token in SEGMENT_TOKENS}
        else:
            sums[block, layout.tokens[0]] = side.sum()
    own = {"A", "B"} <= set(layout.blocks)
    values = []
    for block in layout.blocks:
        # without a block of their own both proteins share the first combination
        holds = [block] if own else ["A", "B"] if block == layout.blocks[0] else []
        values += [sum(sums.get((side, token), 0.0) for side in holds) for token in layout.tokens]
    return values
