"""What a batch comes to as a whole: a line a video, and all rows in one table."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from emocli import storage
from emocli.batch.discover import Job
from emocli.batch.ledger import DONE, Ledger
from emocli.batch.plan import Plan
from emocli.emotions import EMOTIONS
from emocli.errors import InputError, UsageError
from emocli.plaintext import cell

#: Names of the tables without their endings.
BATCH, ALL = "batch", "all.emotions"
#: Columns of `batch.csv`; `seconds` is what the analysis took, `duration` that of the video.
COLUMNS = ("video", "status", "seconds", "duration", "emotion", *EMOTIONS, "error")


def check(plan: Plan) -> None:
    """Raise `UsageError` where the tables that are asked for cannot be written; before the work, not after
    it."""
    from importlib.util import find_spec

    if plan.combine and "csv" not in plan.formats:
        raise UsageError("--combine", "gathers CSV files, and none are asked for", "add csv to --formats")
    for job in plan.jobs:
        if plan.combine and f"{job.name}.emotions" == ALL:
            raise UsageError(job.path, f"has results that are called {ALL}.csv, as the table of --combine",
                             "rename it, or leave --combine out")
    if plan.parquet and find_spec("pyarrow") is None:
        raise UsageError("--parquet", "the package pyarrow is missing",
                         'install the extra: pip install "emocli[parquet]"')


def write(plan: Plan, ledger: Ledger, out: Path, home: Path) -> list[str]:
    """Write the tables of a plan into `home`, and copy them to `out` if that is a URL; returns what was
    written."""
    safe = partial(cell, safe=plan.writing.safe_csv)
    tables = [_batch(ledger, plan.jobs, home / f"{BATCH}.csv", safe)]
    if plan.combine:
        tables.append(_combine(ledger, plan.jobs, out, home / f"{ALL}.csv", safe))
    if plan.parquet:
        tables += [_parquet(table) for table in tables]
    if storage.remote(out):
        for table in tables:
            storage.put(table, out / table.name)
    return [str(out / table.name) for table in tables]


def _batch(ledger: Ledger, jobs: Sequence[Job], target: Path, safe: Callable[[object], str]) -> Path:
    """A line a job of this run, in its order."""
    with storage.atomic_text(target) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for job in jobs:
            if entry := ledger.get(job.name):
                shares = entry.summary.get("shares", {})
                writer.writerow([safe(job.path), entry.status, _round(entry.seconds), _round(entry.duration),
                                 entry.summary.get("emotion", ""), *(_round(shares.get(e)) for e in EMOTIONS),
                                 safe(entry.error or "")])
    return target


def _combine(ledger: Ledger, jobs: Sequence[Job], out: Path, target: Path,
             safe: Callable[[object], str]) -> Path:
    """The rows of every video that is done, with a `video` column in front, from the CSV files in `out`.

    Raises `InputError` when one of these cannot be read.
    """
    with storage.atomic_text(target) as file:
        writer = csv.writer(file, lineterminator="\n")
        header: list[str] = []
        for job in jobs:
            entry = ledger.get(job.name)
            if entry is None or entry.status != DONE:
                continue
            name = next((name for name in entry.outputs if name.endswith(".emotions.csv")), "no table")
            table = out / name
            try:
                with table.open(encoding="utf-8", newline="") as rows:
                    first, *rest = csv.reader(rows)
            except (OSError, ValueError, csv.Error) as error:
                raise InputError(table, f"cannot be read into {target.name} ({error})",
                                 "remove it, and run the same command again") from error
            if not header:
                header = first
                writer.writerow(["video", *header])
            writer.writerows([safe(job.path), *row] for row in rest)
    return target


def _round(value: Any) -> Any:
    return "" if value is None else round(value, 4)


def _parquet(table: Path) -> Path:
    import pandas as pd

    target = table.with_suffix(".parquet")
    with storage.atomic(target) as part:
        pd.read_csv(table).to_parquet(part, index=False)
    return target
