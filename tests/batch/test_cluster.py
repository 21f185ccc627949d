"""Ray: what machines can hold, one that joins, one that dies, and none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.runs import copies, whole

from emocli.batch import cluster, runner
from emocli.batch.discover import discover
from emocli.batch.engine import MEMORY
from emocli.batch.ledger import Ledger
from emocli.batch.plan import Plan, State
from emocli.errors import EmocliError
from emocli.options import AnalyzeOptions
from emocli.outputs.base import OutputOptions

pytest.importorskip("ray", reason="wants the extra ray")
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
print("it is dead", flush=True)
try:
    input()
except EOFError:
    cluster.shutdown()
"""


#: A `sitecustomize.py` that makes videos called so wait for a file beside them.
HOLD = """
import time
from emocli import analyzer
real = analyzer.Analyzer.analyze
def analyze(self, path, *more):
    while "hold" in path.name and not path.with_name("go").exists():
        time.sleep(0.05)
    return real(self, path, *more)
analyzer.Analyzer.analyze = analyze
"""


def node(name: str, **resources: float) -> dict[str, Any]:
    return {"NodeID": name, "Alive": name != "dead", "Resources": resources}


def test_what_machines_can_hold() -> None:
    nodes = [node("one core", CPU=1, memory=MEMORY), node("many", CPU=9, memory=99 * MEMORY, GPU=2),
             node("little memory", CPU=8, memory=MEMORY * 1.5), node("less", CPU=8, memory=MEMORY - 1),
             node("head", memory=MEMORY), node("dead", CPU=8, memory=9 * MEMORY)]
    assert cluster.slots(nodes, gpus=0) == {"one core": (1, 1), "many": (4, 2), "little memory": (1, 2)}
    assert cluster.slots(nodes, gpus=1) == {"many": (2, 2)}


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
def machines(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    (tmp_path / "sitecustomize.py").write_text(HOLD)
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen([sys.executable, "-c", CLUSTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True, env=os.environ | {"PYTHONPATH": paths})
    assert process.stdin
    assert process.stdout
    yield next(line.split()[1] for line in process.stdout if line.startswith("address")), process
    import ray

    ray.shutdown()
    process.stdin.close()
    process.wait(60)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_machine_joins_and_dies(machines: tuple[str, subprocess.Popen[str]], tiny: Path,
                                  tmp_path: Path) -> None:
    """One core works alone; the second machine is used as soon as it is there; its death costs no video."""
    address, process = machines
    names = ["0", "1.hold", "2.hold", "3", "4"]
    folder, out = copies(tiny, tmp_path / "in", *(f"{name}.mp4" for name in names)), tmp_path / "out"
    told: list[str] = []

    def show(state: State) -> None:
        begun = [worker for worker in state.workers if worker.job and worker.began is not None]
        if state.done and not told:
            assert len(state.workers) == 1
            told.append("join")
            print("join", file=process.stdin, flush=True)
        elif len(begun) == 2 and told == ["join"]:
            told.append("die")
            print("die", file=process.stdin, flush=True)
            assert process.stdout
            assert any(line == "it is dead\n" for line in iter(process.stdout.readline, ""))
            (folder / "go").touch()

    plan = Plan(discover([folder]), out, OPTIONS, account=True, engine="ray", ray_address=address)
    state = runner.run(plan, show)
    assert told == ["join", "die"]
    assert (state.done, state.failed) == (len(names), 0)
    whole(out, names)
    with Ledger(out) as ledger:
        assert sorted(entry.deaths for entry in ledger.entries()) == [0, 0, 0, 0, 1]
