"""A new encoder is one short file; training, prediction, explanation, search and storage come with it."""

import inspect
import io
import json
import textwrap
import zipfile
from numbers import Integral
from pathlib import Path
from typing import ClassVar

import joblib
import numpy as np
import optuna
import pytest
import torch
from sklearn.base import clone
from sklearn.utils._param_validation import Interval

from amp_sklearn import OptunaSearchCV, PairMatrix, explain, load_model, save_model
from amp_sklearn.classification import BaseTorchClassifier, torch_classifier
from amp_sklearn.exceptions import ModelLoadError
from amp_sklearn.nn import MLPHead, PairModule, TokenMean
from amp_sklearn.persistence import register_model_class
from amp_sklearn.persistence.trusted import REGISTERED


class LargestToken(PairModule):
    def __init__(self, n_tokens, width, hidden, n_outputs=1):
        super().__init__(n_tokens, width)
        self.place = torch.nn.Parameter(torch.randn(n_tokens, 1))
        self.read = torch.nn.Sequential(torch.nn.Linear(width, hidden), torch.nn.Tanh())
        self.head = torch.nn.Linear(hidden, n_outputs)

    def forward(self, X):
        largest = (self.tokens(X) * self.place).amax(dim=1)
        return self.logits(self.head(self.read(largest)))


@torch_classifier
class LargestTokenClassifier(BaseTorchClassifier):
    """The largest value of every dimension over the weighted tokens, then a head."""

    hidden: int = 8
    max_epochs: int = 3
    lr: float = 1e-2

    _default_tokens = 2
    _parameter_constraints: ClassVar[dict] = {"hidden": [Interval(Integral, 1, None, closed="left")]}

    def _module_spec(self, n_features, layout):
        return LargestToken, {"hidden": self.hidden}


@pytest.fixture
def registered():
    register_model_class(LargestToken)
    register_model_class(LargestTokenClassifier)
    yield
    REGISTERED.clear()


def make(**changes):
    return LargestTokenClassifier(**{"device": "cpu", "random_state": 0, **changes})


def test_it_is_short():
    lines = "".join(inspect.getsource(part) for part in (LargestToken, LargestTokenClassifier)).splitlines()
    assert len([line for line in lines if line.strip()]) < 30


def test_the_recipe_of_the_documentation_runs(pairs, registered):
    page = (Path(__file__).parents[2] / "docs" / "architecture.rst").read_text()
    recipe = textwrap.dedent(page.split(".. code-block:: python\n")[1].split("\nThe fields")[0])
    names = {"__name__": "recipe"}
    exec(recipe, names)
    model = names["LargestTokenClassifier"](hidden=4, max_epochs=1, device="cpu").fit(*pairs)
    assert model.predict(pairs[0]).shape == (90,)


def test_it_predicts_from_arrays_as_from_pairs(pairs):
    X, y = pairs
    model = make(symmetric=True).fit(X, y)
    dense = make(symmetric=True).fit(np.asarray(X), y)
    assert model.token_shape_ == (4, 4) and dense.token_shape_ == (2, 8)
    swapped = PairMatrix(X.features, X.index[:, ::-1], X.layout)
    with torch.inference_mode():
        both = [model.module_(torch.from_numpy(np.asarray(some))).numpy() for some in (X, swapped)]
    np.testing.assert_allclose(model.decision_function(X), np.mean(both, axis=0), atol=1e-5)
    np.testing.assert_allclose(model.predict_proba(swapped), model.predict_proba(X), atol=1e-6)
    assert dense.predict(np.asarray(X)).shape == y.shape


@pytest.mark.parametrize("validation", ["share", "protein"])
def test_it_is_validated(pairs, validation):
    model = make(validation=validation, validation_fraction=0.3).fit(*pairs)
    assert np.isfinite(model.history_["valid_score"]).all() and model.n_rows_["validation"] > 0


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion", "permutation"])
def test_it_is_explained(pairs, method):
    X, y = pairs
    found = explain(make().fit(X, y), X, method)
    assert found.values.shape == (90, 4) and np.isfinite(found.values).all() and found.values.any()


def test_it_is_searched(pairs):
    space = {"hidden": optuna.distributions.IntDistribution(2, 4)}
    search = OptunaSearchCV(make(max_epochs=1), space, n_trials=2, cv=2, random_state=0).fit(*pairs)
    assert search.best_estimator_.module_.head.in_features == search.best_params_["hidden"]


