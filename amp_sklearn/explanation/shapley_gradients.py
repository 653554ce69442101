"""Expected gradients: SHAP values of networks by sampling paths from many baselines."""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.utils import check_random_state

from .base import FeatureExplainer
from .gradients import NO_NETWORK, differentiating
from .registry import register_explainer


@register_explainer("gradient_shap")
@dataclass
class GradientShap(FeatureExplainer):
    """Gradients at random points between each pair and random background pairs (expected gradients).

    Right for every differentiable network. The values of a pair add up to the difference between its logit
    and the mean logit of the background, but for the sampling error, which ``error`` holds; it falls with
    the square root of ``n_samples``. Points are stratified along the paths.

    Parameters
    ----------
    aggregate : {"mean_abs", "sum", "sum_abs"}, default="mean_abs"
        How columns are put together to one value per token.
    keep_features : bool, default=True
        Whether the ``Explanation`` holds the value of each column.
    n_samples : int, default=200
        Points per pair.
    n_background : int, default=200
        Background rows to draw from.
    random_state : int, RandomState or None, default=0
        Draws background rows and points.
    batch_size : int, default=1024
        Points evaluated at a time.

    References
    ----------
    Erion et al., Improving performance of deep learning models with axiomatic attribution priors and expected
    gradients, Nature Machine Intelligence 2021, :doi:`10.1038/s42256-021-00343-w`.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from amp_sklearn.data import FeatureLayout
    >>> from amp_sklearn.explanation import GradientShap
    >>> x = np.random.RandomState(0).normal(size=(8, 4)).astype(np.float32)
    >>> layout = FeatureLayout(("cls", "mean"), width=1)
    >>> GradientShap().explain(torch.nn.Linear(4, 1), x, layout=layout).values.shape
    (8, 4)
    """

    n_samples: int = 200
    n_background: int = 200
    random_state: int | np.random.RandomState | None = 0
    batch_size: int = 1024

    def reason_unsuitable(self, model):
        return NO_NETWORK if model.module is None else None

    @property
    def pairs_at_once(self):
        return max(1, self.batch_size // self.n_samples)

    def prepare(self, model):
        if self.n_samples < 1:
            raise ValueError(f"n_samples must be at least 1, got {self.n_samples}")
        random = check_random_state(self.random_state)
        background = model.sample_background(self.n_background, random)
        return model.tensor(background), model.output(background).mean(), random

    def attribute_rows(self, model, rows, shared):
        background, base, random = shared
        x = model.tensor(model.rows(rows))
        shape = (self.n_samples, len(x))
        starts = background[torch.as_tensor(random.randint(0, len(background), shape)).to(x.device)]
        # one point in each of n_samples equal parts of the way, in random order through the drawn backgrounds
        way = model.tensor((np.arange(self.n_samples)[:, None] + random.uniform(size=shape)) / self.n_samples)
        steps = x - starts
        points = (starts + way[..., None] * steps).reshape(-1, x.shape[1]).requires_grad_()
        with differentiating(model.module):
            (gradient,) = torch.autograd.grad(model.logit(points).sum(), points)
            with torch.no_grad():
                found = (gradient.reshape(steps.shape) * steps).mean(dim=0)
                error = found.sum(dim=1) - (model.logit(x) - base)
        return found.cpu().numpy(), np.full(len(x), base), error.cpu().numpy()
