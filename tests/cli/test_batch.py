"""What a person sees of a run."""

from __future__ import annotations

import queue
from pathlib import Path

import pytest
from rich.console import Console
from support.runs import MadeUpEngine, MadeUpWorker

from emocli.batch.discover import Job
from emocli.batch.plan import State
from emocli.cli.batch import sums, table


def test_the_table_of_a_run() -> None:
    engine = MadeUpEngine()
    busy, idle, late = (MadeUpWorker(n, queue.SimpleQueue(), engine=engine, ready=n < 2) for n in range(3))
    busy.job, busy.began, busy.shares = Job(Path("a[b]\x1b.mp4"), "a[b]\x1b"), 0.0, {"faces": 1.0}
    state = State(
        9,
        skipped=2,
        done=3,
        media_seconds=60.0,
        workers=[busy, idle, late],
        bytes_done=1,
        bytes_left=1,
        failures=[("x.mp4: is broken", 3)],
        written=["a", "b"],
    )
    console = Console(width=100, record=True, file=Path("/dev/null").open("w"))
    console.print(table(state))
    text = console.export_text()
    for words in (
        "a[b]?",
        "nothing left",
        "starting",
        "failed x.mp4: is broken",
        "6 of 9",
        "2 were done before",
        "2 files written",
        "x real time",
        "left",
    ):
        assert words in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("state", "line"), [(State(3), "0 of 3"), (State(3, skipped=3), "3 of 3 · 3 were done before")]
)
def test_one_line(state: State, line: str) -> None:
    assert sums(state) == line
