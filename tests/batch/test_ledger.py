"""The account of a batch: kept through kills, honest about damage, and of any name that a file may have."""

from __future__ import annotations

import os
import resource
import sqlite3
from pathlib import Path

import pytest

from emocli.batch.ledger import FILE, Ledger
from emocli.errors import OutputError

#: As emocli 0.x made it.
OLD = """
CREATE TABLE jobs (
    name TEXT PRIMARY KEY, path TEXT NOT NULL, fingerprint TEXT NOT NULL, status TEXT NOT NULL,
    deaths INTEGER NOT NULL,
    finished REAL, seconds REAL, duration REAL, summary TEXT, outputs TEXT, error TEXT);
INSERT INTO jobs VALUES (
    'a', 'in/a.mp4', '1', 'done', 0, 1.0, 2.0, 3.0, '{"emotion": "fear"}', '["a.csv"]', NULL);
"""


def test_it_keeps_account(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.plan([("a", Path("a.mp4"), "1"), ("b", Path("b.mp4"), "2")])
        ledger.begin("a")
        assert ledger.counts() == {"running": 1, "waiting": 1}
        assert [ledger.died("a"), ledger.died("a")] == [1, 2]
        ledger.fail("a", "it died")
        ledger.finish("b", seconds=1.5, duration=3.0, summary={"emotion": "fear"}, outputs={"b.csv": "abc"})
    with Ledger(tmp_path) as ledger:
        assert ledger.get("c") is None
        done = ledger.get("b")
        assert done
        assert (done.status, done.summary, done.outputs, done.duration) == (
            "done", {"emotion": "fear"}, {"b.csv": "abc"}, 3)
        assert [(e.name, e.error) for e in ledger.entries("failed")] == [("a", "it died")]
        ledger.plan([("a", Path("a.mp4"), "1"), ("b", Path("b.mp4"), "3")])
        assert ledger.died("a") == 1  # a new run counts anew
        ledger.fail("b", "it is broken now")
        failed = ledger.get("b")
        assert failed
        # What was written before is known still, so that it is not taken for somebody else's.
        assert (failed.seconds, failed.duration, failed.summary, failed.outputs) == (
            None,
            None,
            {},
            {"b.csv": "abc"},
        )


def test_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Ledger() as ledger:
        ledger.plan([("a", Path("a.mp4"), "1")])
        assert ledger.counts() == {"waiting": 1}
    assert not list(tmp_path.iterdir())


def test_an_older_ledger(tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / FILE)
    base.executescript(OLD)
    base.close()
    with Ledger(tmp_path) as ledger:
        entry = ledger.get("a")
        assert entry
        assert (entry.status, entry.outputs) == ("done", {"a.csv": ""})
        ledger.finish("a", seconds=1, duration=1, summary={}, outputs={"a.csv": "abc"})
        entry = ledger.get("a")
        assert entry
        assert entry.outputs == {"a.csv": "abc"}


def test_names_are_bytes(tmp_path: Path) -> None:
    name = os.fsdecode(b"b\xff")
    with Ledger(tmp_path) as ledger:
        ledger.plan([(name, Path(name + ".mp4"), "1"), ("슬픔", Path("슬픔.mp4"), "2")])
        ledger.begin(name)
        ledger.fail(name, f"{name}: no")
        ledger.finish("슬픔", seconds=1, duration=1, summary={}, outputs={name: "abc"})
        assert {(e.name, e.path, e.error, *e.outputs) for e in ledger.entries()} == {
            (name, name + ".mp4", f"{name}: no"), ("슬픔", "슬픔.mp4", None, name)}


@pytest.mark.parametrize("damage", ["no database", "page", "summary", "table", "locked", "full"])
def test_faults_are_one_line(tmp_path: Path, damage: str) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.plan((f"{n:04d}", Path("a" * 100), "1") for n in range(500))
    path = tmp_path / FILE
    base = sqlite3.connect(path, isolation_level=None)
    if damage == "no database":
        path.write_bytes(b"no database" * 100)
    elif damage == "page":
        content = bytearray(path.read_bytes())
        content[4096:] = os.urandom(len(content) - 4096)
        path.write_bytes(content)
    elif damage == "summary":
        base.execute("UPDATE jobs SET summary = '{'")
    elif damage == "table":
        base.execute("ALTER TABLE jobs DROP COLUMN outputs")
    elif damage == "locked":
        base.execute("BEGIN IMMEDIATE")
    with pytest.raises(OutputError, match=r"emocli-ledger\.sqlite: cannot be used"):
        work(tmp_path, full=damage == "full")
    base.close()


def work(folder: Path, *, full: bool) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Ledger(folder) as ledger:
        if full:  # as a disk that holds no more
            resource.setrlimit(resource.RLIMIT_FSIZE, ((folder / FILE).stat().st_size, hard))
        try:
            list(ledger.entries())
            ledger.plan((f"more {n}", Path("a" * 1000), "1") for n in range(500))
            ledger.begin("0001")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
