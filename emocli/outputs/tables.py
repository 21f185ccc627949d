"""The CSV of rows and the CSV of faces."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from emocli.emotions import EMOTIONS
from emocli.outputs.base import OutputOptions
from emocli.plaintext import printable
from emocli.timeline.records import DECIMALS, columns, records
from emocli.timeline.types import Timeline

#: Columns of `<stem>.faces.csv`, in order.
FACE_COLUMNS = ("time", "face_id", "x", "y", "width", "height", "detection", *EMOTIONS)
#: How a cell begins that a spreadsheet takes for a formula, the wide forms of East Asian keyboards too.
FORMULA = tuple("=+-@＝＋－＠")


def emotions_csv(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.csv`: times with 3 decimals, absent values empty.  With `options.safe_csv` words that
    a spreadsheet would run as a formula have a `'` in front."""
    rows = []
    for record in records(timeline):
        record["text"] = cell(record["text"], safe=options.safe_csv)
        rows.append((record | {time: f"{record[time]:.3f}" for time in ("start", "end")}).values())
    return _csv(columns(timeline), rows)


def cell(text: object, *, safe: bool) -> str:
    """Text from outside as a cell; with `safe`, one that a spreadsheet would run gets a `'` in front."""
    written = printable(str(text).encode(errors="backslashreplace").decode())
    return f"'{written}" if safe and written.lstrip().startswith(FORMULA) else written


def faces_csv(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.faces.csv`: one line a face and frame; boxes in px, scores of the face alone."""
    return _csv(FACE_COLUMNS, (
        (f"{o.time:.3f}", o.face_id, *(round(v, 1) for v in o.box), round(o.detection, 4),
         *(round(float(s), DECIMALS) for s in o.scores)) for o in timeline.faces if o.scores is not None))


def _csv(header: Sequence[str], lines: Iterable[Iterable[Any]]) -> str:
    """A table as text, without pandas, which takes half a second to import."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return text.getvalue()
