"""Ray: what machines can hold, one that joins, one that dies, and none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.runs import copies, until, whole

from emocli.batch import cluster, runner
from emocli.batch.discover import discover
from emocli.batch.engine import MEMORY
from emocli.batch.ledger import Ledger
from emocli.batch.plan import Plan, State
from emocli.errors import EmocliError
from emocli.options import AnalyzeOptions
from emocli.outputs.base import OutputOptions

OPTIONS = AnalyzeOptions(transcript="none", offline=True)
#: A Ray cluster of one machine with one core; another joins, and dies, when a line is read.
CLUSTER = """
from ray.cluster_utils import Cluster
small = {"num_cpus": 1, "object_store_memory": 100 << 20, "memory": 1 << 30}
cluster = Cluster(initialize_head=True, head_node_args=small | {"include_dashboard": False})
cluster.wait_for_nodes()
print("address", cluster.address, flush=True)
input()
second = cluster.add_node(**small | {"num_cpus": 3})
input()
cluster.remove_node(second, allow_graceful=False)
try:
    input()
except EOFError:
    cluster.shutdown()
"""


def node(name: str, **resources: float) -> dict[str, Any]:
    return {"NodeID": name, "Alive": name != "dead", "Resources": resources}


def test_what_machines_can_hold() -> None:
    nodes = [node("one core", CPU=1, memory=MEMORY), node("many", CPU=9, memory=99 * MEMORY, GPU=2),
             node("little memory", CPU=8, memory=MEMORY * 1.5), node("less", CPU=8, memory=MEMORY - 1),
             node("head", memory=MEMORY), node("dead", CPU=8, memory=9 * MEMORY)]
    assert cluster.places(nodes, gpus=0) == {"one core": (1, 1), "many": (4, 2), "little memory": (1, 2)}
    assert cluster.places(nodes, gpus=1) == {"many": (2, 2)}


def test_a_cluster_without_room_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    nodes, now = [node("less", CPU=8, memory=500 << 20)], [0.0]
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    monkeypatch.setattr(ray, "nodes", lambda: nodes)
    engine = cluster.RayEngine(OPTIONS, OutputOptions(), clock=lambda: now[0])
    assert engine.room() == 0
    now[0] += cluster.PATIENCE - 1
    assert engine.room() == 0
    nodes.append(node("joined", CPU=4, memory=9 * MEMORY))
    assert engine.room() == 0  # it is not asked each time
    now[0] += cluster.ASK_EVERY
    assert engine.room() == 2
    nodes.pop()
    now[0] += cluster.ASK_EVERY
    assert engine.room() == 0
    now[0] += cluster.PATIENCE
    with pytest.raises(EmocliError, match=r"wants a core, 800 MB \(it has: 8 cores, 500 MB, 0 GPUs\)"):
        engine.room()


def test_no_cluster(tiny: Path, tmp_path: Path) -> None:
    plan = Plan(
        discover([tiny]), tmp_path / "out", OPTIONS, account=True, engine="ray", ray_address="127.0.0.1:1"
    )
    with pytest.raises(EmocliError, match=r"docs/cluster.md"):
        runner.run(plan)


@pytest.fixture
def machines() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    process = subprocess.Popen([sys.executable, "-c", CLUSTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True)
    assert process.stdin
    assert process.stdout
    yield next(line.split()[1] for line in process.stdout if line.startswith("address")), process
    import ray

    ray.shutdown()
    process.stdin.close()
    process.wait(60)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_machine_joins_and_dies(
    machines: tuple[str, subprocess.Popen[str]], tiny: Path, tmp_path: Path
) -> None:
    """One core works alone; the second machine is used as soon as it is there; its death costs no video."""
    address, process = machines
    names = [f"{i:02d}" for i in range(40)]
    folder, out = copies(tiny, tmp_path / "in", *(f"{n}.mp4" for n in names)), tmp_path / "out"
    seen: list[str] = []

    def tell(event: str) -> None:
        seen.append(event)
        print(event, file=process.stdin, flush=True)

    def show(state: State) -> None:
        if state.done and "join" not in seen:
            assert len(state.workers) == 1
            tell("join")
        if sum(worker.job is not None and worker.began is not None for worker in state.workers) > 1 and (
                "die" not in seen):
            tell("die")

    state = runner.run(
        Plan(discover([folder]), out, OPTIONS, account=True, engine="ray", ray_address=address), show
    )
    assert seen == ["join", "die"]
    assert (state.done, state.failed) == (40, 0)
    until(lambda: (out / "batch.csv").exists())
    whole(out, names)
    with Ledger(out) as ledger:
        assert ledger.counts() == {"done": 40}
        assert max(entry.deaths for entry in ledger.entries()) <= 1
