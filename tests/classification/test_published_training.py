"""Training follows the published procedure, epoch by epoch."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from amp_sklearn.classification import AMPSClassifier

DATA = Path(__file__).parents[1] / "fixtures" / "training"


@pytest.mark.parametrize("fold", range(5))
def test_trace_of_a_published_fold(fold):
    with np.load(DATA / "data.npz") as data, np.load(DATA / "trace.npz") as file:
        x, y, trace = data["x"], data["y"].astype(int), dict(file)
    valid = trace[f"fold{fold + 1}_val_index"]
    train = np.setdiff1d(np.arange(len(y)), valid)
    x = x.reshape(len(x), -1)
    model = AMPSClassifier(
        n_heads=4,
        dim_feedforward=32,
        dropout=0.0,
        hidden1=480,
        hidden2=80,
        lr=8e-4,
        weight_decay=5e-3,
        batch_size=256,
        warm_start=True,
        device="cpu",
        random_state=0,
    )
    model.initialize(x.shape[1], state_dict=load_file(DATA / "init.safetensors"))
    model.fit(x[train], y[train], X_val=x[valid], y_val=y[valid])
    history = model.history_
    assert len(history) == 35
    # the trace holds the rate after an epoch, the history the rate during one
    np.testing.assert_allclose(history["lr"][1:], trace["lr"][fold, :-1], rtol=1e-12)
    # largest differences measured over the folds: training loss 1.1e-7, validation loss 1.7e-7, metrics and
    # rates 0; rounding can grow in late epochs on other machines, hence the wider bound there
    for name, expected, late in (("train_loss", "step_loss", 5e-4), ("valid_loss", "val_loss", 1e-3)):
        difference = np.abs(history[name] - trace[expected][fold])
        assert difference[:10].max() < 1e-5
        assert difference.max() < late
    for name, expected in (("mcc", "mcc_list"), ("accuracy", "accuracy_list"), ("roc_auc", "auc_list")):
        np.testing.assert_allclose(history[f"valid_{name}"][:10], trace[expected][fold, :10], atol=1e-12)
