"""Workers on several machines: one Ray actor each, which keeps the models loaded."""

from __future__ import annotations

import logging
import socket
import threading
from dataclasses import asdict
from typing import Any

from emocli.batch.base import MEMORY, THREADS, Worker
from emocli.errors import EmocliError, UsageError
from emocli.options import AnalyzeOptions
from emocli.outputs.base import OutputOptions

#: Seconds to reach a cluster's address, and between two questions how far an actor is.
REACH, ASK_EVERY = 10, 1.0


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
        self._shares: dict[str, float] = {}
        self._analyzer = Analyzer(AnalyzeOptions(**options))

    def ready(self) -> dict[str, Any]:
        """Say that it is there."""
        return {"kind": "ready"}

    def analyze(self, job: dict[str, Any]) -> dict[str, Any]:
        """Answer a job as the worker does."""
        from emocli.batch import worker

        def tell(message: dict[str, Any]) -> None:
            self._shares[message["stage"]] = message["share"]

        self._shares = {}
        return worker.answer(self._analyzer, job, self._writing, tell)

    def progress(self) -> dict[str, float]:
        """How far each stage is; may be asked meanwhile."""
        return dict(self._shares)


class ActorWorker(Worker):
    """An actor."""

    def start(self) -> None:
        """Begin to load the models."""
        import ray

        gpus = 1 if self.options.device == "cuda" else 0
        kind: Any = ray.remote(_Reader)
        kind = kind.options(num_cpus=THREADS, num_gpus=gpus, memory=MEMORY, max_restarts=0,
                            max_concurrency=2)  # a job, and questions about it
        self._actor = kind.remote(asdict(self.options), asdict(self.writing))
        self._words = "it said nothing"
        self._await(self._actor.ready.remote())

    def send(self, job: dict[str, Any]) -> None:
        """Hand a job over."""
        self._await(self._actor.analyze.remote(job))

    def kill(self) -> None:
        """End the actor, whatever it is doing."""
        import ray

        ray.kill(self._actor)

    def last_words(self) -> str:
        """How an actor that has ended did so."""
        return f"the actor ended ({self._words})"

    def _await(self, answer: Any) -> None:
        threading.Thread(target=self._listen, args=(answer,), daemon=True).start()

    def _listen(self, answer: Any) -> None:
        import ray

        try:
            while not ray.wait([answer], timeout=ASK_EVERY)[0]:
                if self.ready:
                    for stage, share in ray.get(self._actor.progress.remote()).items():
                        self.heard.put((self, {"kind": "progress", "stage": stage, "share": share}))
            self.heard.put((self, ray.get(answer)))
        except ray.exceptions.RayTaskError as error:
            self.heard.put((self, {"kind": "failed", "error": str(error.cause), "fatal": True}))
        except ray.exceptions.RayError as error:
            self._words = str(error).strip().splitlines()[0][:200]
            self.heard.put((self, None))
