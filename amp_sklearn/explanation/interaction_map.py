"""The matrix of a late-interaction network as an explanation of its prediction."""

from dataclasses import dataclass

import numpy as np
import torch

from .base import Attribution, Explainer
from .model import evaluating
from .registry import register_explainer


@register_explainer("interaction_map")
@dataclass
class InteractionMap(Explainer):
    """Share of each pair of tokens (one of protein A, one of protein B) in the logit, read from the network itself.

    For networks whose logit is a sum over the cells of a token x token matrix and a rest, such as
    ``LateInteractionClassifier``: nothing is approximated, no baseline is chosen. ``pair_values`` holds the cells,
    ``base_values`` the rest (bias, what each protein contributes by itself, and the product of both proteins' means); they
    add up to the logit, and ``error`` holds what rounding leaves. A token's value is half the sum of its row or column,
    because each cell belongs to two tokens, so that a pair's values add up to its cells.

    Other networks are refused: no part of them says what two tokens contribute together.

    Parameters
    ----------
    batch_size : int, default=1024
        Pairs at a time.

    Examples
    --------
    >>> import numpy as np
    >>> from amp_sklearn.classification import LateInteractionClassifier
    >>> from amp_sklearn.data import FeatureLayout, PairMatrix
    >>> from amp_sklearn.explanation import explain
    >>> features = np.random.default_rng(0).normal(size=(12, 8)).astype("float32")
    >>> index = np.arange(24).reshape(12, 2) % 12
    >>> X = PairMatrix(features, index, FeatureLayout(("segment0", "segment1"), width=4))
    >>> model = LateInteractionClassifier(hidden1=8, d_model=4, max_epochs=2, random_state=0)
    >>> model = model.fit(X, np.arange(12) % 2)
    >>> explanation = explain(model, X, "interaction_map")
    >>> explanation.pair_values.shape
    (12, 2, 2)
    >>> total = explanation.pair_values.sum(axis=(1, 2)) + explanation.base_values
    >>> bool(np.allclose(total, model.decision_function(X), atol=1e-5))
    True
    """

    batch_size: int = 1024

    def reason_unsuitable(self, model):
        instead = "use 'integrated_gradients' (networks) or 'permutation' and 'occlusion' (any classifier)"
        if not hasattr(model.module, "cell_contributions"):
            kind = type(model.estimator if model.module is None else model.module).__name__
            return f"the output of {kind} is no sum over pairs of tokens; {instead}, or LateInteractionClassifier"
        if model.layout.blocks != ("A", "B"):
            return f"blocks {model.layout.blocks} are not the two proteins one after the other; {instead}"
        return None

    def attribute(self, model):
        cells, rest, logits = [], [], []
        for rows in model.batches(self.batch_size):
            x = model.tensor(model.rows(rows))
            with evaluating(model.module), torch.inference_mode():
                found, others = model.module.cell_contributions(x)
                explained = model.signed_logit(found.movedim(1, -1).reshape(-1, found.shape[1]))
                cells.append(explained.view(len(x), *found.shape[2:]).cpu().numpy())
                rest.append(model.signed_logit(others).cpu().numpy())
                logits.append(model.logit(x).cpu().numpy())
        cells, rest, logits = (np.concatenate(part).astype(float) for part in (cells, rest, logits))
        values = np.concatenate([cells.sum(axis=2), cells.sum(axis=1)], axis=1) / 2
        return Attribution(
            values=values,
            base_values=rest,
            pair_values=cells,
            error=cells.sum(axis=(1, 2)) + rest - logits,
            notes=(
                "base_values hold what the map does not explain: the bias, each protein's own term and the product of both "
                "proteins' means.",
            ),
        )
