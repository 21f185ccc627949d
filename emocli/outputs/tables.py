"""The CSV of rows and the CSV of faces."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from emocli.emotions import EMOTIONS
from emocli.outputs.base import OutputOptions
from emocli.timeline.types import MODALITIES, Timeline

#: Columns of `<stem>.emotions.csv`, in order.
COLUMNS = ("start", "end", "text", "face_id", "emotion", "confidence", *EMOTIONS,
           *(f"{m}_{part}" for m in MODALITIES for part in ("emotion", "confidence")),
           "language", "source", "flags")
#: Columns of `<stem>.faces.csv`, in order.
FACE_COLUMNS = ("time", "face_id", "x", "y", "width", "height", "detection", *EMOTIONS)
#: Decimals of scores: enough that the seven sum to 1 within 1e-5.
DECIMALS = 6


def records(timeline: Timeline) -> list[dict[str, Any]]:
    """Rows as plain values; None where a modality is absent."""
    rows: list[dict[str, Any]] = []
    for row in timeline.rows:
        face = row.readings["face"]
        record: dict[str, Any] = {
            "start": round(row.start, 3), "end": round(row.end, 3),
            "text": row.utterance.text if row.utterance else "",
            "face_id": face.face_id, "emotion": row.emotion,
            "confidence": round(row.confidence, DECIMALS)}
        record |= {name: round(float(s), DECIMALS) for name, s in zip(EMOTIONS, row.scores, strict=True)}
        for name in MODALITIES:
            reading = row.readings[name]
            record[f"{name}_emotion"] = reading.emotion or None
            record[f"{name}_confidence"] = round(reading.confidence, DECIMALS) if reading.present else None
        record |= {"language": row.utterance.language if row.utterance else "",
                   "source": row.utterance.source if row.utterance else "",
                   "flags": ";".join(row.flags)}
        rows.append(record)
    return rows


def frame_of(timeline: Timeline) -> Any:
    """The rows as a DataFrame; `face_id` is a nullable integer."""
    import pandas as pd

    frame = pd.DataFrame(records(timeline), columns=list(COLUMNS))
    return frame.astype({"face_id": "Int64"})


def emotions_csv(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.csv`: times with 3 decimals, absent values empty."""
    times = {"start", "end"}
    return _csv(COLUMNS, ([f"{value:.3f}" if name in times else value for name, value in record.items()]
                          for record in records(timeline)))


def faces_csv(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.faces.csv`: one line a face and picture; boxes in px, scores of the face alone."""
    return _csv(FACE_COLUMNS, (
        (f"{o.time:.3f}", o.face_id, *(round(v, 1) for v in o.box), round(o.detection, 4),
         *(round(float(s), DECIMALS) for s in o.scores)) for o in timeline.faces if o.scores is not None))


def _csv(columns: Sequence[str], lines: Iterable[Iterable[Any]]) -> str:
    """A table as text, without pandas, which takes half a second to import."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(lines)
    return text.getvalue()
