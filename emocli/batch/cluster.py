"""Workers on several machines: one Ray actor each, which keeps the models loaded."""

from __future__ import annotations

import logging
import socket
import threading
from dataclasses import asdict, dataclass, field
from queue import SimpleQueue
from typing import Any

from emocli.batch.discover import Job
from emocli.batch.local import MEMORY, THREADS
from emocli.errors import EmocliError, UsageError
from emocli.options import AnalyzeOptions
from emocli.outputs.base import OutputOptions

#: Seconds to reach a cluster's address.
REACH = 10


def connect(address: str) -> None:
    """Join the cluster at `address`, "auto" for the one that this machine belongs to; a second call does nothing.

    Raises `UsageError` when Ray is missing, `EmocliError` when there is no cluster.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        raise UsageError("--engine ray", "the package ray is missing",
                         'install the extra: pip install "emocli[ray]"') from error
    if ray.is_initialized():
        return
    try:
        host, _, port = address.rpartition(":")
        if port.isdecimal():  # Ray itself would try for minutes
            socket.create_connection((host, int(port)), timeout=REACH).close()
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:
        raise EmocliError(address, f"no Ray cluster answers ({str(error).splitlines()[0]})",
                          "start one with `ray start --head`, see docs/cluster.md") from error


def suited(jobs: int) -> int:
    """How many actors the cluster's machines bear together, each by its cores and memory, at least one."""
    import ray

    found = 0
    for node in ray.nodes():
        have = node["Resources"] if node["Alive"] else {}
        found += int(min(have.get("CPU", 0) // THREADS, have.get("memory", 0) // MEMORY))
    return max(1, min(jobs, found))


class _Reader:
    """The actor: what `emocli.batch.worker` is to a pipe."""

    def __init__(self, options: dict[str, Any], writing: dict[str, Any]) -> None:
        from emocli.analyzer import Analyzer

        self._writing = OutputOptions(**writing)
        self._analyzer = Analyzer(AnalyzeOptions(**options))

    def ready(self) -> dict[str, Any]:
        """Say that it is there."""
        return {"kind": "ready"}

    def analyze(self, job: dict[str, Any]) -> dict[str, Any]:
        """Answer a job as the worker does."""
        from emocli.batch import worker

        return worker.answer(self._analyzer, job, self._writing, lambda message: None)


@dataclass(eq=False)
class ActorWorker:
    """One actor, as `emocli.batch.local.Worker` is one child."""

    number: int
    heard: SimpleQueue[Any]
    options: AnalyzeOptions
    writing: OutputOptions
    ready: bool = False
    job: Job | None = None
    began: float = 0.0
    shares: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        import ray

        gpus = 1 if self.options.device == "cuda" else 0
        kind: Any = ray.remote(num_cpus=THREADS, num_gpus=gpus, memory=MEMORY, max_restarts=0)(_Reader)
        self._actor = kind.remote(asdict(self.options), asdict(self.writing))
        self._words = "it said nothing"
        self._await(self._actor.ready.remote())

    def take(self, job: Job, files: dict[str, str], now: float) -> None:
        """Give it a job, with the files to write."""
        self.job, self.began = job, now
        self._await(self._actor.analyze.remote({"path": str(job.path), "files": files}))

    def kill(self) -> None:
        """End the actor, whatever it is doing."""
        import ray

        ray.kill(self._actor)

    def last_words(self) -> str:
        """How an actor that has ended did so."""
        return f"the actor ended ({self._words})"

    close = kill

    def _await(self, answer: Any) -> None:
        threading.Thread(target=self._listen, args=(answer,), daemon=True).start()

    def _listen(self, answer: Any) -> None:
        import ray

        try:
            self.heard.put((self, ray.get(answer)))
        except ray.exceptions.RayTaskError as error:
            self.heard.put((self, {"kind": "failed", "error": str(error.cause), "fatal": True}))
        except ray.exceptions.RayError as error:
            self._words = str(error).strip().splitlines()[0][:200]
            self.heard.put((self, None))
