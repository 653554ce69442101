"""Train ``esm2-mini`` from scratch: ESM-2 architecture, masked-language modelling, two CPU cores.

    python benchmarks/esm2_mini/pretrain.py --out build/esm2-mini --hours 2

The corpus holds sequences only (no interaction label is read): the training proteins of Bernett et al. and both
yeast sets; validation and test proteins of Bernett are never read. One protein in fifty (by the SHA-256 of its
sequence) is held out for ``evaluate.py``. Every step draws its batch from ``default_rng([seed, step])``, so a run
that was killed resumes from its last checkpoint with the batches that it would have seen.

The learning rate warms up, stays constant, then falls linearly to zero. With ``--hours`` the fall starts after 80 %
of the time; ``training.json`` records the step, and ``--decay-start`` repeats the same schedule on any machine.
"""

import argparse
import hashlib
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from corpus import VOCABULARY, held_out, training_sequences
from torch.nn import functional
from tqdm.auto import tqdm
from transformers import EsmConfig, EsmForMaskedLM

TOKENS_PER_STEP = 4096
WINDOWS = (256, 512, 1024)  # tokens of one row, <cls> and <eos> included
WINDOW_SHARES = (0.6, 0.25, 0.15)
WARMUP_STEPS = 500
LEARNING_RATE = 1.5e-3
CLS, PAD, EOS, MASK = 0, 1, 2, 32
FIRST_RESIDUE, N_STANDARD = 4, 20  # L A G V ... C: the twenty standard residues


def build_model(seed):
    """Randomly initialised ESM-2 of about 2.3 million parameters (4.6 MB in float16)."""
    torch.manual_seed(seed)
    return EsmForMaskedLM(
        EsmConfig(
            vocab_size=len(VOCABULARY), hidden_size=192, num_hidden_layers=5, num_attention_heads=6,
            intermediate_size=768, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
            position_embedding_type="rotary", token_dropout=True, emb_layer_norm_before=False,
            max_position_embeddings=1026, pad_token_id=PAD, mask_token_id=MASK,
        )
    )  # fmt: skip


def encode(sequences):
    """One int64 array of residue tokens per sequence."""
    lookup = np.full(128, 3)
    for token, text in enumerate(VOCABULARY):
        if len(text) == 1:
            lookup[ord(text)] = token
    return [lookup[np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)] for sequence in sequences]


