"""Nothing is lost, whatever is killed: the parent, a worker, an idle one, a face process."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psutil
import pytest
from support.runs import WITHOUT_WORDS, analyze, command, copies, gone, until, whole

from emocli.batch.ledger import FILE, Ledger

NAMES = [f"{'sub/' * (i % 2)}{i}" for i in range(12)]
#: What `tempfile` writes to learn whether it may write to a folder; a process killed then leaves it there.
PROBES = (b"", b"blat")
ROUNDS, SEED = 20, 2026


def status(out: Path) -> dict[str, int]:
    """How many videos wait, run and are done, read beside the run."""
    try:
        base = sqlite3.connect(f"file:{out / FILE}?mode=ro", uri=True)
        try:
            return dict(base.execute("SELECT status, count(*) FROM jobs GROUP BY status"))
        finally:
            base.close()
    except sqlite3.Error:
        return {}


def family(run: psutil.Process, module: str) -> list[psutil.Process]:
    try:
        return [p for p in run.children(recursive=True) if module in " ".join(p.cmdline())]
    except psutil.Error:
        return []


def events(run: psutil.Process, out: Path) -> dict[str, Callable[[], list[psutil.Process]]]:
    """Who is killed, when it is seen."""
    def running() -> bool:
        return status(out).get("running", 0) > 0

    def nearly_done() -> bool:  # one of two workers has nothing to do
        return status(out).get("running") == 1 and "waiting" not in status(out)

    return {"parent at work": lambda: [run] if running() else [],
            "parent at its start": lambda: [run] if (out / FILE).exists() else [],
            "parent with children": lambda: [run] if family(run, "emocli.face.worker") else [],
            "worker at its start": lambda: family(run, "emocli.batch.worker"),
            "worker at work": lambda: family(run, "emocli.batch.worker") if running() else [],
            "idle worker": lambda: family(run, "emocli.batch.worker") if nearly_done() else [],
            "face process": lambda: family(run, "emocli.face.worker")}


@pytest.mark.long
@pytest.mark.timeout(900)
def test_nothing_is_lost_whatever_is_killed(tiny: Path, tmp_path: Path) -> None:
    folder, out = copies(tiny, tmp_path / "in", *(f"{n}.mp4" for n in NAMES)), tmp_path / "out"
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {"TMPDIR": str(temporary)}
    chance = random.Random(SEED)
    analyze(folder, "-o", out, *WITHOUT_WORDS, **environment)
    killed: list[str] = []
    for number in range(ROUNDS):
        for name in chance.sample(NAMES, 4):  # so that there is always something to do
            for path in out.glob(f"{name}.emotions.*"):
                path.unlink()
        with subprocess.Popen(
            command(folder, "-o", out, "--workers", "2", *WITHOUT_WORDS),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        ) as process:
            run = psutil.Process(process.pid)
            who = sorted(events(run, out))[number % 7]
            seen = until(lambda: events(run, out)[who]() or process.poll() is not None)  # noqa: B023
            if isinstance(seen, list):
                children = family(run, "emocli")
                victim = chance.choice(sorted(seen, key=lambda p: p.pid))
                victim.kill()
                killed.append(who)
                if victim is run:
                    assert gone(children)
            errors = process.communicate(timeout=280)[1]
            assert "Traceback" not in errors
            assert process.returncode in (0, -signal.SIGKILL, 5)
        for table in out.rglob("*.emotions.csv"):  # what is there is whole
            assert pd.read_csv(table)["end"].iloc[-1] == pytest.approx(0.6, abs=0.1)
    assert len(set(killed)) >= 5
    assert len(killed) >= ROUNDS * 3 // 4
    last = analyze(folder, "-o", out, "--retry-failed", *WITHOUT_WORDS, **environment)
    assert last.returncode == 0, last.stderr
    whole(out, NAMES)
    with Ledger(out) as ledger:
        assert ledger.counts() == {"done": len(NAMES)}
    assert not [path for path in temporary.iterdir() if path.is_dir() or path.read_bytes() not in PROBES]
