"""The processes of one run: one per GPU, started by torchrun or by `ccr run --gpus N`.

All of them walk through the same run with the same data. What is dear is dealt out (the rows of a batch, texts to
encode, features to extract) and gathered; what is cheap is done by all of them alike; one of them, the leader, writes.
Alone, a process leads a world of one, and nothing here costs anything. The module imports torch only to join others.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ccr.errors import CcrError

if TYPE_CHECKING:
    from torch import Tensor

STEP_TIMEOUT = timedelta(minutes=30)
"""Between two processes that are in the same step; one that saves a checkpoint or is slow to decode is waited for."""
LONG_TIMEOUT = timedelta(days=7)
"""For what one does while others wait. A process that dies is noticed at once all the same: its connections close."""
INTERRUPTED = 130
LOST = 76
"""Exit code of a process that goes because another one went."""
NOTE = "CCR_NOTE"
"""Environment variable that names the file in which processes tell their launcher what the run goes on from."""

_ENVIRONMENT = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")

T = TypeVar("T")


class ProcessLostError(CcrError):
    """Another process of the run ended, or no longer answers."""

    exit_code = LOST


class World:
    """`rank` of `size` processes. Every process must come to every collective call, in the same order."""

    def __init__(self, rank: int = 0, size: int = 1, local_rank: int = 0, patient: Any = None) -> None:
        self.rank, self.size, self.local_rank = rank, size, local_rank
        self._patient = patient  # process group for long waits

    @property
    def leads(self) -> bool:
        """Whether this process writes and speaks."""
        return self.rank == 0

    # --- decisions -------------------------------------------------------------------------------------------------

    def once(self, work: Callable[[], T]) -> T:
        """What `work` gives the leader, JSON-able, for every process; the others wait. So does its CcrError."""
        if self.size == 1:
            return work()
        said: dict[str, Any] = {}
        if self.leads:
            try:
                said = {"value": work()}
            except CcrError as error:
                self._tell({"error": str(error)})
                raise
        said = self._tell(said)
        if "error" in said:
            raise CcrError(said["error"])
        return said["value"]

    def wait(self) -> None:
        """Return when every process is here."""
        if self.size > 1:
            with _together() as dist:
                dist.barrier(group=self._patient)

    def highest(self, value: int) -> int:
        """The highest of all processes' values."""
        return max(row[0] for row in self.numbers([value]))

    def numbers(self, own: Sequence[int]) -> list[list[int]]:
        """Every process's numbers by rank; all give equally many."""
        if self.size == 1:
            return [list(own)]
        import torch

        mine = torch.tensor(own, dtype=torch.int64)
        found = [torch.empty_like(mine) for _ in range(self.size)]
        with _together() as dist:
            dist.all_gather(found, mine)
        return [row.tolist() for row in found]

    def texts(self, own: Sequence[str]) -> list[list[str]]:
        """Every process's texts by rank; any may have none."""
        if self.size == 1:
            return [list(own)]
        packed = _bytes(list(own))
        sizes = [row[0] for row in self.numbers([len(packed)])]
        if max(sizes) == len(_bytes([])):
            return [[] for _ in sizes]
        parts = self.rows(packed, sizes).split(sizes)
        return [json.loads(part.numpy().tobytes()) for part in parts]

    def claims(self, what: str) -> bool:
        """True for the first process that asks, so that a message that any may have is told once."""
        if self.size == 1:
            return True
        from torch.distributed import distributed_c10d

        try:
            won = distributed_c10d._get_default_store().compare_set(f"ccr/{what}", "", str(self.rank))
        except (RuntimeError, ValueError):
            return self.leads
        return won.decode() == str(self.rank)

    def note(self, text: str) -> None:
        """Tell who launched the processes what the same command would go on from."""
        if self.size > 1 and os.environ.get(NOTE):
            Path(os.environ[NOTE]).write_text(text, encoding="utf-8")

    # --- tensors, on the CPU or on the device ----------------------------------------------------------------------

    def share(self, items: T) -> T:
        """This process's share of a sequence or of the rows of a tensor: no padding, nothing twice, perhaps none."""
        return items if self.size == 1 else items[self.rank :: self.size]  # type: ignore[index]

    def counts(self, total: int) -> list[int]:
        """How many of `total` each process has in its share."""
        return [len(range(rank, total, self.size)) for rank in range(self.size)]

    def rows(self, own: Tensor, counts: Sequence[int]) -> Tensor:
        """(n, ...) of each process, in the order of their ranks, as one; `counts` gives every n."""
        if self.size == 1:
            return own
        most = max(counts)
        padded = own.new_zeros(most, *own.shape[1:])
        padded[: len(own)] = own
        found = [own.new_empty(padded.shape) for _ in counts]
        if padded.numel():
            with _together() as dist:
                dist.all_gather(found, padded)
        import torch

        return torch.cat([part[:count] for part, count in zip(found, counts, strict=True)])

    def every(self, own: Tensor, group: object = None) -> list[Tensor]:
        """The rows of each process, by rank; any may have none. What torchmetrics calls a `dist_sync_fn`."""
        counts = [row[0] for row in self.numbers([len(own)])]
        return list(self.rows(own, counts).split(counts))

    def unshare(self, own: Tensor, total: int) -> Tensor:
        """The rows of all shares, put back where `share` took them from."""
        if self.size == 1:
            return own
        import torch

        counts = self.counts(total)
        places = torch.cat([torch.arange(rank, total, self.size) for rank in range(self.size)])
        return self.rows(own, counts)[torch.argsort(places).to(own.device)]

    def joined(self, parts: Sequence[T], work: Callable[[T], Tensor], device: Any) -> Tensor:
        """The (n, D) fp32 rows that `work` gives for each part, in the order of the parts; the parts are dealt out."""
        import torch

        if self.size == 1:
            return torch.cat([work(part) for part in parts])
        mine = [work(part) for part in self.share(parts)]
        width = max(row[0] for row in self.numbers([mine[0].shape[1] if mine else 0]))
        lengths = [len(part) for part in mine] + [0] * (self.counts(len(parts))[0] - len(mine))
        by_rank = self.numbers(lengths)
        own = torch.cat(mine) if mine else torch.empty(0, width, device=device)
        rows = [found.split(n) for found, n in zip(self._split(own, by_rank), by_rank, strict=True)]
        return torch.cat([rows[i % self.size][i // self.size] for i in range(len(parts))])

    def add(self, tensors: Iterable[Tensor]) -> None:
        """Each tensor becomes its sum over the processes."""
        if self.size > 1:
            with _together() as dist:
                for tensor in tensors:
                    dist.all_reduce(tensor)

    def follow(self, tensors: Iterable[Tensor]) -> None:
        """Each tensor becomes what the leader has."""
        if self.size > 1:
            import torch

            for tensor in tensors:
                own = tensor.detach().contiguous()
                with _together() as dist:
                    dist.broadcast(own.view(-1).view(torch.uint8), 0)
                tensor.detach().copy_(own)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _split(self, own: Tensor, by_rank: Sequence[Sequence[int]]) -> Sequence[Tensor]:
        counts = [sum(lengths) for lengths in by_rank]
        return self.rows(own, counts).split(counts)

    def _tell(self, value: dict[str, Any]) -> dict[str, Any]:
        """The leader's value, over the patient group."""
        import torch

        packed = _bytes(value)
        size = torch.tensor([len(packed)])
        with _together() as dist:
            dist.broadcast(size, 0, group=self._patient)
            packed = packed if self.leads else torch.empty(int(size), dtype=torch.uint8)
            dist.broadcast(packed, 0, group=self._patient)
        found: dict[str, Any] = json.loads(packed.numpy().tobytes())
        return found


_current = World()


def world() -> World:
    """The processes that this one works with: itself alone unless it has joined others."""
    return _current


def started_together() -> bool:
    """Whether torchrun started this process as one of several."""
    return all(name in os.environ for name in _ENVIRONMENT) and int(os.environ["WORLD_SIZE"]) > 1


def join() -> World:
    """Meet the other processes, if torchrun started any: over gloo, and over NCCL for what lies on GPUs."""
    global _current
    if _current.size > 1 or not started_together():
        return _current
    import torch

    rank, size, local = (int(os.environ[name]) for name in _ENVIRONMENT[:3])
    gpus = torch.cuda.is_available() and torch.distributed.is_nccl_available()
    with _together() as dist:
        dist.init_process_group("cpu:gloo,cuda:nccl" if gpus else "gloo", timeout=STEP_TIMEOUT)
        patient = dist.new_group(backend="gloo", timeout=LONG_TIMEOUT)
    _current = World(rank, size, local, patient)
    return _current


def tells(code: int) -> bool:
    """Whether this process is to say why it ends with that exit code. One of several does.

    Who launched them sees interrupts and lost processes itself, and tells of them.
    """
    if _current.size > 1 and os.environ.get(NOTE) and code in (INTERRUPTED, LOST):
        return False
    return _current.claims("end")


def leave() -> None:
    """Part from the others. Nothing is waited for."""
    global _current
    if _current.size > 1:
        import torch

        _current = World()
        torch.distributed.destroy_process_group()


def _bytes(value: Any) -> Tensor:
    import torch

    return torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8)


@contextmanager
def _together() -> Iterator[Any]:
    """Within it, a process that is not there any more is a ProcessLostError."""
    import torch.distributed

    try:
        yield torch.distributed
    except RuntimeError as error:
        cause = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ProcessLostError(f"another process of this run ended or does not answer ({cause[:200]})") from error
