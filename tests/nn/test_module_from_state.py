"""Modules with given parameters: built without drawing initial values, and never with memory that nobody filled."""

import pytest
import torch
from torch import nn

from amp_sklearn.exceptions import ModelLoadError
from amp_sklearn.nn import AutoEncoder, DeepPairNetwork, MLPHead, PairGRU, PairTransformer, TokenMean
from amp_sklearn.nn.state_files import autoencoder_from_state, compare_keys, module_from_state

KINDS = [
    (
        PairTransformer,
        {"width": 8, "n_layers": 2, "n_heads": 2, "dim_feedforward": 8, "hidden": (6, 4), "d_model": 4}
        | {"chain_embedding": True, "position_embedding": True},
    ),
    (PairGRU, {"width": 6, "n_layers": 3, "hidden_size": 5, "hidden": (6, 4)}),
    (TokenMean, {"width": 6, "hidden": (6, 4)}),
    (DeepPairNetwork, {"width": 6, "hidden": (6, 5, 4)}),
    (MLPHead, {"width": 6, "hidden": (6, 4), "n_outputs": 3}),
]


class Computed(nn.Module):
    """Uses its initial values while it is built."""

    def __init__(self, size):
        super().__init__()
        self.linear = nn.Linear(size, size)
        if float(self.linear.weight.detach().sum()) != 0:
            self.register_buffer("start", self.linear.weight.detach() * torch.ones(size), persistent=False)

    def forward(self, x):
        return self.linear(x) + self.start.sum() * 0


class Hidden(nn.Module):
    """Holds tensors made with torch.empty that are no part of its state."""

    def __init__(self, size):
        super().__init__()
        self.linear = nn.Linear(size, size)
        self.register_buffer("scale", torch.empty(size).fill_(2.0), persistent=False)
        self.shift = torch.empty(size).fill_(3.0)

    def forward(self, x):
        return self.linear(x) * self.scale + self.shift


class Tied(nn.Module):
    """Two layers with one weight."""

    def __init__(self, size):
        super().__init__()
        self.first, self.second = nn.Linear(size, size), nn.Linear(size, size)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.second(self.first(x))


class Drawn(nn.Module):
    """Draws a parameter in the way that takes memory at once, and has integer and running buffers."""

    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(size, size), requires_grad=False)
        self.norm = nn.BatchNorm1d(size)

    def forward(self, x):
        return self.norm(x @ self.weight)


STRANGE = [Computed, Hidden, Tied, Drawn]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "kind, sizes",
    [(kind, {"n_tokens": 4, **sizes}) for kind, sizes in KINDS] + [(kind, {"size": 5}) for kind in STRANGE],
)
def test_equals_a_module_that_is_built_and_then_filled(kind, sizes, dtype):
    torch.manual_seed(0)
    state = kind(**sizes).double().state_dict()
    twin = kind(**sizes).to(dtype)
    twin.load_state_dict(state)
    ours = module_from_state(kind, sizes, state, dtype)
    assert ours.state_dict().keys() == twin.state_dict().keys()
    pairs = zip(
        (*ours.named_parameters(), *ours.named_buffers()),
        (*twin.named_parameters(), *twin.named_buffers()),
        strict=True,
    )
    for (name, value), (other, expected) in pairs:
        if kind is Computed and name == "start":
            continue  # from its random initial values in both
        assert name == other and value.dtype == expected.dtype and torch.equal(value, expected), name
        assert value.requires_grad == expected.requires_grad
    width = sizes["size"] if "size" in sizes else sizes["n_tokens"] * sizes["width"]
    X = torch.randn(7, width, dtype=dtype)
    assert torch.equal(ours.eval()(X), twin.eval()(X))
    ours.train()(X).sum().backward() if kind is not Drawn else None
    for value in state.values():
        value.zero_()
    assert any(value.ne(0).any() for value in ours.state_dict().values())  # no memory in common


def test_draws_nothing_where_it_can(monkeypatch):
    (_, sizes), state = KINDS[1], None
    state = PairGRU(4, **sizes).state_dict()
    drawn = []
    monkeypatch.setattr(torch.linalg, "qr", lambda a, _qr=torch.linalg.qr: drawn.append(a) or _qr(a))
    PairGRU(4, **sizes)
    assert len(drawn) == 3 and not any(matrix.is_meta for matrix in drawn)  # orthogonal initial values cost
    drawn.clear()
    before = torch.get_rng_state()
    module_from_state(PairGRU, {"n_tokens": 4, **sizes}, state, torch.float32)
    assert all(matrix.is_meta for matrix in drawn)
    assert torch.equal(before, torch.get_rng_state())


def test_one_weight_of_two_layers_stays_one():
    module = module_from_state(Tied, {"size": 3}, Tied(3).state_dict(), torch.float32)
    assert module.first.weight is module.second.weight and len(list(module.parameters())) == 3


@pytest.mark.parametrize("kind", STRANGE)
def test_a_missing_key_is_an_error(kind):
    state = kind(4).state_dict()
    for key in [k for k in state if "num_batches" not in k]:  # torch itself counts from 0 in old files
        with pytest.raises(RuntimeError, match=f"Missing key.*{key}"):
            module_from_state(kind, {"size": 4}, {k: v for k, v in state.items() if k != key}, torch.float32)
    with pytest.raises(RuntimeError, match=r"Unexpected key.*more"):
        module_from_state(kind, {"size": 4}, {**state, "more": torch.zeros(1)}, torch.float32)
    key = next(iter(state))
    with pytest.raises(RuntimeError, match=f"size mismatch for {key}"):
        module_from_state(kind, {"size": 4}, {**state, key: torch.zeros(9)}, torch.float32)


def test_a_state_with_nan_is_refused():
    state = MLPHead(2, 3, hidden=(4, 2)).state_dict()
    compare_keys(MLPHead(2, 3, hidden=(4, 2)), state, "model.pth")
    state["mlp_layers.2.bias"][0] = float("inf")
    with pytest.raises(ModelLoadError, match=r"model.pth holds NaN or infinity in mlp_layers.2.bias"):
        compare_keys(MLPHead(2, 3, hidden=(4, 2)), state, "model.pth")
    state = AutoEncoder(6, 2).state_dict()
    state["encoder.0.bn.running_var"][1] = float("nan")
    with pytest.raises(ModelLoadError, match=r"x.pth holds NaN or infinity in encoder.0.bn.running_var"):
        autoencoder_from_state(state, "x.pth")
