"""What a batch comes to as a whole: a line a video, and all rows in one table."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from emocli.batch.discover import Job
from emocli.batch.ledger import DONE, Ledger
from emocli.emotions import EMOTIONS
from emocli.errors import UsageError
from emocli.storage import atomic, atomic_text

#: Columns of `batch.csv`; `seconds` is what the analysis took, `duration` that of the video.
COLUMNS = ("video", "status", "seconds", "duration", "emotion", *EMOTIONS, "error")


def batch(ledger: Ledger, jobs: Sequence[Job], folder: Path, *, parquet: bool = False) -> list[Path]:
    """Write `batch.csv`, and `batch.parquet` if asked: a line a job of this run, in its order; returns what was
    written."""
    with atomic_text(folder / "batch.csv") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for job in jobs:
            if entry := ledger.get(job.name):
                shares = entry.summary.get("shares", {})
                writer.writerow([job.path, entry.status, _round(entry.seconds), _round(entry.duration),
                                 entry.summary.get("emotion", ""), *(_round(shares.get(e)) for e in EMOTIONS),
                                 entry.error or ""])
    return [folder / "batch.csv", *([_parquet(folder / "batch.csv")] if parquet else [])]


def combine(ledger: Ledger, jobs: Sequence[Job], out: Path, folder: Path, *, parquet: bool = False) -> list[Path]:
    """Write `all.emotions.csv`: the rows of every video that is done, with a `video` column in front, from the
    CSV files in `out`; returns what was written."""
    with atomic_text(folder / "all.emotions.csv") as file:
        writer = csv.writer(file, lineterminator="\n")
        header: list[str] = []
        for job, rows in _tables(ledger, jobs, out):
            first = next(rows)
            if not header:
                header = first
                writer.writerow(["video", *header])
            writer.writerows([str(job.path), *row] for row in rows)
    return [folder / "all.emotions.csv", *([_parquet(folder / "all.emotions.csv")] if parquet else [])]


def _tables(ledger: Ledger, jobs: Sequence[Job], out: Path) -> Iterator[tuple[Job, Iterator[list[str]]]]:
    for job in jobs:
        entry = ledger.get(job.name)
        if entry is None or entry.status != DONE:
            continue
        table = next(f for f in entry.outputs if f.endswith(".emotions.csv"))
        with (out / table).open(encoding="utf-8", newline="") as file:
            yield job, csv.reader(file)


def _round(value: Any) -> Any:
    return "" if value is None else round(value, 4)


def require_parquet() -> None:
    """Raise `UsageError` where Parquet cannot be written; to be asked before the work, not after it."""
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise UsageError("--parquet", "the package pyarrow is missing",
                         'install the extra: pip install "emocli[parquet]"')


def _parquet(table: Path) -> Path:
    import pandas as pd

    target = table.with_suffix(".parquet")
    with atomic(target) as part:
        pd.read_csv(table).to_parquet(part, index=False)
    return target
