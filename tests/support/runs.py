"""Folders of tiny videos, runs over them, and workers that need no models."""

from __future__ import annotations

import csv
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

from emocli.batch.engine import BEGUN, DONE, Engine, Mailbox, Worker
from emocli.child import FAILED
from emocli.options import AnalyzeOptions
from emocli.outputs.base import OutputOptions

WITHOUT_WORDS = ("--transcript", "none")
#: A `sitecustomize.py` that makes an analysis die, hang or fail by the name of its video, as native code may.
DEADLY = """
import os, signal, time
from emocli import analyzer
real = analyzer.Analyzer.analyze
def analyze(self, path, *more):
    if "segv" in path.name:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "hang" in path.name:
        path.with_suffix(".hanging").touch()
        while True:
            time.sleep(1)
    if "raise" in path.name:
        raise MemoryError("no memory is left")
    return real(self, path, *more)
analyzer.Analyzer.analyze = analyze
"""


def command(*args: object) -> list[str]:
    return [sys.executable, "-m", "emocli", "analyze", *map(os.fspath, map(_text, args))]


def _text(value: object) -> str:
    return os.fspath(value) if isinstance(value, os.PathLike) else str(value)


def analyze(*args: object, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """`emocli analyze`, which must not end in a traceback."""
    done = subprocess.run(command(*args), capture_output=True, text=True, errors="surrogateescape", cwd=cwd,
                          env=os.environ | environment, timeout=280)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def copies(tiny: Path, folder: Path, *names: str) -> Path:
    """Videos of the same frames and different content."""
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        # What follows the last box does not matter to mp4, but makes the content differ.
        (folder / name).write_bytes(tiny.read_bytes() + b"\0\0\0\x0cfree" + number.to_bytes(4, "big"))
    return folder


def lines(out: Path) -> dict[str, dict[str, str]]:
    """`batch.csv` by the name of the video."""
    with (out / "batch.csv").open(newline="") as file:
        return {Path(row["video"]).name: row for row in csv.DictReader(file)}


def whole(out: Path, names: list[str]) -> None:
    """Every result is there once, whole, and nothing else is."""
    there = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file() and "sqlite" not in p.name}
    assert there == {f"{n}.emotions.{ending}" for n in names for ending in ("csv", "srt")} | {
        "batch.csv", "emocli-batch.lock"}
    assert names
    for name in names:
        frame = pd.read_csv(out / f"{name}.emotions.csv")
        assert frame["start"].iloc[0] == 0
        assert (frame["end"].to_numpy()[:-1] == frame["start"].to_numpy()[1:]).all()


def until(holds: Callable[[], Any], seconds: float = 120) -> Any:
    """Wait for an event, with a bound that no machine reaches that is not broken; returns what holds."""
    end = time.monotonic() + seconds
    while not (holding := holds()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return holding


def gone(processes: list[psutil.Process]) -> bool:
    """Whether all of them end."""
    return not psutil.wait_procs(processes, timeout=60)[1]


@dataclass(eq=False, kw_only=True)
class MadeUpWorker(Worker):
    """Writes made-up results at once; or dies ("die"), dies unless it is the second time ("once"), fails
    ("fail"), or stays silent ("hang") by the name of the video."""

    engine: MadeUpEngine

    def __post_init__(self) -> None:
        self.mailbox.put((self, {"kind": "ready"}))

    def send(self, job: dict[str, Any]) -> None:
        threading.Thread(target=self._answer, args=(job,)).start()

    def _answer(self, job: dict[str, Any]) -> None:
        name = Path(job["path"]).name
        if self.engine.idle_deaths:
            self.engine.idle_deaths -= 1
            self.mailbox.put((self, None))
            return
        self.mailbox.put((self, {"kind": BEGUN}))
        first = name not in self.engine.seen
        self.engine.seen.append(name)
        if "die" in name or ("once" in name and first):
            self.mailbox.put((self, None))
        elif "fail" in name:
            self.mailbox.put((self, {"kind": FAILED, "error": f"{name}: it fails", "code": 3, "fatal": None}))
        elif "hang" not in name:
            for path in job["files"].values():
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                Path(path).write_text("start\n0\n")
            hashes = {kind: hashlib.sha256(b"start\n0\n").hexdigest() for kind in job["files"]}
            self.mailbox.put((self, {"kind": DONE, "seconds": 1.0, "duration": 2.0, "hashes": hashes,
                                     "summary": {"emotion": "fear", "shares": {"fear": 1.0}}}))

    def last_words(self) -> str:
        return "the worker was ended by signal 11 (it said nothing)"

    def close(self) -> None:
        pass


@dataclass
class MadeUpEngine(Engine):
    """`places` workers at a time; the first `idle_deaths` of them die when they are given something to do."""

    options: AnalyzeOptions = field(default_factory=AnalyzeOptions)
    writing: OutputOptions = field(default_factory=OutputOptions)
    places: int = 2
    idle_deaths: int = 0
    seen: list[str] = field(default_factory=list)

    def room(self, wanted: int = 0) -> int:
        return wanted or self.places

    def start(self, number: int, mailbox: Mailbox) -> Worker:
        return MadeUpWorker(number, mailbox, engine=self)


def hear_interrupts() -> None:
    """For `preexec_fn`: a child of tests that run in the background inherits that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
