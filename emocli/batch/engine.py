"""What all workers share, whatever they are made of, and where they come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from emocli.batch.discover import Job
from emocli.options import AnalyzeOptions
from emocli.outputs.base import OutputOptions

#: Bytes that a worker and its face process take at most (501 MB measured), with room to spare; and hardware
#: threads that one keeps busy.
MEMORY, THREADS = 800 << 20, 2
#: Kinds of messages beside those of `emocli.child`: a job has begun, how far it is, it is done.
BEGUN, PROGRESS, DONE = "begun", "progress", "done"

#: Where workers put (themselves, message), and (themselves, None) when they have ended.
Mailbox = SimpleQueue[tuple["Worker", dict[str, Any] | None]]


@dataclass(eq=False)
class Worker(ABC):
    """Analyses one video after the other with its models loaded.  The runner keeps `ready`, `job`, `began`
    (the time at which the worker said so, None before) and `shares` (how far each stage is, 0..1)."""

    number: int
    mailbox: Mailbox
    ready: bool = False
    job: Job | None = None
    began: float | None = None
    shares: dict[str, float] = field(default_factory=dict)

    def assign(self, job: Job, files: dict[str, str]) -> None:
        """Hand over a job, with the files to write."""
        self.job, self.began, self.shares = job, None, {}
        self.send({"path": str(job.path), "files": files})

    @abstractmethod
    def send(self, job: dict[str, Any]) -> None:
        """Hand a message over; nothing is raised when nobody is there to hear it."""

    @abstractmethod
    def last_words(self) -> str:
        """How it ended."""

    @abstractmethod
    def close(self) -> None:
        """End, whatever it is doing, and let go of everything."""


@dataclass
class Engine(ABC):
    """Makes workers."""

    options: AnalyzeOptions
    writing: OutputOptions

    @abstractmethod
    def room(self, wanted: int = 0) -> int:
        """How many workers there may be now, in all, if so many are asked for (0: what can be borne)."""

    @abstractmethod
    def start(self, number: int, mailbox: Mailbox) -> Worker:
        """A new worker, which begins to load its models."""
