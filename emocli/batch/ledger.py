"""What was done to which video: a SQLite file in the output folder that survives a power cut."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from emocli.errors import OutputError

#: Name of the file in the output folder.
FILE = "emocli-ledger.sqlite"
WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"

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
    outputs TEXT,                 -- JSON: files written, relative to the folder: sha256 (once a list)
    error TEXT
);
CREATE TABLE IF NOT EXISTS named (  -- results to which people gave names since they were written
    name TEXT PRIMARY KEY,
    persons TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_status ON jobs (status);
"""


@dataclass(frozen=True)
class Entry:
    """A line of the ledger.  `outputs` are the files written last, with their sha256, or "" where it is
    unknown."""

    name: str
    path: str
    fingerprint: str
    status: str
    deaths: int
    finished: float | None
    seconds: float | None
    duration: float | None
    summary: dict[str, Any]
    outputs: dict[str, str]
    error: str | None


class Ledger:
    """The ledger of an output folder, or without one, of a run that keeps none.  A context manager; use from
    one thread.

    All calls raise `OutputError` when it cannot be used or is damaged.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.path = folder / FILE if folder else Path(":memory:")
        with self._guard():
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(self.path, isolation_level=None)
            # A line is on the disk when a call returns; readers do not wait for the writer.
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.executescript(_SCHEMA)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._base.close()

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error, ValueError, TypeError) as error:
            raise OutputError(self.path, f"cannot be used ({error})",
                              "free the disk or the file; if it is damaged remove it, or give another folder "
                              "with -o") from error

    @contextmanager
    def _together(self) -> Iterator[None]:
        with self._guard(), self._base:
            self._base.execute("BEGIN IMMEDIATE")
            yield

    def _execute(self, command: str, *values: Any) -> sqlite3.Cursor:
        with self._guard():
            return self._base.execute(command, [_stored(value) for value in values])

    def get(self, name: str) -> Entry | None:
        """The line of a job."""
        return next(self._entries("WHERE name = ?", name), None)

    def entries(self, status: str = "") -> Iterator[Entry]:
        """All lines by name, or those of a status."""
        return self._entries("WHERE ? IN ('', status) ORDER BY name", status)

    def _entries(self, which: str, value: str) -> Iterator[Entry]:
        rows = self._execute("SELECT * FROM jobs " + which, value)
        while True:
            with self._guard():
                row = rows.fetchone()
                if row is None:
                    return
                entry = _entry(row)
            yield entry

    def counts(self) -> dict[str, int]:
        """How many jobs have each status."""
        with self._guard():
            return dict(self._base.execute("SELECT status, count(*) FROM jobs GROUP BY status"))

    def plan(self, jobs: Iterable[tuple[str, Path, str]]) -> None:
        """Set (name, path, fingerprint) waiting, all or none; what was written before is remembered."""
        with self._together():
            self._base.executemany(
                "INSERT INTO jobs (name, path, fingerprint, status, deaths) VALUES (?, ?, ?, 'waiting', 0) "
                "ON CONFLICT (name) DO UPDATE SET path = excluded.path, fingerprint = excluded.fingerprint, "
                "status = 'waiting', deaths = 0, finished = NULL, seconds = NULL, duration = NULL, "
                "summary = NULL, error = NULL",
                ((_stored(name), _stored(str(path)), fingerprint) for name, path, fingerprint in jobs))

    def begin(self, name: str) -> None:
        """A worker takes a job."""
        self._execute("UPDATE jobs SET status = 'running' WHERE name = ?", name)

    def died(self, name: str) -> int:
        """A worker died over a job; returns how many have."""
        with self._together():
            self._execute("UPDATE jobs SET status = 'waiting', deaths = deaths + 1 WHERE name = ?", name)
            return int(self._execute("SELECT deaths FROM jobs WHERE name = ?", name).fetchone()[0])

    def rename(self, name: str, persons: str, outputs: Mapping[str, str]) -> None:
        """The results of a job have been written again with the names of `persons`, "" for none: files of
        `outputs` that the job had written are no edits of somebody's."""
        entry = self.get(name)
        if entry is None:
            return
        kept = {file: outputs.get(file, digest) for file, digest in entry.outputs.items()}
        with self._together():
            self._execute("UPDATE jobs SET outputs = ? WHERE name = ?", json.dumps(kept), name)
            self._execute("DELETE FROM named WHERE name = ?", name)
            if persons:
                self._execute("INSERT INTO named VALUES (?, ?)", name, persons)

    def persons(self, name: str) -> str:
        """The names that the results of a job carry, or ""."""
        row = self._execute("SELECT persons FROM named WHERE name = ?", name).fetchone()
        return str(row[0]) if row else ""

    def finish(self, name: str, *, seconds: float, duration: float, summary: dict[str, Any],
               outputs: Mapping[str, str]) -> None:
        """A job is done, its results are on the disk."""
        with self._together():
            self._execute(
                "UPDATE jobs SET status = 'done', finished = ?, seconds = ?, duration = ?, summary = ?, "
                "outputs = ?, error = NULL WHERE name = ?",
                time.time(), seconds, duration, json.dumps(summary), json.dumps(outputs), name)
            self._execute("DELETE FROM named WHERE name = ?", name)

    def fail(self, name: str, error: str) -> None:
        """A job has failed for good."""
        self._execute("UPDATE jobs SET status = 'failed', finished = ?, error = ? WHERE name = ?",
                      time.time(), error, name)


def _stored(value: Any) -> Any:
    """SQLite's text is UTF-8; the names of files are bytes."""
    try:
        if isinstance(value, str):
            value.encode()
    except UnicodeEncodeError:
        return os.fsencode(value)
    return value


def _entry(row: tuple[Any, ...]) -> Entry:
    """Raises `ValueError` where a cell is not what it should be."""
    cells = (os.fsdecode(cell) if isinstance(cell, bytes) else cell for cell in row)
    values: dict[str, Any] = dict(zip(Entry.__dataclass_fields__, cells, strict=True))
    summary, outputs = json.loads(values["summary"] or "{}"), json.loads(values["outputs"] or "{}")
    if isinstance(outputs, list):
        outputs = dict.fromkeys(outputs, "")
    shares = summary.get("shares", {}) if isinstance(summary, dict) else None
    numbers = (values["finished"], values["seconds"], values["duration"])
    if not (isinstance(shares, dict) and isinstance(outputs, dict) and isinstance(values["deaths"], int)
            and all(isinstance(share, int | float) for share in shares.values())
            and all(isinstance(text, str) for text in (*outputs.values(), summary.get("emotion", "")))
            and all(number is None or isinstance(number, int | float) for number in numbers)):
        raise ValueError(f"the line of {values['name']} is damaged")
    return Entry(**values | {"summary": summary, "outputs": outputs})
