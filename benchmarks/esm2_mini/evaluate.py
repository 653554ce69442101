"""Perplexity of ``esm2-mini`` on proteins that it has not seen, beside a unigram and a bigram model.

    python benchmarks/esm2_mini/evaluate.py --model amp_sklearn/embedding/esm2_mini --out benchmarks/results/esm2_mini.json

15 % of the residues of each protein are masked; all models predict the same residues. The unigram model knows the
frequencies of the training residues; the bigram model knows the residue to the left of each masked one as well (the
true one, which the language model need not see). Both have one pseudo-count per residue.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from corpus import held_out, sequences_of, training_sequences
from pretrain import CLS, EOS, FIRST_RESIDUE, MASK, N_STANDARD, encode
from torch.nn import functional
from tqdm.auto import tqdm
from transformers import EsmForMaskedLM

WINDOW = 1022


def masked_positions(protein, rng):
    """15 % of the standard residues after the first."""
    standard = np.flatnonzero((protein >= FIRST_RESIDUE) & (protein < FIRST_RESIDUE + N_STANDARD))
    standard = standard[standard > 0]
    return np.sort(rng.choice(standard, max(int(0.15 * len(standard)), 1), replace=False))


def residue_counts(proteins):
    """Counts of residues, and of residues after residues, with one pseudo-count each."""
    single, double = np.ones(33), np.ones((33, 33))
    for protein in proteins:
        np.add.at(single, protein, 1)
        np.add.at(double, (protein[:-1], protein[1:]), 1)
    standard = slice(FIRST_RESIDUE, FIRST_RESIDUE + N_STANDARD)
    return single[standard] / single[standard].sum(), double[:, standard] / double[:, standard].sum(
        1, keepdims=True
    )


@torch.inference_mode()
def losses(model, proteins, unigram, bigram, seed):
    """Negative log-likelihood per masked residue: unigram, bigram, language model."""
    rng, found = np.random.default_rng(seed), ([], [], [])
    standard = slice(FIRST_RESIDUE, FIRST_RESIDUE + N_STANDARD)
    for protein in tqdm(proteins, desc="proteins"):
        protein = protein[:WINDOW]
        positions = masked_positions(protein, rng)
        target = protein[positions] - FIRST_RESIDUE
        found[0].extend(-np.log(unigram[target]))
        found[1].extend(-np.log(bigram[protein[positions - 1], target]))
        tokens = np.concatenate([[CLS], protein, [EOS]])
        tokens[positions + 1] = MASK
        logits = model(input_ids=torch.from_numpy(tokens)[None]).logits[0, positions + 1, standard]
        found[2].extend(functional.cross_entropy(logits, torch.from_numpy(target), reduction="none").tolist())
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--proteins", type=int, default=400, help="proteins of Bernett's validation split")
    arguments = parser.parse_args()
    model = EsmForMaskedLM.from_pretrained(arguments.model, dtype=torch.float32).eval()
    corpus = training_sequences()
    unigram, bigram = residue_counts(encode([sequence for sequence in corpus if not held_out(sequence)]))
    validation = sorted(set(sequences_of("human_bernett", ["val"]).values()))
    chosen = np.random.default_rng(0).choice(
        len(validation), min(arguments.proteins, len(validation)), replace=False
    )
    sets = {
        "held-out proteins of the training sets (one in fifty)": [s for s in corpus if held_out(s)],
        "validation proteins of Bernett (never in training)": [validation[k] for k in sorted(chosen)],
    }
    report = {"training": json.loads((arguments.model / "training.json").read_text()), "perplexity": {}}
    for name, sequences in sets.items():
        found = losses(model, encode(sequences), unigram, bigram, seed=0)
        report["perplexity"][name] = {
            "proteins": len(sequences),
            "masked_residues": len(found[0]),
            **{kind: round(float(np.exp(np.mean(values))), 3) for kind, values in zip(
                ("unigram", "bigram", "esm2-mini"), found, strict=True)},
        }  # fmt: skip
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report["perplexity"], indent=1))


if __name__ == "__main__":
    main()