def test_it_is_stored(pairs, tmp_path, registered):
    X, y = pairs
    model = make().fit(X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    save_model(model, tmp_path / "model.amp")
    for again in (joblib.load(tmp_path / "model.joblib"), load_model(tmp_path / "model.amp")):
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_only_what_is_registered_is_saved_and_loaded(pairs, tmp_path, registered):
    model = make().fit(*pairs)
    path = save_model(model, tmp_path / "model.amp")
    del REGISTERED[f"{__name__}.LargestToken"]
    with pytest.raises(ModelLoadError, match=r"holds a net of .*LargestToken'.*register_model_class"):
        load_model(path)
    with pytest.raises(TypeError, match=r"call register_model_class\(LargestToken\)"):
        save_model(model, path)
    REGISTERED.clear()
    with pytest.raises(ModelLoadError, match=r"not on the list .*LargestTokenClassifier"):
        load_model(path)
    with pytest.raises(TypeError, match="register_model_class"):
        save_model(model, path)


def test_a_file_cannot_choose_a_class_that_is_no_net(pairs, tmp_path, registered):
    path = save_model(make().fit(*pairs), tmp_path / "model.amp")
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    described = json.loads(content["nets/0.json"])
    described["module"] = f"{__name__}.LargestTokenClassifier"
    changed = io.BytesIO()
    with zipfile.ZipFile(changed, "w") as archive:
        for name, data in {**content, "nets/0.json": json.dumps(described)}.items():
            archive.writestr(name, data)
    path.write_bytes(changed.getvalue())
    with pytest.raises(ModelLoadError, match="holds a net of"):
        load_model(path)


def test_what_cannot_be_registered():
    class Inner(PairModule):
        pass

    with pytest.raises(ValueError, match="Inner is defined inside of something"):
        register_model_class(Inner)
    with pytest.raises(TypeError, match="takes an estimator or a subclass of PairModule, got <class 'dict'>"):
        register_model_class(dict)


def test_its_parameters(pairs):
    model = make(hidden=5, lr=0.5)
    assert clone(model).get_params()["hidden"] == 5 and LargestTokenClassifier().lr == 1e-2
    with pytest.raises(
        ValueError, match=r"'hidden' parameter of LargestTokenClassifier must be an int .* Got 0"
    ):
        make(hidden=0).fit(*pairs)
    with pytest.raises(ValueError, match=r"'batch_size' parameter of LargestTokenClassifier"):
        make(batch_size=None).fit(*pairs)


def test_a_module_that_is_no_pair_module(pairs):
    class Plain(BaseTorchClassifier):
        def _module_spec(self, n_features, layout):
            return torch.nn.Linear, {}

    with pytest.raises(TypeError, match=r"must name a subclass of PairModule, got <class .*Linear'>"):
        Plain(device="cpu").fit(*pairs)


def test_an_init_of_its_own_and_a_forgotten_decorator(pairs):
    @torch_classifier
    class Few(BaseTorchClassifier):
        """Takes two parameters.

        Parameters
        ----------
        hidden : int, default=4
            Units.
        <inherited parameters>
        """

        def __init__(self, hidden=4, max_epochs=2):
            super().__init__(max_epochs=max_epochs, device="cpu", random_state=0)
            self.hidden = hidden

        _module_spec = LargestTokenClassifier._module_spec

    assert "batch_size" not in Few.__doc__ and "max_epochs : int, default=2" in Few.__doc__
    assert Few(hidden=3).fit(*pairs).module_.head.in_features == 3

    class Forgotten(LargestTokenClassifier):
        lr: float = 1.0

    with pytest.raises(TypeError, match="Forgotten declares lr: decorate the class with @torch_classifier"):
        Forgotten().fit(*pairs)


def test_another_forward_has_none_of_the_shortcuts_of_its_base():
    class Shifted(MLPHead):
        def forward(self, X):
            return super().forward(X) + 1

    class Weighted(TokenMean):
        def forward(self, X):
            return super().forward(X * torch.arange(X.shape[1]))

    X = torch.randn(3, 12, generator=torch.Generator().manual_seed(0))
    for module in (Shifted(2, 6, (4, 3)), Weighted(2, 6, (4, 3))):
        parts = [module.protein_part(half, side) for side, half in enumerate(X.chunk(2, dim=1))]
        torch.testing.assert_close(module.pair_part(*parts), module(X))
        assert not module.permutation_invariant and "deep_shap" not in module.explainable_by
    assert MLPHead.explainable_by > Shifted.explainable_by


def test_docstrings_may_be_missing():  # as under python -OO
    @torch_classifier
    class Bare(LargestTokenClassifier):
        lr: float = 0.5

    @torch_classifier
    class OnBare(Bare):
        """Has one.

        Parameters
        ----------
        <inherited parameters>
        """

    assert Bare().lr == OnBare().lr == 0.5
    assert "lr : float, default=0.5" in OnBare.__doc__
