"""Published attributions: captum and shap with the settings and batches of the published scripts."""

import numpy as np
import shap
import torch
from captum.attr import DeepLiftShap, IntegratedGradients


def integrated_gradients(module, x, baseline):
    """Integrated gradients, 50 steps, 64 points of paths at a time; one baseline row per pair."""
    found = IntegratedGradients(module).attribute(
        torch.from_numpy(x), baselines=torch.from_numpy(baseline), n_steps=50, internal_batch_size=64
    )
    return found.detach().numpy()


def deep_shap(module, x, background):
    """DeepSHAP against all background rows, 32 pairs at a time."""
    explainer = shap.DeepExplainer(module, torch.from_numpy(background))
    parts = [explainer.shap_values(part) for part in torch.from_numpy(x).split(32)]
    return np.concatenate(parts)[..., 0]


def captum_deep_shap(module, x, background):
    """The same values from captum, which expands every pair by every background row: 1,000 at once take too much."""
    explainer, reference = DeepLiftShap(module), torch.from_numpy(background)
    parts = [explainer.attribute(part, reference) for part in torch.from_numpy(x).split(32)]
    return torch.cat(parts).detach().numpy()


def tree_shap(forest, x):
    """Path-dependent TreeSHAP of class 1 (the published script keeps class 0, its negative)."""
    return shap.TreeExplainer(forest).shap_values(x)[..., 1]


def tree_shap_background(forest, x, background):
    """Interventional TreeSHAP of class 1 against all background rows."""
    # given as an array, shap would silently use 100 of 200 rows
    masker = shap.maskers.Independent(background, max_samples=len(background))
    explainer = shap.TreeExplainer(forest, data=masker, feature_perturbation="interventional")
    return explainer.shap_values(x, check_additivity=False)[..., 1]
