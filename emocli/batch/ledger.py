"""What was done to which video: a SQLite file in the output folder that survives a power cut."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from emocli.errors import OutputError

#: Name of the file in the output folder.
FILE = "emocli-ledger.sqlite"
DONE, FAILED = "done", "failed"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    name TEXT PRIMARY KEY,        -- results are called so
    path TEXT NOT NULL,
    fingerprint TEXT NOT NULL,    -- of content, options and weights
    status TEXT NOT NULL,         -- waiting, running, done or failed
    deaths INTEGER NOT NULL,      -- workers that died over it in the last run
    finished REAL,                -- seconds since 1970
    seconds REAL,                 -- that it took
    duration REAL,                -- seconds of video
    summary TEXT,                 -- JSON: emotion and shares
    outputs TEXT,                 -- JSON: files written, relative to the folder
    error TEXT
);
CREATE INDEX IF NOT EXISTS by_status ON jobs (status);
"""


@dataclass(frozen=True)
class Entry:
    """A line of the ledger."""

    name: str
    path: str
    fingerprint: str
    status: str
    deaths: int
    finished: float | None
    seconds: float | None
    duration: float | None
    summary: dict[str, Any]
    outputs: list[str]
    error: str | None


class Ledger:
    """The ledger of an output folder.  A context manager; use from one thread.

    Raises `OutputError` when it cannot be opened or is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(self.path, isolation_level=None)
            # A line is on the disk when a call returns; readers do not wait for the writer.
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise OutputError(self.path, f"cannot be used ({error})",
                              "remove it, or give another folder with -o") from error

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._base.close()

    @contextmanager
    def _together(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def get(self, name: str) -> Entry | None:
        """The line of a job."""
        row = self._base.execute("SELECT * FROM jobs WHERE name = ?", (name,)).fetchone()
        return _entry(row) if row else None

    def entries(self, status: str = "") -> Iterator[Entry]:
        """All lines by name, or those of a status."""
        rows = self._base.execute("SELECT * FROM jobs WHERE ? IN ('', status) ORDER BY name", (status,))
        return map(_entry, rows)

    def counts(self) -> dict[str, int]:
        """How many jobs have each status."""
        return dict(self._base.execute("SELECT status, count(*) FROM jobs GROUP BY status"))

    def plan(self, jobs: Iterable[tuple[str, Path, str]]) -> None:
        """Set (name, path, fingerprint) waiting, all or none."""
        with self._together():
            self._base.executemany(
                "INSERT INTO jobs (name, path, fingerprint, status, deaths) VALUES (?, ?, ?, 'waiting', 0) "
                "ON CONFLICT (name) DO UPDATE SET path = excluded.path, fingerprint = excluded.fingerprint, "
                "status = 'waiting', deaths = 0, finished = NULL, seconds = NULL, duration = NULL, summary = NULL, "
                "outputs = NULL, error = NULL",
                ((name, str(path), fingerprint) for name, path, fingerprint in jobs))

    def begin(self, name: str) -> None:
        """A worker takes a job."""
        self._base.execute("UPDATE jobs SET status = 'running' WHERE name = ?", (name,))

    def died(self, name: str) -> int:
        """A worker died over a job; returns how many have."""
        with self._together():
            self._base.execute("UPDATE jobs SET status = 'waiting', deaths = deaths + 1 WHERE name = ?", (name,))
            return int(self._base.execute("SELECT deaths FROM jobs WHERE name = ?", (name,)).fetchone()[0])

    def finish(self, name: str, *, seconds: float, duration: float, summary: dict[str, Any],
               outputs: Iterable[str]) -> None:
        """A job is done, its results are on the disk."""
        self._base.execute(
            "UPDATE jobs SET status = 'done', finished = ?, seconds = ?, duration = ?, summary = ?, outputs = ?, "
            "error = NULL WHERE name = ?",
            (time.time(), seconds, duration, json.dumps(summary), json.dumps(list(outputs)), name))

    def fail(self, name: str, error: str) -> None:
        """A job has failed for good."""
        self._base.execute("UPDATE jobs SET status = 'failed', finished = ?, error = ? WHERE name = ?",
                           (time.time(), error, name))


def _entry(row: tuple[Any, ...]) -> Entry:
    named = dict(zip(Entry.__dataclass_fields__, row, strict=True))
    return Entry(**named | {"summary": json.loads(named["summary"] or "{}"),
                            "outputs": json.loads(named["outputs"] or "[]")})
