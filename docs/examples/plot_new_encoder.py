"""
A network of your own, with callbacks of skorch
===============================================

A new encoder is a torch module and a class that names it; callbacks watch its training.
"""

# %%
# The encoder takes the largest value of each dimension over the segments of both proteins. Fields of the class are its parameters.

import torch

from amp_sklearn.classification import BaseTorchClassifier, torch_classifier
from amp_sklearn.nn import PairModule


class LargestToken(PairModule):
    def __init__(self, n_tokens, width, hidden, n_outputs=1):
        super().__init__(n_tokens, width)
        self.read = torch.nn.Sequential(torch.nn.Linear(width, hidden), torch.nn.Tanh())
        self.head = torch.nn.Linear(hidden, n_outputs)

    def forward(self, X):
        return self.logits(self.head(self.read(self.tokens(X).amax(dim=1))))


@torch_classifier
class LargestTokenClassifier(BaseTorchClassifier):
    """The largest value of every dimension over the tokens of a pair, then a head."""

    hidden: int = 64
    lr: float = 1e-3

    def _module_spec(self, n_features, layout):
        return LargestToken, {"hidden": self.hidden}


# %%
# It is a step of a pipeline like any other, and takes any callback of skorch: here one that computes the ROC AUC on the training
# pairs after each epoch.

from sklearn.pipeline import make_pipeline
from skorch.callbacks import EpochScoring

from amp_sklearn import ESM2Embedder, PairConcatenator, load_bernett_mini
from amp_sklearn.preprocessing import ProteinScaler

X, y = load_bernett_mini("val")
X, y = X.iloc[::2], y[::2]
area = EpochScoring("roc_auc", on_train=True, name="train_roc_auc")
classifier = LargestTokenClassifier(max_epochs=8, batch_size=64, callbacks=[area], random_state=0)
model = make_pipeline(ESM2Embedder(), PairConcatenator("segments"), ProteinScaler(), classifier).fit(X, y)

# %%
# What skorch recorded.

import matplotlib.pyplot as plt

history = classifier.net_.history
figure, left = plt.subplots(figsize=(6, 3.2), layout="constrained")
epochs = range(1, len(history) + 1)
left.plot(epochs, history[:, "train_loss"], color="#0072B2")
left.set_xlabel("epoch")
left.set_ylabel("training loss", color="#0072B2")
right = left.twinx()
right.plot(epochs, history[:, "train_roc_auc"], color="#D55E00")
right.set_ylabel("training ROC AUC", color="#D55E00")
plt.show()

# %%
# Explanations know it, too.

from amp_sklearn.plotting import AttributionDisplay

bars = AttributionDisplay.from_estimator(model, X.iloc[::12], method="occlusion", k=8)
bars
