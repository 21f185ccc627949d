"""What all workers share, whatever they are made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from emocli.batch.discover import Job
from emocli.options import AnalyzeOptions
from emocli.outputs.base import OutputOptions

#: Bytes that a worker and its face process take at most (501 MB measured), with room to spare; and hardware threads
#: that one keeps busy.
MEMORY, THREADS = 800 << 20, 2


@dataclass(eq=False)
class Worker(ABC):
    """What does the work: a child process, or an actor.  It puts (itself, message) into `heard`, and (itself, None)
    when it has ended; the runner keeps `ready`, `job`, `began` and `shares`."""

    number: int
    heard: SimpleQueue[tuple[Worker, dict[str, Any] | None]]
    options: AnalyzeOptions
    writing: OutputOptions
    ready: bool = False
    job: Job | None = None
    began: float = 0.0
    shares: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.start()

    @abstractmethod
    def start(self) -> None:
        """Come into being."""

    def take(self, job: Job, files: dict[str, str], now: float) -> None:
        """Begin a job, with the files to write."""
        self.job, self.began, self.shares = job, now, {}
        self.send({"path": str(job.path), "files": files})

    @abstractmethod
    def send(self, job: dict[str, Any]) -> None:
        """Hand a job over."""

    @abstractmethod
    def kill(self) -> None:
        """End, whatever it is doing."""

    @abstractmethod
    def last_words(self) -> str:
        """How it ended."""

    def close(self) -> None:
        """End, and let go of everything."""
        self.kill()
