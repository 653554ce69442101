"""Published training and prediction: dense features of all pairs, a data loader row by row, a plain loop."""

import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class DensePairs(Dataset):
    """All pairs as one dense tensor, handed out one pair at a time.

    Parameters
    ----------
    features : ndarray of shape (n_pairs, n_features)
    labels : ndarray of shape (n_pairs,)
    tokens : int, default=None
        Cut a row into so many tokens; None leaves it flat.
    device : str, default="cpu"
    """

    def __init__(self, features, labels, tokens=None, device="cpu"):
        if tokens is not None:
            features = features.reshape(len(features), tokens, -1)
        self.features = torch.tensor(features).float().to(device)
        self.labels = torch.tensor(labels).float().reshape(-1, 1).to(device)

    def __len__(self):
        return len(self.features)

    def __getitem__(self, row):
        return self.features[row], self.labels[row]


def train_epoch(module, optimizer, pairs, batch_size=256):
    """One epoch; the loss of each step is fetched from the device twice, for the log and for the mean.

    Returns
    -------
    float
        Mean of the batches' losses.
    """
    device = next(module.parameters()).device
    criterion, total, steps = nn.BCEWithLogitsLoss(), 0.0, []
    loader = DataLoader(pairs, batch_size=batch_size, shuffle=True)
    module.train()
    for features, labels in loader:
        features, labels = features.to(device), labels.float().to(device)
        optimizer.zero_grad()
        loss = criterion(module(features), labels)
        steps.append(loss.item())
        total += loss.item()
        loss.backward()
        optimizer.step()
    return total / len(loader)


def predict(module, pairs, batch_size=32):
    """Table of label, prediction and probability; results pass through lists, the loss is fetched per batch."""
    device = next(module.parameters()).device
    criterion, total = nn.BCEWithLogitsLoss(), 0.0
    truth, predicted, probability = [], [], []
    module.eval()
    with torch.no_grad():
        for features, labels in DataLoader(pairs, batch_size=batch_size, shuffle=False):
            features, labels = features.to(device), labels.float().to(device)
            logits = module(features)
            total += criterion(logits, labels).item()
            found = logits.sigmoid().cpu().numpy().flatten()
            probability.extend(found.tolist())
            predicted.extend((found > 0.5).astype(float).tolist())
            truth.extend(labels.cpu().numpy().flatten().tolist())
    return pd.DataFrame({"Label": truth, "Prediction": predicted, "Probability": probability})
