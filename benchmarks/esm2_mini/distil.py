"""Train ``esm2-mini`` to reproduce what a larger ESM-2 says about residues: only the teacher's outputs are used, none of its weights.

    python benchmarks/esm2_mini/distil.py --teacher <folder or name of ESM-2 8M> --out build/esm2-mini --minutes 4

The student starts from the bundled ``esm2-mini`` and sees the same corpus as ``pretrain.py`` (sequences only; validation
and test proteins of Bernett are never read). Its target is the teacher's last hidden state, turned to its principal
components, of which the first ones are kept and each is divided by the fourth root of its variance, so that weak
components count too; half of the loss compares residues, half the means of ten segments, which is what pair models read.
Runs on a CUDA device in minutes. A run without an improvement on held-out proteins says so at the end.
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
from pretrain import CLS, EOS, PAD, encode
from transformers import EsmForMaskedLM, EsmModel

BUNDLED = Path(__file__).resolve().parents[2] / "amp_sklearn/embedding/esm2_mini"
WINDOWS = (128, 256, 512, 1024)
N_SEGMENTS = 10


class Corpus:
    """Proteins as one tensor of tokens on the device, cut into padded batches there."""

    def __init__(self, proteins, device):
        self.tokens = torch.from_numpy(np.concatenate(proteins)).to(device)
        self.lengths = torch.tensor([len(protein) for protein in proteins], device=device)
        self.starts = self.lengths.cumsum(0) - self.lengths
        self.device = device
        self.weights = [
            torch.where(
                self.lengths >= (w // 2 if w > WINDOWS[0] else 1), self.lengths.clamp(max=2 * w), 0
            ).float()
            for w in WINDOWS
        ]

    def batch(self, tokens_per_step, generator):
        """Rows of one random window length, ``(n, window)``, and how many residues each holds."""
        choice = int(torch.randint(len(WINDOWS), (), generator=generator, device=self.device))
        window = WINDOWS[choice]
        rows = torch.multinomial(
            self.weights[choice], max(tokens_per_step // window, 1), True, generator=generator
        )
        return self.cut(rows, window, torch.rand(len(rows), generator=generator, device=self.device))

    def cut(self, rows, window, place):
        """Windows of the given proteins; ``place`` in 0 to 1 says where they begin."""
        lengths, room = self.lengths[rows], window - 2
        first = (place * ((lengths - room).clamp(min=0) + 1)).long()
        kept = torch.minimum(lengths, torch.tensor(room, device=self.device))
        column = torch.arange(window, device=self.device)
        source = (self.starts[rows] + first)[:, None] + (column - 1).clamp(min=0)
        found = self.tokens[source.clamp(max=len(self.tokens) - 1)]
        found = torch.where(column[None] == 0, CLS, found)
        found = torch.where(column[None] == kept[:, None] + 1, EOS, found)
        return torch.where(column[None] > kept[:, None] + 1, PAD, found), kept


def segment_means(states, kept):
    """Means over ten equal parts of each row's residues, ``(n, window, d) -> (n, 10, d)``."""
    column = torch.arange(states.shape[1], device=states.device)[None] - 1
    part = (column * N_SEGMENTS) // kept[:, None].clamp(min=1)
    member = torch.nn.functional.one_hot(part.clamp(0, N_SEGMENTS - 1), N_SEGMENTS).to(states.dtype)
    member = member * ((column >= 0) & (column < kept[:, None]))[..., None]
    return torch.einsum("nls,nld->nsd", member, states) / member.sum(1).clamp(min=1)[..., None]


class Target:
    """The teacher's last hidden state in the student's width."""

    def __init__(self, teacher, corpus, width, generator, tokens_per_step, precision):
        self.teacher, self.precision = teacher, precision
        states = []
        for _ in range(12):
            rows, _ = corpus.batch(tokens_per_step, generator)
            states.append(self.states(rows)[rows > EOS].float())
        states = torch.cat(states)
        self.mean = states.mean(0)
        variance, vectors = torch.linalg.eigh(torch.cov((states - self.mean).T.double()))
        order = variance.argsort(descending=True)[:width]
        self.explained = float(variance[order].sum() / variance.sum())
        self.turn = (vectors[:, order] / variance[order].clamp(min=1e-8) ** 0.25).float()
        scale = (states - self.mean) @ self.turn
        self.turn /= scale.std()

    @torch.inference_mode()
    def states(self, rows):
        with torch.autocast(rows.device.type, self.precision):
            return self.teacher(input_ids=rows, attention_mask=(rows != PAD).long()).last_hidden_state

    def __call__(self, rows):
        return ((self.states(rows).float() - self.mean) @ self.turn).clone()


