"""Workers on several machines: one Ray actor each, which keeps the models loaded."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from emocli.batch.engine import BEGUN, MEMORY, PROGRESS, THREADS, Engine, Mailbox, Worker
from emocli.child import FAILED, READY
from emocli.errors import EmocliError, UsageError, WeightsError
from emocli.options import AnalyzeOptions
from emocli.outputs.base import OutputOptions

log = logging.getLogger("emocli.batch")

#: Seconds to reach a cluster's address, between two questions how far an actor is or which machines there
#: are, and that a cluster may be without a machine that can hold a worker.
REACH, ASK_EVERY, PATIENCE = 10, 1.0, 60.0


def connect(address: str) -> None:
    """Join the cluster at `address`, "auto" for the one that this machine belongs to; a second call does
    nothing.

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
        ray.init(address=address, logging_level=logging.ERROR,
                 log_to_driver=logging.getLogger("emocli").isEnabledFor(logging.INFO))
    except (OSError, RuntimeError, ValueError) as error:
        raise EmocliError(address, f"no Ray cluster answers ({str(error).splitlines()[0]})",
                          "start one with `ray start --head`, see docs/cluster.md") from error


def slots(nodes: list[dict[str, Any]], *, gpus: int) -> dict[str, tuple[int, int]]:
    """How many workers each of Ray's `nodes` can hold, by its cores and memory, and how many cores each of
    them gets: a machine of one core holds one, too."""
    made = {}
    for node in nodes:
        has = node["Resources"] if node["Alive"] else {}
        threads = min(THREADS, int(has.get("CPU", 0)))
        if threads:
            count = int(min(has["CPU"] // threads, has.get("memory", 0) // MEMORY))
            made[node["NodeID"]] = (min(count, int(has.get("GPU", 0))) if gpus else count, threads)
    return {node: slot for node, slot in made.items() if slot[0]}


@dataclass
class RayEngine(Engine):
    """Actors on a cluster's machines: those that join are used at once."""

    address: str = "auto"
    clock: Callable[[], float] = time.monotonic
    _slots: dict[str, tuple[int, int]] = field(default_factory=dict)
    _asked: float | None = None
    _useful: float = 0.0
    _used: Counter[str] = field(default_factory=Counter)

    def room(self, wanted: int = 0) -> int:
        """How many actors the machines that are there now can hold.

        Raises `EmocliError` when for PATIENCE seconds none could hold one.
        """
        now = self.clock()
        if self._asked is None:
            connect(self.address)
            self._useful = now
        elif now - self._asked < ASK_EVERY:
            return self._room()
        import ray

        self._asked = now
        nodes = ray.nodes()
        self._slots = slots(nodes, gpus=self.gpus)
        if self._slots:
            self._useful = now
        elif now - self._useful >= PATIENCE:
            alive = [node["Resources"] for node in nodes if node["Alive"]]
            have = "; ".join(f"{has.get('CPU', 0):g} cores, {has.get('memory', 0) / (1 << 20):.0f} MB, "
                             f"{has.get('GPU', 0):g} GPUs" for has in alive) or "no machine"
            wants = f"a core, {MEMORY >> 20} MB{' and a GPU' if self.gpus else ''}"
            raise EmocliError("the Ray cluster",
                              f"has no machine for a worker, which wants {wants} (it has: {have})",
                              "start nodes with more, as `ray start --num-cpus 2 --memory 2000000000`")
        return self._room()

    def start(self, number: int, mailbox: Mailbox) -> Worker:
        """An actor on the machine that has most slots left."""
        import ray

        if not self._used.total() and not ray.available_resources().get("CPU"):
            log.warning("all cores of the Ray cluster are taken by other work; waiting for them")
        left = {node: count - self._used[node] for node, (count, _) in self._slots.items()}
        node = max(left, key=lambda name: left[name])
        self._used[node] += 1
        return ActorWorker(number, mailbox, engine=self, node=node, threads=self._slots[node][1])

    def release(self, node: str) -> None:
        """A place is free again."""
        self._used[node] -= 1

    @property
    def gpus(self) -> int:
        """That a worker wants."""
        return 1 if self.options.device == "cuda" else 0

    def _room(self) -> int:
        return sum(count for count, _ in self._slots.values())


class _Reader:
    """The actor: what `emocli.batch.worker` is to a pipe."""

    def __init__(self, options: dict[str, Any], writing: dict[str, Any], log_level: int) -> None:
        from emocli.analyzer import Analyzer

        logging.basicConfig(format="%(name)s: %(message)s")
        logging.getLogger("emocli").setLevel(log_level)
        self._writing = OutputOptions(**writing)
        self._shares: dict[str, float] = {}
        self._analyzer = Analyzer(AnalyzeOptions(**options))

    def ready(self) -> dict[str, Any]:
        """Say that it is there."""
        return {"kind": READY}

    def analyze(self, job: dict[str, Any]) -> dict[str, Any]:
        """Answer a job as the worker does."""
        from emocli.batch import worker

        def tell(message: dict[str, Any]) -> None:
            self._shares[message["stage"]] = message["share"]

        self._shares = {}
        return worker.answer(self._analyzer, job, self._writing, tell) | {"timeline": None}

    def progress(self) -> dict[str, float]:
        """How far each stage is; may be asked meanwhile."""
        return dict(self._shares)


@dataclass(eq=False, kw_only=True)
class ActorWorker(Worker):
    """An actor, bound to one machine."""

    engine: RayEngine
    node: str
    threads: int

    def __post_init__(self) -> None:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        actor: Any = ray.remote(_Reader)
        actor = actor.options(num_cpus=self.threads, num_gpus=self.engine.gpus, memory=MEMORY, max_restarts=0,
                              max_concurrency=2,  # a job, and questions about it
                              scheduling_strategy=NodeAffinitySchedulingStrategy(self.node, soft=False))
        self._actor = actor.remote(asdict(self.engine.options), asdict(self.engine.writing),
                                   logging.getLogger("emocli").getEffectiveLevel())
        self._words = "it said nothing"
        self._in_thread(lambda: self._await(self._actor.ready.remote()))

    def send(self, job: dict[str, Any]) -> None:
        """Hand a job over."""
        def hand_over() -> None:
            import ray

            ray.get(self._actor.ready.remote())  # one that has ended meanwhile does not begin
            self.mailbox.put((self, {"kind": BEGUN}))
            self._await(self._actor.analyze.remote(job))

        self._in_thread(hand_over)

    def last_words(self) -> str:
        """How an actor that has ended did so."""
        return f"the actor ended ({self._words})"

    def close(self) -> None:
        """End the actor, whatever it is doing."""
        import ray

        self.engine.release(self.node)
        ray.kill(self._actor)

    def _in_thread(self, task: Callable[[], None]) -> None:
        def run() -> None:
            import ray

            try:
                task()
            except ray.exceptions.RayTaskError as error:
                self.mailbox.put((self, {"kind": FAILED, "code": WeightsError.exit_code, "fatal": (
                    "the workers", str(error.cause), "see the log of Ray on that machine")}))
            except ray.exceptions.RayError as error:
                self._words = str(error).strip().splitlines()[0][:200]
                self.mailbox.put((self, None))

        threading.Thread(target=run, daemon=True).start()

    def _await(self, answer: Any) -> None:
        import ray

        while not ray.wait([answer], timeout=ASK_EVERY)[0]:
            if self.ready:
                for stage, share in ray.get(self._actor.progress.remote()).items():
                    self.mailbox.put((self, {"kind": PROGRESS, "stage": stage, "share": share}))
        self.mailbox.put((self, ray.get(answer)))