class Batches:
    """Masked batches of about ``TOKENS_PER_STEP`` tokens; batch ``step`` depends on the seed and the step alone."""

    def __init__(self, proteins, seed):
        self.proteins, self.seed = proteins, seed
        lengths = np.array([len(protein) for protein in proteins])
        self.weights = []  # a row of window w comes from proteins of at least w / 2 residues, by residues
        for window in WINDOWS:
            weight = np.where(lengths >= (window // 2 if window > WINDOWS[0] else 1), lengths, 0).astype(
                float
            )
            self.weights.append(weight / weight.sum())

    def __getitem__(self, step):
        rng = np.random.default_rng([self.seed, step])
        choice = rng.choice(len(WINDOWS), p=WINDOW_SHARES)
        window = WINDOWS[choice]
        rows = np.full((TOKENS_PER_STEP // window, window), PAD)
        chosen = rng.choice(len(self.proteins), size=len(rows), p=self.weights[choice])
        for row, protein in zip(rows, (self.proteins[i] for i in chosen), strict=True):
            start = rng.integers(0, max(len(protein) - (window - 2), 0) + 1)
            residues = protein[start : start + window - 2]
            row[0], row[1 : len(residues) + 1], row[len(residues) + 1] = CLS, residues, EOS
        target = (rows > EOS) & (rng.random(rows.shape) < 0.15)
        kind = rng.random(rows.shape)
        inputs = np.where(target & (kind < 0.8), MASK, rows)
        random_residue = rng.integers(FIRST_RESIDUE, FIRST_RESIDUE + N_STANDARD, rows.shape)
        inputs = np.where(target & (kind >= 0.9), random_residue, inputs)
        return (torch.from_numpy(array) for array in (inputs, rows, target))


def learning_rate(step, decay_start, decay_steps):
    """Warm-up, plateau, linear fall to zero."""
    fall = 1.0 if decay_start is None else 1 - (step - decay_start) / decay_steps
    return LEARNING_RATE * min((step + 1) / WARMUP_STEPS, 1.0, max(fall, 0.0))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the trained model and its checkpoint"
    )
    parser.add_argument(
        "--hours", type=float, default=2.0, help="wall time; used when --decay-start is not given"
    )
    parser.add_argument("--decay-start", type=int, help="step at which the learning rate starts to fall")
    parser.add_argument(
        "--decay-steps", type=int, help="steps of the fall (default: a quarter of --decay-start)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--save-every", type=int, default=200, help="steps between checkpoints")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    torch.set_flush_denormal(True)  # before the threads start; late gradients underflow, five times slower
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    checkpoint = arguments.out / "checkpoint.pt"
    sequences = [sequence for sequence in training_sequences() if not held_out(sequence)]
    batches = Batches(encode(sequences), arguments.seed)
    model = build_model(arguments.seed).train()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=0.0, betas=(0.9, 0.98), weight_decay=0.01, fused=True
    )
    step, seconds, tokens, losses = 0, 0.0, 0, []
    decay_start = arguments.decay_start
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step, seconds, tokens, losses = (state[name] for name in ("step", "seconds", "tokens", "losses"))
        decay_start = state["decay_start"] if decay_start is None else decay_start
    encoder = torch.compile(model.esm)
    clock, progress = time.perf_counter(), tqdm(initial=step, unit="step")
    decay_steps = None
    while True:
        if decay_start is None and seconds > 0.8 * 3600 * arguments.hours:
            decay_start = step
        if decay_start is not None:
            decay_steps = arguments.decay_steps or max(decay_start // 4, 1)
        done = decay_start is not None and step >= decay_start + decay_steps
        if step and (done or step % arguments.save_every == 0):
            state = {
                "model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "seconds": seconds,
                "tokens": tokens, "losses": losses, "decay_start": decay_start,
            }  # fmt: skip
            torch.save(state, checkpoint.with_suffix(".tmp"))
            checkpoint.with_suffix(".tmp").replace(checkpoint)
        if done:
            break
        inputs, rows, target = batches[step]
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, decay_start, decay_steps)
        hidden = encoder(input_ids=inputs, attention_mask=(rows != PAD).long()).last_hidden_state
        loss = functional.cross_entropy(model.lm_head(hidden[target]), rows[target])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        step, tokens = step + 1, tokens + int((rows != PAD).sum())
        seconds, clock = seconds + time.perf_counter() - clock, time.perf_counter()
        losses.append(loss.item())
        progress.update()
        progress.set_postfix(
            perplexity=f"{math.exp(np.mean(losses[-200:])):.2f}", hours=f"{seconds / 3600:.2f}"
        )
    # In float16 the rotary frequencies would be rounded; left out, they are computed on loading.
    weights = {name: tensor for name, tensor in model.half().state_dict().items() if "inv_freq" not in name}
    model.save_pretrained(arguments.out, state_dict=weights)
    (arguments.out / "vocab.txt").write_text("\n".join(VOCABULARY))
    digest = hashlib.sha256("\n".join(sorted(sequences)).encode()).hexdigest()
    record = {
        "steps": step, "decay_start": decay_start, "decay_steps": decay_steps, "tokens_seen": tokens,
        "hours": round(seconds / 3600, 3), "threads": arguments.threads, "seed": arguments.seed,
        "corpus_proteins": len(sequences), "corpus_residues": sum(map(len, sequences)), "corpus_sha256": digest,
        "tokens_per_step": TOKENS_PER_STEP, "torch": torch.__version__,
        "training_perplexity_last_500_steps": round(math.exp(np.mean(losses[-500:])), 3),
    }  # fmt: skip
    (arguments.out / "training.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
