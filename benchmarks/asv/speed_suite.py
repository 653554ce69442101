"""Two tracked numbers per entry of the speed suite: how many times the published way's time is ours, and our time.

AMP_SPEED_SIZE=small asv run --python=same --set-commit-hash $(git rev-parse HEAD)
asv publish && asv preview
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


class Paths:
    """Every entry that compares two sides."""

    # spelled out, since asv imports this file in a process of its own for each number
    params = (
        "embedding_8M",
        "embedding_35M",
        "embedding_150M",
        "embedding_650M",
        "amps_training",
        "amps_prediction",
        "dpm_prediction",
        "ae_dnn_prediction",
        "autoencoder_pairs",
        "integrated_gradients",
        "deep_shap",
        "tree_shap",
        "tree_shap_interventional",
        "dpm_all_vs_all",
    )
    param_names = ("entry",)
    timeout = 3600

    def setup_cache(self):
        """Run every entry once, at the size that AMP_SPEED_SIZE names; all numbers come from that run."""
        import torch
        from speed.registry import Context, load_entries

        context, found = Context(os.environ.get("AMP_SPEED_SIZE", "small"), torch.get_num_threads()), {}
        for name, entry in load_entries().items():
            if name in self.params and entry.obstacle() is None:
                found[name] = next(iter(entry.run(context)["ours"].values()))
        return found

    setup_cache.timeout = 7200

    def setup(self, found, name):
        if name not in found:
            raise NotImplementedError  # asv's way to say that an entry does not apply here

    def track_ratio(self, found, name):
        return found[name]["ratio"]["median"]

    track_ratio.unit = "published / ours"

    def track_seconds(self, found, name):
        return found[name]["seconds"]["median"]

    track_seconds.unit = "s"
