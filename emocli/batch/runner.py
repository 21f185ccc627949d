"""A batch from its list of jobs to its last result: what is current is left, what dies is tried again, and at no
moment does a kill cost more than the videos that were being worked on."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from emocli import storage
from emocli.batch import cluster, fingerprint, gather, local
from emocli.batch.base import Worker
from emocli.batch.discover import Job
from emocli.batch.ledger import DONE, FAILED, Ledger
from emocli.errors import EmocliError, UsageError, WeightsError
from emocli.options import AnalyzeOptions
from emocli.outputs import formats
from emocli.outputs.base import OutputOptions

#: Workers that may die over a video before it has failed.
TRIES = 2
#: Seconds between two looks at timeouts.
TICK = 0.25
#: Name of the file that one run holds locked.
LOCK = "emocli-batch.lock"


@dataclass(frozen=True)
class Plan:
    """A batch: jobs, where results go, and how. `workers` is 0 for as many as the machine bears; `timeout` is seconds
    for one video, 0 for any; `wait` is for another run on the same folder; `engine` is "local" or "ray"."""

    jobs: Sequence[Job]
    out: Path
    options: AnalyzeOptions = field(default_factory=AnalyzeOptions)
    writing: OutputOptions = field(default_factory=OutputOptions)
    formats: Sequence[str] = ("csv", "srt")
    faces: bool = False
    workers: int = 0
    timeout: float = 0.0
    retry_failed: bool = False
    overwrite: bool = False
    wait: bool = False
    combine: bool = False
    parquet: bool = False
    engine: str = "local"
    ray_address: str = "auto"


@dataclass
class State:
    """How far a batch is; what a display shows.  `skipped` were done before; `failed` counts those that did so in
    an earlier run, too; `written` are the videos' files of this run, `gathered` those of the whole batch."""

    total: int
    skipped: int = 0
    done: int = 0
    failed: int = 0
    began: float = field(default_factory=time.monotonic)
    media_seconds: float = 0.0
    bytes_done: int = 0
    bytes_left: int = 0
    workers: list[Worker] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    gathered: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Seconds of video a second, since the beginning."""
        return self.media_seconds / max(1e-9, time.monotonic() - self.began)

    @property
    def left(self) -> float | None:
        """Seconds that are left, judged by bytes; None before anything is done."""
        if not self.bytes_done:
            return None
        return (time.monotonic() - self.began) / self.bytes_done * self.bytes_left


def run(plan: Plan, show: Callable[[State], None] = lambda state: None) -> State:
    """Work a batch off; `show` is called whenever something has changed.

    Raises `UsageError` when another run has the folder, a result would be overwritten, or what is asked for cannot
    be had, `WeightsError` when our own
    weights are missing, `OutputError` when the folder cannot be written to.
    """
    from filelock import FileLock, Timeout

    if plan.combine and "csv" not in plan.formats:
        raise UsageError("--combine", "gathers CSV files, and none are asked for", "add csv to --formats")
    if plan.parquet:
        gather.require_parquet()
    home = storage.home(plan.out)
    formats.refuse_locked([home / LOCK])
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / LOCK)
    try:
        lock.acquire(timeout=-1 if plan.wait else 0)
    except Timeout as error:
        raise UsageError(str(plan.out), "another run is working on this folder",
                         "wait for it, or pass --wait; results go elsewhere with -o") from error
    try:
        with Ledger(home) as ledger:
            storage.remove_parts(home)
            state = _work(plan, ledger, show)
            written = gather.batch(ledger, plan.jobs, home, parquet=plan.parquet)
            if plan.combine:
                written += gather.combine(ledger, plan.jobs, plan.out, home, parquet=plan.parquet)
            if storage.remote(plan.out):
                for path in written:
                    storage.put(path, plan.out / path.name)
            state.gathered = [str(plan.out / path.name) for path in written]
            return state
    finally:
        lock.release()


def _work(plan: Plan, ledger: Ledger, show: Callable[[State], None]) -> State:
    state = State(total=len(plan.jobs))
    waiting = deque(_due(plan, ledger, state))
    state.bytes_left = sum(_size(job) for job in waiting)
    heard: SimpleQueue[tuple[Worker, dict[str, Any] | None]] = SimpleQueue()
    if waiting and plan.engine == "ray":
        cluster.connect(plan.ray_address)
    engine, kind = (cluster, cluster.ActorWorker) if plan.engine == "ray" else (local, local.ChildWorker)
    count = min(plan.workers or engine.suited(len(waiting)), len(waiting)) if waiting else 0
    stillborn = 0

    def start(number: int) -> Worker:
        return kind(number, heard, plan.options, plan.writing)

    state.workers = [start(number) for number in range(count)]
    try:
        while waiting or any(worker.job for worker in state.workers):
            for worker in state.workers:
                if waiting and worker.ready and not worker.job:
                    job = waiting.popleft()
                    ledger.begin(job.name)
                    worker.take(job, _files(plan, job), time.monotonic())
            show(state)
            _end_the_slow(plan, state)
            try:
                worker, message = heard.get(timeout=TICK)
            except Empty:
                continue
            if worker not in state.workers:
                continue  # the last words of one that was replaced
            if message is None:
                words = worker.last_words()
                if worker.job:
                    _died(plan, ledger, state, waiting, worker, words)
                else:
                    stillborn += 1
                    if stillborn > TRIES * count:
                        raise EmocliError("the workers", f"do not start: {words}", "run `emocli doctor`")
                worker.close()
                state.workers[state.workers.index(worker)] = start(worker.number)
            elif message["kind"] == "progress":
                worker.shares[message["stage"]] = message["share"]
            elif message["kind"] == "ready":
                worker.ready = True
            else:
                _settle(plan, ledger, state, worker.job, message)
                worker.job = None
    finally:
        for worker in state.workers:
            worker.close()
    show(state)
    return state


def _due(plan: Plan, ledger: Ledger, state: State) -> Iterable[Job]:
    """The jobs that are not done and current, set waiting in the ledger; those that cannot be read fail."""
    settings = fingerprint.of_settings(plan.options, plan.formats, plan.faces, plan.writing)
    due: list[tuple[Job, str]] = []
    unreadable: list[tuple[Job, str]] = []
    for job in plan.jobs:
        known = ledger.get(job.name)
        files = [storage.place(f) for f in _files(plan, job).values()]
        try:
            mark = fingerprint.of_job(job.path, settings)
        except EmocliError as error:
            mark = f"unreadable {error}"
        current = known is not None and known.fingerprint == mark and not plan.overwrite
        if known and current and known.status == DONE and all(f.is_file() for f in files):
            state.skipped += 1
        elif known and current and known.status == FAILED and not plan.retry_failed:
            state.failed += 1
            state.errors.append(known.error or "")
        else:
            if known is None and not plan.overwrite:
                formats.refuse_existing(files)
            (unreadable if mark.startswith("unreadable") else due).append((job, mark))
    ledger.plan((job.name, job.path, mark) for job, mark in due + unreadable)
    for job, mark in unreadable:
        _fail(ledger, state, job, mark.removeprefix("unreadable "))
    return [job for job, _ in due]


def _files(plan: Plan, job: Job) -> dict[str, str]:
    named = plan.out / (job.name + ".x")  # an ending for `targets` to take off
    return {kind: str(path) for kind, path in
            formats.targets(named, named.parent, plan.formats, faces=plan.faces).items()}


def _size(job: Job) -> int:
    return job.path.stat().st_size if job.path.exists() else 0


def _settle(plan: Plan, ledger: Ledger, state: State, job: Job | None, message: dict[str, Any]) -> None:
    """A worker has answered."""
    if message.get("fatal") or job is None:
        raise WeightsError("the workers", message["error"], "run `emocli models verify`")
    size = _size(job)
    state.bytes_left -= size
    if message["kind"] == "failed":
        _fail(ledger, state, job, message["error"])
        return
    files = _files(plan, job).values()
    ledger.finish(job.name, seconds=message["seconds"], duration=message["duration"], summary=message["summary"],
                  outputs=[f.removeprefix(str(plan.out)).lstrip("/\\") for f in files])
    state.written += files
    state.bytes_done += size
    state.done += 1
    state.media_seconds += message["duration"]


def _died(plan: Plan, ledger: Ledger, state: State, waiting: deque[Job], worker: Worker, words: str) -> None:
    """A worker has ended over a job: once more, or enough."""
    job = worker.job
    assert job
    if plan.timeout and time.monotonic() - worker.began > plan.timeout:
        words = f"took longer than --timeout {plan.timeout:g}"
    if ledger.died(job.name) < TRIES:
        waiting.append(job)
    else:
        state.bytes_left -= _size(job)
        _fail(ledger, state, job, f"{job.path}: {words}, {TRIES} times")


def _fail(ledger: Ledger, state: State, job: Job, error: str) -> None:
    ledger.fail(job.name, error)
    state.failed += 1
    state.errors.append(error)


def _end_the_slow(plan: Plan, state: State) -> None:
    for worker in state.workers:
        if plan.timeout and worker.job and time.monotonic() - worker.began > plan.timeout:
            worker.kill()
