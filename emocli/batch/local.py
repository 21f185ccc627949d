"""Workers on this machine: child processes that each keep the models loaded, or for a single video this
process."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from emocli import child
from emocli.batch import resources, worker
from emocli.batch.engine import BEGUN, MEMORY, THREADS, Engine, Mailbox, Worker
from emocli.errors import EmocliError
from emocli.options import AnalyzeOptions
from emocli.outputs.base import OutputOptions


@dataclass
class ChildEngine(Engine):
    """Child processes, as many as this machine's cores and free memory bear, at least one."""

    def __post_init__(self) -> None:
        self._room = max(1, int(min(resources.cores() // THREADS, resources.memory() // MEMORY)))

    def room(self, wanted: int = 0) -> int:
        """What is asked for, or how many the machine bears."""
        return wanted or self._room

    def start(self, number: int, mailbox: Mailbox) -> Worker:
        """A child that loads the models."""
        try:
            return ChildWorker(number, mailbox, settings={
                "options": asdict(self.options), "writing": asdict(self.writing),
                "log_level": logging.getLogger("emocli").getEffectiveLevel()})
        except OSError as error:
            raise EmocliError("the workers", f"cannot be started ({error.strerror or error})",
                              "close other programs, or give fewer --workers") from error


@dataclass(eq=False, kw_only=True)
class ChildWorker(Worker):
    """A child process."""

    settings: dict[str, Any]

    def __post_init__(self) -> None:
        self._child = child.Child("emocli.batch.worker")
        self.send(self.settings)
        threading.Thread(target=self._listen, daemon=True).start()

    def send(self, job: dict[str, Any]) -> None:
        """Hand a message over."""
        with suppress(child.ChildEndedError):  # its end is heard in its own time
            self._child.send(job)

    def last_words(self) -> str:
        """How a child that has ended did so."""
        return f"the worker {self._child.last_words()}"

    def close(self) -> None:
        """Kill the child; its face process follows when its pipe closes."""
        self._child.close()

    def _listen(self) -> None:
        with suppress(child.ChildEndedError):
            while True:
                self.mailbox.put((self, self._child.receive()[0]))
        self.mailbox.put((self, None))


class InProcessEngine(Engine):
    """For a single video: no child to start, but a crash of native code ends the whole run."""

    def room(self, wanted: int = 0) -> int:
        """One."""
        return 1

    def start(self, number: int, mailbox: Mailbox) -> Worker:
        """A thread, when the job comes."""
        return ThreadWorker(number, mailbox, ready=True, options=self.options, writing=self.writing)


@dataclass(eq=False, kw_only=True)
class ThreadWorker(Worker):
    """A thread of this process."""

    options: AnalyzeOptions
    writing: OutputOptions
    thread: threading.Thread | None = None

    def send(self, job: dict[str, Any]) -> None:
        """Begin."""
        self.thread = threading.Thread(target=self._analyze, args=(job,), daemon=True)
        self.thread.start()

    def last_words(self) -> str:
        """Never asked: a thread answers."""
        return "the thread ended"

    def close(self) -> None:
        """End the children of an analysis that goes on, which fails without them."""
        if self.job:
            child.kill_all()
        elif self.thread:
            self.thread.join()

    def _analyze(self, job: dict[str, Any]) -> None:
        from emocli.analyzer import Analyzer

        def tell(message: dict[str, Any]) -> None:
            self.mailbox.put((self, message))

        tell({"kind": BEGUN})
        try:
            with Analyzer(self.options) as analyzer:
                message = worker.answer(analyzer, job, self.writing, tell)
        except BaseException as error:  # models that cannot be loaded; a panic of native code
            message = worker.failure(error, job["path"])
        tell(message)
