"""Cells as tasks of Ray."""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence
from typing import Any

import ccr
from ccr_ray.settings import Settings
from ccr_ray.task import keep, touched


class Ray(ccr.Executor):
    """A task for each cell. Ray's own retries are off: a task that is lost is said to be, and the grid gives its cell
    again, wherever there is room. Cells stop, with a checkpoint, when this process is gone."""

    def __init__(self, settings: Settings, jobs: int | None) -> None:
        super().__init__(settings, jobs)
        try:
            import ray
        except ImportError as error:
            raise ccr.CcrError("the executor ray needs ray: pip install 'ccr[ray]'") from error
        self.ray = ray
        self.given: dict[str, tuple[Any, ccr.Job, int]] = {}  # id -> its task, job, and age of its output before
        self.number = 0

    def submit(self, jobs: Sequence[ccr.Job]) -> list[str]:
        self._connect()
        return [self._task(job) for job in jobs]

    def poll(self, ids: Sequence[str]) -> list[ccr.JobState]:
        tasks = [self.given[each][0] for each in ids]
        ready, _ = self.ray.wait(tasks, num_returns=len(tasks), timeout=0)
        return [self._outcome(each) if self.given[each][0] in ready else self._under_way(each) for each in ids]

    def cancel(self, ids: Sequence[str], force: bool = False) -> None:
        for each in ids:
            self.ray.cancel(self.given[each][0], force=force)

    def _connect(self) -> None:
        if self.ray.is_initialized():
            return
        given: dict[str, Any] = {"address": self.settings.address or None}
        host, _, port = self.settings.address.removeprefix("ray://").rpartition(":")
        if self.settings.address == "local":
            given["include_dashboard"] = False
        try:
            if port.isdigit():  # Ray itself tries for minutes
                socket.create_connection((host, int(port)), timeout=10).close()
            self.ray.init(**given, log_to_driver=False, logging_level=logging.ERROR)
        except Exception as error:  # of many classes, with pages of text
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            where = f"at {self.settings.address}" if self.settings.address else "on this machine"
            raise ccr.CcrError(f"--set executor.address: there is no Ray cluster {where}: {first}") from error

    def _task(self, job: ccr.Job) -> str:
        given: Settings = self.settings
        gpus = given.gpus
        if gpus is None:  # a cell that would take a GPU goes without one where no machine has any
            gpus = job.gpus if self.ray.cluster_resources().get("GPU") else 0
        cpus = given.cpus or job.threads or 1
        memory = {"memory": int(given.mem * 1e9)} if given.mem else {}
        task = self.ray.remote(max_retries=0)(keep).options(name=job.name, num_cpus=cpus, num_gpus=gpus, **memory)
        environment = {"OMP_NUM_THREADS": str(job.threads or max(1, int(cpus)))}
        self.number += 1
        name = str(self.number)
        before = touched(job.folder)
        self.given[name] = (task.remote(list(job.command), str(job.folder), environment), job, before)
        return name

    def _under_way(self, name: str) -> ccr.JobState:
        _, job, before = self.given[name]
        return "waiting" if touched(job.folder) == before else "running"

    def _outcome(self, name: str) -> ccr.JobState:
        """Of a task that is over: "lost" where its worker or its process was killed, by nobody that we know."""
        errors = self.ray.exceptions
        try:
            return "lost" if self.ray.get(self.given[name][0]) < 0 else "ended"
        except errors.TaskCancelledError:
            return "ended"
        except (errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError, errors.RaySystemError):
            return "lost"
        except errors.RayError as error:  # its folder does not say what this was
            with (self.given[name][1].folder / "output.txt").open("a", encoding="utf-8") as output:
                output.write(f"{error}\n")
            return "ended"
