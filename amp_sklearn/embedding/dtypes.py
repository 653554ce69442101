"""Precision of a language model's computation, by what the hardware is good at."""

import torch

from ..nn.device import has_instructions, warn_if_emulated


def resolve_dtype(dtype, device):
    """``"auto"`` is bfloat16 where the hardware is faster in it, else float32."""
    if dtype == "auto":
        fast = torch.cuda.is_bf16_supported(False) if device.type == "cuda" else _cpu_gains_from_bfloat16()
        dtype = "bfloat16" if fast and device.type in ("cuda", "cpu") else "float32"
    if dtype not in ("float32", "bfloat16", "float16"):
        raise ValueError(f"dtype must be 'float32', 'bfloat16', 'float16' or 'auto', got {dtype!r}")
    warn_if_emulated(dtype, device, f"dtype={dtype!r}")
    return getattr(torch, dtype)


def _cpu_gains_from_bfloat16():
    """Whether matrix products are faster in bfloat16 than in float32 on this CPU.

    They are with matrix units (AMX) and on AMD's cores with AVX512-BF16. Intel's cores whose matrix units are absent
    or hidden have those instructions too, but were measured at 0.56 times their own float32 rate.
    """
    describe = getattr(torch.cpu, "get_capabilities", None)
    if describe is None or not has_instructions(torch.bfloat16, "cpu"):
        return False
    cpu = describe()
    slow = "intel" in str(cpu.get("cpu_name", "")).lower()
    return bool(cpu.get("amx_bf16") or (cpu.get("avx512_bf16") and not slow))
