"""Many videos: finding them, keeping account, and losing nothing whatever dies."""

from __future__ import annotations

import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from media import even, tone, write

from emocli.batch.discover import discover
from emocli.batch.ledger import FILE, Ledger
from emocli.errors import InputError, OutputError

WITHOUT_WORDS = ["--transcript", "none"]
#: Makes workers of videos called so die, hang or run out of memory inside the analysis, as native code may.
DEADLY = """
import os, resource, signal, time
from emocli import analyzer
real = analyzer.Analyzer.analyze
def analyze(self, path, progress=lambda stage, share: None):
    if "segv" in path.name:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "hang" in path.name:
        time.sleep(1000)
    if "raise" in path.name:
        raise MemoryError("no memory is left")
    return real(self, path, progress)
analyzer.Analyzer.analyze = analyze
"""


def emocli(*args: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "emocli", "analyze", *map(str, args)], capture_output=True, text=True,
                          env=os.environ | environment, timeout=240)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("tiny") / "a.mp4", even(0.6), sound=tone(0.6))


def copies(tiny: Path, folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        # What follows the last box does not matter to mp4, but makes the content differ.
        (folder / name).write_bytes(tiny.read_bytes() + b"\0\0\0\x0cfree" + number.to_bytes(4, "big"))
    return folder


def lines(out: Path) -> dict[str, dict[str, str]]:
    with (out / "batch.csv").open(newline="") as file:
        return {Path(row["video"]).name: row for row in csv.DictReader(file)}


def whole(out: Path, names: list[str]) -> None:
    """Every result is there once, whole, and nothing else is."""
    there = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file() and "sqlite" not in p.name}
    assert there == {f"{n}.emotions.{ending}" for n in names for ending in ("csv", "srt")} | {
        "batch.csv", "emocli-batch.lock"}
    for name in names:
        frame = pd.read_csv(out / f"{name}.emotions.csv")
        assert frame["start"].iloc[0] == 0
        assert (frame["end"].to_numpy()[:-1] == frame["start"].to_numpy()[1:]).all()


