"""Train the ready model that comes with the package.

    python benchmarks/ready_models/train_ready_models.py --out amp_sklearn/persistence/ready

``yeast-mini`` is ``late-interaction`` on ``esm2-mini``, seed 0, fitted to Guo's 11,188 yeast pairs, calibrated on five
protein-disjoint folds, with the applicability domain of its proteins. The figures beside it are those of
``benchmarks/evaluation/guo_before_after.py``, protein-disjoint folds.
"""

import argparse
from pathlib import Path

from amp_sklearn import (
    ApplicabilityDomain,
    CalibratedPairClassifier,
    SelectiveClassifier,
    load_yeast_ppi,
    make_preset,
    save_model,
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the model file")
    out = parser.parse_args().out
    calibrated = CalibratedPairClassifier(make_preset("late-interaction", random_state=0, verbose=1))
    model = SelectiveClassifier(calibrated, domain=ApplicabilityDomain()).fit(*load_yeast_ppi())
    print(save_model(model, out / "yeast-mini.amp"))


if __name__ == "__main__":
    main()
