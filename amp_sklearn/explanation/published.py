"""The published analyses by name, with the settings they were made with."""

from dataclasses import dataclass, field

from ..data import segments

TOKEN_SETS = {
    "segment_0_9": segments.TOKEN_SETS["segments"],
    "cls_segment_eos": segments.TOKEN_SETS["cls+segments+eos"],
}
"""Token sets of one protein, under the names of the published analyses."""


@dataclass(frozen=True)
class PublishedAnalysis:
    """One published analysis.

    Parameters
    ----------
    method : str
        Explainer.
    settings : dict
        Its settings.
    token_sets : tuple of str
        Keys of ``TOKEN_SETS`` that the analysis was made on.
    correction : str, default=""
        Where the settings follow the description rather than what the published script did, and why.

    References
    ----------
    Sun et al., Briefings in Bioinformatics 2025, :doi:`10.1093/bib/bbaf434`.
    """

    method: str
    settings: dict = field(default_factory=dict)
    token_sets: tuple[str, ...] = tuple(TOKEN_SETS)
    correction: str = ""

    def check(self, name, layout):
        """Raise ValueError if the model's tokens are not those of the analysis."""
        expected = [TOKEN_SETS[token_set] for token_set in self.token_sets]
        if layout.tokens not in expected or layout.blocks != ("A", "B"):
            wanted = " or ".join(f"{n} (A and B: {', '.join(TOKEN_SETS[n])})" for n in self.token_sets)
            raise ValueError(
                f"{name} was published for the tokens {wanted}; this model reads {', '.join(layout.token_labels)}. "
                f"Use method={self.method!r} with settings of your own"
            )


_EVALUATION_MODE = (
    "dropout is off (the published script leaves it on), and the 200 rows are drawn from all pairs, not from the "
    "first 224"
)

PUBLISHED_ANALYSES = {
    "ESM2_AMPS_attention": PublishedAnalysis("attention", {}, ("segment_0_9",)),
    "ESM2_AMP_CSE_attention": PublishedAnalysis(
        "attention", {}, ("cls_segment_eos",), "labels follow the order of the tokens: cls, segments, eos"
    ),
    "ESM2_AMPS_IG": PublishedAnalysis(
        "integrated_gradients",
        {"n_steps": 25, "baseline": "mean", "n_background": 200},
        ("segment_0_9",),
        _EVALUATION_MODE,
    ),
    "ESM2_AMP_CSE_IG": PublishedAnalysis(
        "integrated_gradients",
        {"n_steps": 25, "baseline": "mean", "n_background": 200},
        ("cls_segment_eos",),
        _EVALUATION_MODE + "; labels follow the order of the tokens",
    ),
    "AE_RF_Gini": PublishedAnalysis(
        "gini", {"aggregate": "mean"}, correction="a mean per column of each token, published as a total"
    ),
    "AE_RF_SHAP": PublishedAnalysis(
        "tree_shap",
        {"perturbation": "interventional", "n_background": 200},
        correction="values of the positive class; the published script used class 0 and no background",
    ),
    "AE_DNN_SHAP": PublishedAnalysis("deep_shap", {"n_background": 200}),
    "AE_DNN_IG": PublishedAnalysis(
        "integrated_gradients",
        {"n_steps": 50, "baseline": "mean", "n_background": 200},
        correction="baseline is the mean of 200 rows as described; the published script took one random row per pair "
        "(baseline='sample')",
    ),
}
"""All published analyses; their names are methods of ``explain`` too."""
