"""Where a run computes, and in which precision."""

from __future__ import annotations

import os

import torch
from attrs import frozen

from ccr.config import RunConfig
from ccr.errors import CcrError
from ccr.world import world


@frozen
class Compute:
    """The device and the precision of a run. Neither is part of the run's identity; both are recorded."""

    device: torch.device
    bf16: bool

    @property
    def precision(self) -> str:
        return "bf16" if self.bf16 else "fp32"


def compute(config: RunConfig) -> Compute:
    """`auto` is a GPU where there is one, with bf16 autocast; else the CPU in fp32.

    Of several processes on a machine each takes a GPU of its own.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    name = config.device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and world().size > 1:
        name = f"cuda:{world().local_rank}"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise CcrError(
            f"--device {name} cannot be used here ({str(error).splitlines()[0]}); try --device cpu"
        ) from error
    if config.precision not in ("auto", "fp32", "bf16"):
        raise CcrError(f"--precision is auto, fp32 or bf16, not {config.precision!r}")
    if device.type == "cuda":
        torch.cuda.set_device(device)
        # the same seed gives the same numbers, as far as CUDA's kernels can; the others say so in a warning
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cudnn.benchmark = False
    bf16 = config.precision == "bf16" or (config.precision == "auto" and device.type == "cuda")
    return Compute(device, bf16)


def describe(device: torch.device) -> str:
    """The hardware in words, for the provenance."""
    processes = f"{world().size} processes of " if world().size > 1 else ""
    if device.type == "cuda":
        return processes + torch.cuda.get_device_name(device)
    return f"{processes}cpu, {os.cpu_count()} cores, {torch.get_num_threads()} threads"
