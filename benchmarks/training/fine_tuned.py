"""Fine-tuned against frozen on yeast pairs of unseen proteins: late interaction on ESM-2, the same folds and pairs.

Frozen: embedder, scaler and late interaction. Fine-tuned: adapters in the language model beneath the same head, which starts
from the same scaled features. Both stop early on proteins held out of training. The number of pairs and the length of proteins
are limited by what the machine can train; both see the same ones, and both tables say the minutes.

    python benchmarks/training/fine_tuned.py --model FOLDER --out benchmarks/results/fine_tuned.tsv
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from amp_sklearn import (
    ESM2Embedder,
    FineTunedPairClassifier,
    LateInteractionClassifier,
    PairConcatenator,
    ProteinDisjointKFold,
    ProteinScaler,
    load_yeast_ppi,
)
from amp_sklearn.metrics import pair_metrics

VALIDATED = {"validation": "protein", "early_stopping": True}


def models(arguments, seed):
    """Both models, by name."""
    head = LateInteractionClassifier()
    frozen = LateInteractionClassifier(random_state=seed, device="cpu", patience=3, **VALIDATED)
    return {
        "frozen": make_pipeline(
            ESM2Embedder(arguments.model, device="cpu"), PairConcatenator("segments"), ProteinScaler(), frozen
        ),
        "fine-tuned": FineTunedPairClassifier(
            model=arguments.model,
            head=head,
            max_epochs=arguments.epochs,
            random_state=seed,
            device="cpu",
            checkpoint_dir=arguments.checkpoints,
            verbose=1,
        ),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="ESM-2: folder or name on the hub")
    parser.add_argument(
        "--out", type=Path, required=True, help="table of results; rows are added as they come"
    )
    parser.add_argument("--pairs", type=int, default=2000, help="training pairs at most")
    parser.add_argument("--longest", type=int, default=300, help="residues of a protein at most")
    parser.add_argument("--epochs", type=int, default=3, help="of fine-tuning")
    parser.add_argument("--folds", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--checkpoints", help="folder; a run that was stopped goes on")
    arguments = parser.parse_args()
    X, y = load_yeast_ppi()
    short = (X.map(len) <= arguments.longest).all(axis=1).to_numpy()
    X, y = X[short], y[short]
    rows = []
    for fold, (train, test) in enumerate(ProteinDisjointKFold(5, random_state=0).split(X, y)):
        if fold == arguments.folds:
            break
        train = np.sort(np.random.default_rng(fold).permutation(train)[: arguments.pairs])
        for seed in range(arguments.seeds):
            for name, model in models(arguments, seed).items():
                start = time.perf_counter()
                model.fit(X.iloc[train], y[train])
                minutes = (time.perf_counter() - start) / 60
                metrics = pair_metrics(y[test], model.predict_proba(X.iloc[test]))
                rows.append(
                    {
                        "model": name,
                        "fold": fold,
                        "seed": seed,
                        "n_train": len(train),
                        "n_test": len(test),
                        "n_test_positive": int(y[test].sum()),
                        "minutes": round(minutes, 2),
                        **{k: round(float(metrics[k]), 4) for k in ("average_precision", "roc_auc", "mcc")},
                    }
                )
                print(rows[-1], flush=True)
                pd.DataFrame(rows).to_csv(arguments.out, sep="\t", index=False)


if __name__ == "__main__":
    main()
