"""Every module gives the numbers of the published one from the same weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from amp_sklearn.nn import AutoEncoder, DeepPairNetwork, MLPHead, PairGRU, PairTransformer, TokenMean

DATA = Path(__file__).parents[1] / "fixtures" / "models"
INPUTS, OUTPUTS = np.load(DATA / "inputs.npz"), np.load(DATA / "outputs.npz")
HEAD = {"hidden": (24, 12)}
TRANSFORMER = {"n_heads": 4, "dim_feedforward": 64, **HEAD}

# largest absolute differences measured: transformer 2.9e-6 and 1.4e-6 (logits up to 8.1), GRU 2.7e-7 and
# 2.4e-7, mean 0, DPM and AE_DNN 2.4e-7
CASES = {
    "amp_transformer-0": (lambda: PairTransformer(20, 32, **TRANSFORMER), 2e-5),
    "amp_transformer-1": (lambda: PairTransformer(24, 32, **TRANSFORMER), 2e-5),
    "amp_gru-0": (lambda: PairGRU(20, 16, **HEAD), 2e-6),
    "amp_gru-1": (lambda: PairGRU(24, 16, **HEAD), 2e-6),
    "amp_mean-0": (lambda: TokenMean(20, 32, **HEAD), 2e-6),
    "dnn-0": (lambda: DeepPairNetwork(2, 32, hidden=(48, 24, 10)), 2e-6),
    "ae_dnn-0": (lambda: MLPHead(4, 9, hidden=(20, 8)), 2e-6),
}


@pytest.mark.parametrize("case", CASES)
def test_logits_are_the_published_ones(case):
    (make, tolerance), (name, number) = CASES[case], case.split("-")
    module = make().eval()
    module.load_state_dict(load_file(DATA / f"{name}.safetensors"))  # strict: the keys are the published keys
    x = torch.from_numpy(INPUTS[f"{name}__x{number}"]).flatten(1)
    with torch.inference_mode():
        logits = module(x)
    assert logits.shape == (len(x),)
    expected = OUTPUTS[f"{name}__logits{number}"][:, 0]
    np.testing.assert_allclose(logits, expected, rtol=0, atol=tolerance)


def autoencoder():
    module = AutoEncoder(32, n_components=12)
    module.load_state_dict(load_file(DATA / "autoencoder.safetensors"))
    return module, torch.from_numpy(INPUTS["autoencoder__x0"])


def test_autoencoder_in_evaluation_mode_is_the_published_one():
    module, x = autoencoder()
    with torch.inference_mode():
        latent, reconstruction = module.eval()(x)
    # largest absolute differences measured: 5.1e-7 and 4.3e-7
    np.testing.assert_allclose(latent, OUTPUTS["autoencoder__latent"], rtol=0, atol=5e-6)
    np.testing.assert_allclose(reconstruction, OUTPUTS["autoencoder__recon"], rtol=0, atol=5e-6)


def test_one_training_pass_of_the_autoencoder_updates_the_buffers_as_published():
    module, x = autoencoder()
    latent, reconstruction = module.train()(x)
    np.testing.assert_allclose(latent.detach(), OUTPUTS["autoencoder__train_latent"], rtol=0, atol=5e-6)
    np.testing.assert_allclose(
        reconstruction.detach(), OUTPUTS["autoencoder__train_recon"], rtol=0, atol=5e-6
    )
    prefix = "autoencoder__after_train_fwd__"
    after = [key for key in OUTPUTS.files if key.startswith(prefix)]
    assert len(after) == 32
    for key in after:  # power iterations (3 in blocks, 5 outside) and running statistics
        np.testing.assert_allclose(module.state_dict()[key[len(prefix) :]], OUTPUTS[key], rtol=0, atol=5e-6)