def losses(student, target, rows, kept, precision):
    """Mean squared error of residues, and of segment means in units of their variance."""
    with torch.autocast(rows.device.type, precision):
        states = student(input_ids=rows, attention_mask=(rows != PAD).long()).last_hidden_state
    states, wanted = states.float(), target(rows)
    residues = rows > EOS
    of_residues = torch.nn.functional.mse_loss(states[residues], wanted[residues])
    ours, theirs = segment_means(states, kept), segment_means(wanted, kept)
    spread = theirs.reshape(-1, theirs.shape[-1]).var(0).clamp(min=1e-6)
    return of_residues, ((ours - theirs) ** 2 / spread).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--teacher", required=True)
    parser.add_argument(
        "--student", type=Path, default=BUNDLED, help="folder of weights to start from, to go on with"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--tokens-per-step", type=int, default=32768)
    parser.add_argument("--lr", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    device, precision = torch.device(arguments.device), torch.bfloat16
    torch.set_float32_matmul_precision("high")
    generator = torch.Generator(device).manual_seed(arguments.seed)
    sequences = training_sequences()
    training = [sequence for sequence in sequences if not held_out(sequence)]
    corpus = Corpus(encode(training), device)
    unseen = Corpus(encode([sequence for sequence in sequences if held_out(sequence)]), device)
    teacher = EsmModel.from_pretrained(arguments.teacher, add_pooling_layer=False, dtype=torch.float32)
    teacher = teacher.to(device).eval().requires_grad_(False)
    model = EsmForMaskedLM.from_pretrained(arguments.student, dtype=torch.float32)
    model.config.token_dropout = teacher.config.token_dropout
    student = model.esm.to(device).train()
    target = Target(
        teacher, corpus, model.config.hidden_size, generator, arguments.tokens_per_step, precision
    )
    print(
        f"{len(training)} proteins; the target keeps {target.explained:.1%} of the teacher's variance",
        flush=True,
    )
    parameters = [p for name, p in student.named_parameters() if "contact" not in name]
    optimizer = torch.optim.AdamW(
        parameters, lr=0.0, betas=(0.9, 0.98), weight_decay=0.01, fused=device.type == "cuda"
    )

    def judged():
        student.eval()
        chosen = torch.Generator(device).manual_seed(1)
        with torch.inference_mode():
            found = [
                losses(student, target, *unseen.batch(arguments.tokens_per_step, chosen), precision)
                for _ in range(4)
            ]
        student.train()
        return [sum(float(part[k]) for part in found) / len(found) for k in range(2)]

    before, begin, step, tokens, curve = judged(), time.perf_counter(), 0, 0, []
    while (share := (time.perf_counter() - begin) / (60 * arguments.minutes)) < 1:
        lr = arguments.lr * min((step + 1) / 300, 1.0) * 0.5 * (1 + math.cos(math.pi * share))
        for group in optimizer.param_groups:
            group["lr"] = lr
        rows, kept = corpus.batch(arguments.tokens_per_step, generator)
        of_residues, of_segments = losses(student, target, rows, kept, precision)
        (of_residues + of_segments).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step, tokens = step + 1, tokens + int(rows.numel())
        if step % 500 == 0 or step == 1:
            curve.append({"step": step, "minutes": round(share * arguments.minutes, 2), "held_out": judged()})
            print(json.dumps(curve[-1]), flush=True)
    after = judged()
    print(f"held-out loss of residues and segments: {before} before, {after} after", flush=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    student = student.cpu().float().half()
    # In float16 the rotary frequencies would be rounded; left out, they are computed on loading.
    weights = {
        f"esm.{name}": tensor for name, tensor in student.state_dict().items() if "inv_freq" not in name
    }
    weights |= {
        name: tensor.half()
        for name, tensor in model.state_dict().items()
        if name.startswith("lm_head") and "decoder.weight" not in name
    }
    model.half().save_pretrained(arguments.out, state_dict=weights)
    (arguments.out / "vocab.txt").write_text("\n".join(VOCABULARY))
    digest = hashlib.sha256("\n".join(sorted(training)).encode()).hexdigest()
    record = {
        "kind": "distilled from hidden states of ESM-2 8M, started from the first esm2-mini", "steps": step,
        "tokens_seen": tokens, "minutes": arguments.minutes, "device": torch.cuda.get_device_name() if device.type == "cuda" else "CPU",
        "seed": arguments.seed, "corpus_proteins": len(training), "corpus_sha256": digest, "torch": torch.__version__,
        "teacher_variance_kept": target.explained, "held_out_before": before, "held_out_after": after, "curve": curve,
    }  # fmt: skip
    (arguments.out / "training.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