def test_trees_lists_and_patterns(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.MKV", "day 1/c.mov", "day 1/deep/d.wav", ".hidden.mp4", ".git/e.mp4", "notes.txt", "f.x"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).touch()
    folder = tmp_path / "in"
    assert [j.name for j in discover([folder])] == ["a", "b", "day 1/c", "day 1/deep/d"]
    assert [j.name for j in discover([folder], include=["*.mp4", "day 1/*"], exclude=["*.wav"])] == ["b", "day 1/c"]
    shutil.copytree(folder / "day 1", tmp_path / "other")
    assert [j.name for j in discover([folder / "day 1", tmp_path / "other"])] == [
        "day 1/c", "day 1/deep/d", "other/c", "other/deep/d"]
    (folder / "notes.txt").write_text("# what to look at\nb.mp4\n\nday 1/c.mov\n")
    assert [(j.path, j.name) for j in discover([folder / "notes.txt", folder / "b.mp4"])] == [
        (folder / "b.mp4", "b"), (folder / "day 1/c.mov", "day 1/c")]
    with pytest.raises(InputError, match="holds no video that is wanted"):
        discover([folder], include=["*.avi"])
    (folder / "notes.txt").write_text("# nothing\n")
    with pytest.raises(InputError, match="names no video"):
        discover([folder / "notes.txt"])


def test_equal_stems_keep_their_endings(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.mkv", "A.b.mov", "sub/a.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [j.name for j in discover([tmp_path])] == ["A.b", "a.mkv", "a.mp4", "sub/a"]
    (tmp_path / "A.MP4").touch()
    if len(list(tmp_path.glob("[aA].[mM][pP]4"))) == 2:  # not on file systems where the two are one
        with pytest.raises(InputError, match="as another's"):
            discover([tmp_path])


def test_the_ledger_keeps_account(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.plan([("a", Path("a.mp4"), "1"), ("b", Path("b.mp4"), "2")])
        ledger.begin("a")
        assert ledger.counts() == {"running": 1, "waiting": 1}
        assert [ledger.died("a"), ledger.died("a")] == [1, 2]
        ledger.fail("a", "it died")
        ledger.finish("b", seconds=1.5, duration=3.0, summary={"emotion": "fear"}, outputs=["b.csv"])
    with Ledger(tmp_path) as ledger:
        assert ledger.get("c") is None
        done = ledger.get("b")
        assert done
        assert (done.status, done.summary, done.outputs, done.duration) == ("done", {"emotion": "fear"}, ["b.csv"], 3)
        assert [(e.name, e.error) for e in ledger.entries("failed")] == [("a", "it died")]
        ledger.plan([("a", Path("a.mp4"), "1")])
        assert ledger.died("a") == 1  # a new run counts anew
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(OutputError, match="cannot be used"):
        Ledger(tmp_path / "other")


@pytest.mark.slow
def test_a_tree_is_mirrored_and_a_second_run_does_what_is_left(tiny: Path, tmp_path: Path) -> None:
    folder, out = copies(tiny, tmp_path / "in", "a.mp4", "a.mov", "sub/b.mp4"), tmp_path / "out"
    (folder / "broken.mp4").write_text("no video")
    found = emocli(folder, "-o", out, "--combine", "--parquet", *WITHOUT_WORDS)
    assert found.returncode == 5
    assert "broken.mp4" in found.stderr
    assert "1 of 4 inputs failed" in found.stderr
    first = lines(out)
    assert [first[n]["status"] for n in ("a.mp4", "a.mov", "b.mp4", "broken.mp4")] == ["done"] * 3 + ["failed"]
    rows = pd.read_csv(out / "all.emotions.csv")
    assert rows["video"].nunique() == 3
    assert len(rows) == sum(len(pd.read_csv(p)) for p in out.rglob("*.emotions.csv") if p.name != "all.emotions.csv")
    for name in ("batch", "all.emotions"):
        assert len(pd.read_parquet(out / f"{name}.parquet")) == len(pd.read_csv(out / f"{name}.csv"))

    def written() -> dict[str, int]:
        return {p.name: p.stat().st_mtime_ns for p in out.rglob("*.emotions.csv") if p.name != "all.emotions.csv"}

    before = written()
    (folder / "broken.mp4").touch()
    again = emocli(folder, "-o", out, *WITHOUT_WORDS)
    assert again.returncode == 5  # it is still there, and still broken
    assert written() == before
    with (folder / "a.mov").open("ab") as file:
        file.write(b"\0\0\0\x08free")
    assert emocli(folder, "-o", out, *WITHOUT_WORDS).returncode == 5
    after = written()
    assert {name for name in after if after[name] != before[name]} == {"a.mov.emotions.csv"}
    shutil.copyfile(tiny, folder / "broken.mp4")
    (folder / "sub" / "b.srt").write_text("1\n00:00:00,000 --> 00:00:00,500\nI am so happy\n")
    assert emocli(folder, "-o", out, "--retry-failed").returncode == 0  # other options: all of it
    assert not {name for name, at in after.items() if written()[name] == at}
    assert lines(out)["broken.mp4"]["status"] == "done"


@pytest.mark.slow
def test_videos_that_kill_their_worker_fail_and_the_rest_go_on(tiny: Path, tmp_path: Path) -> None:
    folder = copies(tiny, tmp_path / "in", "a.mp4", "b.segv.mp4", "c.hang.mp4", "d.raise.mp4", "e.mp4")
    (tmp_path / "deadly").mkdir()
    (tmp_path / "deadly" / "sitecustomize.py").write_text(DEADLY)
    found = emocli(folder, "-o", tmp_path / "out", "--timeout", 6, "--workers", 2, *WITHOUT_WORDS,
                   PYTHONPATH=str(tmp_path / "deadly"))
    assert found.returncode == 5, found.stderr
    told = lines(tmp_path / "out")
    assert [told[n]["status"] for n in sorted(told)] == ["done", "failed", "failed", "failed", "done"]
    assert "signal 11" in told["b.segv.mp4"]["error"]
    assert "2 times" in told["b.segv.mp4"]["error"]
    assert "--timeout 6" in told["c.hang.mp4"]["error"]
    assert "no memory is left" in told["d.raise.mp4"]["error"]
    # They are left alone until asked for, and then they can be well again.
    assert emocli(folder, "-o", tmp_path / "out", *WITHOUT_WORDS).returncode == 5
    assert emocli(folder, "-o", tmp_path / "out", "--retry-failed", *WITHOUT_WORDS).returncode == 0
    whole(tmp_path / "out", ["a", "b.segv", "c.hang", "d.raise", "e"])


@pytest.mark.slow
def test_two_runs_at_once(tiny: Path, tmp_path: Path) -> None:
    folder, out = copies(tiny, tmp_path / "in", *(f"{i}.mp4" for i in range(6))), tmp_path / "out"
    first = subprocess.Popen([sys.executable, "-m", "emocli", "analyze", folder, "-o", out, *WITHOUT_WORDS],
                             stdout=subprocess.DEVNULL)
    until(lambda: (out / FILE).exists())
    second = emocli(folder, "-o", out, *WITHOUT_WORDS)
    assert second.returncode == 2
    assert "another run is working on this folder" in second.stderr
    patient = emocli(folder, "-o", out, "--wait", *WITHOUT_WORDS)
    assert patient.returncode == first.wait(60) == 0
    whole(out, [str(i) for i in range(6)])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_is_lost_whatever_is_killed(tiny: Path, tmp_path: Path) -> None:
    """30 rounds: parent, worker or face process, killed at a random moment; then a run to the end."""
    names = [f"{'sub/' * (i % 2)}{i}" for i in range(12)]
    folder, out = copies(tiny, tmp_path / "in", *(f"{n}.mp4" for n in names)), tmp_path / "out"
    chance = random.Random(2026)
    command = [sys.executable, "-m", "emocli", "analyze", folder, "-o", out, "--workers", "2", *WITHOUT_WORDS]
    killed = {"parent": 0, "child": 0}
    for _ in range(30):
        for name in chance.sample(names, 4):  # so that there is always something to do
            for path in out.glob(f"{name}.emotions.*"):
                path.unlink()
        run = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.2, 4.0))
        family = run.children(recursive=True) if run.is_running() else []
        victim = chance.choice([run, *family])
        killed["parent" if victim is run else "child"] += 1
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            pass
        if victim is run:
            assert not psutil.wait_procs(family, timeout=10)[1]
        assert run.wait(120) in (0, -signal.SIGKILL, 5)
        for table in out.rglob("*.emotions.csv"):  # what is there is whole
            assert pd.read_csv(table)["end"].iloc[-1] == pytest.approx(0.6, abs=0.1)
    assert min(killed.values()) > 2
    assert emocli(folder, "-o", out, "--retry-failed", *WITHOUT_WORDS).returncode == 0
    whole(out, names)
    with Ledger(out) as ledger:
        assert ledger.counts() == {"done": len(names)}


def until(holds: object, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
def test_an_interrupt_leaves_what_is_done(tiny: Path, tmp_path: Path) -> None:
    folder, out = copies(tiny, tmp_path / "in", *(f"{i}.mp4" for i in range(8))), tmp_path / "out"
    run = psutil.Popen([sys.executable, "-m", "emocli", "analyze", folder, "-o", out, "--workers", "1", *WITHOUT_WORDS],
                       stderr=subprocess.PIPE, start_new_session=True,
                       preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    until(lambda: list(out.glob("*.srt")))
    family = run.children(recursive=True)
    run.send_signal(signal.SIGINT)
    assert run.wait(20) == 130
    assert not psutil.wait_procs(family, timeout=10)[1]
    before = {p: p.stat().st_mtime_ns for p in out.glob("*.srt")}
    assert emocli(folder, "-o", out, *WITHOUT_WORDS).returncode == 0
    whole(out, [str(i) for i in range(8)])
    assert np.mean([p.stat().st_mtime_ns == at for p, at in before.items()]) >= (len(before) - 1) / len(before)
