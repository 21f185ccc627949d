"""The only way to analyse videos, one or many: what is current is left, what fails costs only itself, what
dies is tried again, and at no moment does a kill cost more than the videos that were being worked on."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from queue import Empty
from typing import Any

from emocli import child, storage
from emocli.batch import cluster, fingerprint, gather, local
from emocli.batch.discover import Job
from emocli.batch.engine import BEGUN, DONE, PROGRESS, Engine, Mailbox, Worker
from emocli.batch.ledger import FAILED, RUNNING, Entry, Ledger
from emocli.batch.plan import Plan, State
from emocli.errors import EmocliError, InputError, OutputError, UsageError, of_code
from emocli.outputs import formats

log = logging.getLogger("emocli.batch")

#: Workers that may die over a video before it has failed, or one after the other without beginning one.
TRIES, STILLBORN = 2, 8
#: Seconds between two looks at timeouts and at new machines.
TICK = 0.25
#: Name of the file that one run holds locked.
LOCK = "emocli-batch.lock"

Show = Callable[[State], None]
Clock = Callable[[], float]


def run(plan: Plan, show: Show = lambda state: None, *, engine: Engine | None = None,
        clock: Clock = time.monotonic) -> State:
    """Work a plan off; `show` is called whenever something has changed; `engine` makes the workers, that of
    the plan if left out; `clock` (seconds) is what timeouts go by.

    Raises `UsageError` when another run has the folder, or what is asked for cannot be had, `WeightsError`
    when our own weights are missing, `InputError` for a file that an option names, `OutputError` when the
    folder cannot be written to; what is wrong with a single video is in the state that is returned.
    """
    engine = engine or _engine(plan, clock)
    storage.remove_abandoned()
    try:
        if not plan.account or plan.out is None:
            with Ledger() as ledger:
                return Run(plan, ledger, engine, show, clock).work()
        gather.check(plan)
        home = storage.home(plan.out)
        with held(home, plan.out, wait=plan.wait), Ledger(home) as ledger:
            for folder in {home, plan.out}:
                storage.remove_parts(folder)
            state = Run(plan, ledger, engine, show, clock).work()
            state.gathered = gather.write(plan, ledger, plan.out, home)
            return state
    finally:
        storage.remove_abandoned()


def _engine(plan: Plan, clock: Clock) -> Engine:
    if plan.engine == "ray":
        return cluster.RayEngine(plan.options, plan.writing, plan.ray_address, clock)
    if len(plan.jobs) == 1 and not (plan.account or plan.workers or plan.timeout):
        return local.InProcessEngine(plan.options, plan.writing)
    return local.ChildEngine(plan.options, plan.writing)


@contextmanager
def held(home: Path, out: Path, *, wait: bool = False) -> Iterator[None]:
    """The folder that keeps account of the results in `out`, locked against other runs.

    Raises `UsageError` when another has it, unless it is to `wait`; `OutputError` when it cannot be locked.
    """
    from filelock import FileLock, Timeout

    formats.refuse_locked([home / LOCK])
    lock = FileLock(home / LOCK)
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout as error:
        raise UsageError(str(out), "another run is working on this folder",
                         "wait for it, or pass --wait; results go elsewhere with -o") from error
    except OSError as error:
        raise OutputError(home, f"cannot be written to ({error.strerror or error})",
                          "give another folder with -o") from error
    try:
        yield
    finally:
        lock.release()


class Run:
    """One run: hands jobs to workers and enters in the ledger what becomes of them."""

    def __init__(self, plan: Plan, ledger: Ledger, engine: Engine, show: Show, clock: Clock) -> None:
        self._plan, self._ledger, self._engine, self._show, self._clock = plan, ledger, engine, show, clock
        self._state = State(total=len(plan.jobs))
        self._waiting: deque[Job] = deque()
        self._mailbox: Mailbox = Mailbox()
        self._stillborn = 0

    def work(self) -> State:
        """Work all jobs off."""
        self._take_stock()
        self._state.bytes_left = sum(_size(job) for job in self._waiting)
        workers = self._state.workers
        try:
            while self._waiting or any(worker.job for worker in workers):
                self._hire()
                for worker in workers:
                    if self._waiting and worker.ready and not worker.job:
                        self._assign(worker, self._waiting.popleft())
                self._show(self._state)
                self._end_slow()
                self._listen()
        finally:
            for worker in workers:
                worker.close()
        self._show(self._state)
        return self._state

    def _take_stock(self) -> None:
        """Set waiting, in the ledger too, what is not done and current; what cannot be tried fails."""
        plan = self._plan
        settings = fingerprint.of_settings(plan.options, plan.formats, plan.faces, plan.writing)
        due: list[tuple[Job, str]] = []
        refused: list[tuple[Job, EmocliError]] = []
        for job in plan.jobs:
            known = self._ledger.get(job.name)
            try:
                if job.error:
                    raise job.error
                mark = fingerprint.of_job(job.path, settings)
                current = known if known and known.fingerprint == mark and not plan.overwrite else None
                if current and current.status == DONE and not current.summary.get("left_out") \
                        and all(f.is_file() for f in self._files(job).values()):
                    self._state.skipped += 1
                elif current and current.status == FAILED and not plan.retry_failed:
                    self._state.failures.append((current.error or "", InputError.exit_code))
                else:
                    self._refuse_to_replace(job, known)
                    due.append((job, mark))
            except EmocliError as error:
                refused.append((job, error))
            except OSError as error:
                refused.append((job, OutputError(
                    job.path, f"its results cannot be written ({error.strerror or error})",
                    "give it another name, or results another folder with -o")))
        self._ledger.plan([(job.name, job.path, mark) for job, mark in due]
                          + [(job.name, job.path, "") for job, _ in refused])
        for job, refusal in refused:
            self._fail(job, str(refusal), refusal.exit_code)
        self._waiting.extend(job for job, _ in due)

    def _refuse_to_replace(self, job: Job, known: Entry | None) -> None:
        """Raise an error where a result cannot be written, or something is there that no run has left so."""
        files = self._files(job).values()
        formats.refuse_locked(f for f in files if not storage.remote(f))
        if known and known.status == DONE and not self._plan.overwrite and _another(known.path, job.path):
            raise UsageError(job.path, f"would replace the results of {known.path}",
                             "analyse it into another folder, or pass --overwrite")
        cut_short = known and known.status != DONE and (known.status == RUNNING or known.deaths)
        if self._plan.overwrite or cut_short:
            return
        if persons := self._ledger.persons(job.name):
            raise UsageError(job.path, f"its results carry names that were given to persons ({persons})",
                             "pass --overwrite to analyse it anew, and name them again: faces and speakers "
                             "may have other numbers")
        for file in files:
            if not file.exists():
                continue
            written = known.outputs.get(_listed(job, file)) if known else None
            if written is None:
                formats.refuse_existing([file])
            elif written and written != storage.sha256(file):
                raise UsageError(job.path, f"its result {file.name} has been changed since it was written",
                                 "move it away, or pass --overwrite to replace it")

    def _files(self, job: Job) -> dict[str, Path]:
        plan, name = self._plan, PurePosixPath(job.name)
        folder = job.path.parent if plan.out is None else plan.out.joinpath(*name.parent.parts)
        return formats.targets(folder / (name.name + ".x"), folder, plan.formats, faces=plan.faces)

    def _hire(self) -> None:
        """As many workers as there is work and room for."""
        workers = self._state.workers
        wanted = len(self._waiting) + sum(worker.job is not None for worker in workers)
        most = self._engine.room(self._plan.workers)
        while len(workers) < min(wanted, most):
            free = next(n for n in range(wanted) if all(worker.number != n for worker in workers))
            workers.append(self._engine.start(free, self._mailbox))

    def _assign(self, worker: Worker, job: Job) -> None:
        self._ledger.begin(job.name)
        worker.assign(job, {kind: str(path) for kind, path in self._files(job).items()})

    def _end_slow(self) -> None:
        limit = self._plan.timeout
        for worker in list(self._state.workers):
            if limit and worker.job and worker.began is not None and self._clock() - worker.began > limit:
                self._fail(worker.job, f"{worker.job.path}: took longer than --timeout {limit:g}")
                self._dismiss(worker)

    def _dismiss(self, worker: Worker) -> None:
        worker.close()
        self._state.workers.remove(worker)

    def _listen(self) -> None:
        """Wait a moment for what a worker has to say."""
        try:
            worker, message = self._mailbox.get(timeout=TICK)
        except Empty:
            return
        if worker not in self._state.workers:
            return  # the last words of one that was dismissed
        if message is None:
            self._ended(worker)
        elif message["kind"] == PROGRESS:
            worker.shares[message["stage"]] = message["share"]
        elif message["kind"] == child.READY:
            worker.ready = True
        elif message["kind"] == BEGUN:
            worker.began = self._clock()
        elif message["kind"] == child.LOG:
            child.relay_log(message, f"worker {worker.number + 1}")
        else:
            self._settle(worker, message)

    def _ended(self, worker: Worker) -> None:
        """A worker has ended by itself: the job that it had begun is tried once more, or has failed; one that
        it had not begun goes to another."""
        words, job = worker.last_words(), worker.job
        log.info("worker %d: %s", worker.number + 1, words)
        self._dismiss(worker)
        if job and worker.began is not None:
            if self._ledger.died(job.name) < TRIES:
                self._waiting.append(job)
            else:
                self._fail(job, f"{job.path}: {words}, {TRIES} times")
            return
        if job:
            self._waiting.appendleft(job)
        self._stillborn += 1
        if self._stillborn > STILLBORN:
            raise EmocliError("the workers", f"do not start: {words}", "run `emocli doctor`")

    def _settle(self, worker: Worker, message: dict[str, Any]) -> None:
        """A worker has answered."""
        if message.get("fatal"):
            raise of_code(message["code"], *message["fatal"])
        job, worker.job, self._stillborn = worker.job, None, 0
        assert job
        if message["kind"] == child.FAILED:
            self._fail(job, message["error"], message["code"])
            return
        state, files, size = self._state, self._files(job), _size(job)
        self._ledger.finish(
            job.name, seconds=message["seconds"], duration=message["duration"], summary=message["summary"],
            outputs={_listed(job, file): message["hashes"][kind] for kind, file in files.items()})
        state.written += map(str, files.values())
        state.bytes_left -= size
        state.bytes_done += size
        state.done += 1
        state.media_seconds += message["duration"]
        state.timeline = message.get("timeline")

    def _fail(self, job: Job, error: str, code: int = InputError.exit_code) -> None:
        log.info("%s", error)
        self._ledger.fail(job.name, error)
        self._state.bytes_left = max(0, self._state.bytes_left - _size(job))
        self._state.failures.append((error, code))


def _another(known: str, path: Path) -> bool:
    """Whether a video that was analysed under a job's name is still there, and not the job's."""
    try:
        return not storage.remote(path) and Path(known).exists() and not path.samefile(known)
    except (OSError, ValueError):
        return False


def _listed(job: Job, file: Path) -> str:
    """What the ledger calls a result: its path below the output folder."""
    return (PurePosixPath(job.name).parent / file.name).as_posix()


def _size(job: Job) -> int:
    """Bytes, to judge by how long the rest will take."""
    try:
        return job.path.stat().st_size
    except Exception:  # each kind of store has errors of its own
        return 0
