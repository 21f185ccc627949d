"""The CSV of rows and the CSV of faces."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from emocli.emotions import EMOTIONS
from emocli.outputs.base import OutputOptions
from emocli.plaintext import cell
from emocli.timeline.blendshapes import BLENDSHAPES, POSE
from emocli.timeline.records import DECIMALS, columns, records
from emocli.timeline.types import FaceObservation, Timeline

#: Columns of `<stem>.faces.csv`, in order.
FACE_COLUMNS = ("time", "face_id", "x", "y", "width", "height", "detection", *EMOTIONS)
#: Columns after these with `--blendshapes`.
MESH_COLUMNS = (*BLENDSHAPES, *POSE)


def emotions_csv(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.csv`: times with 3 decimals, absent values empty.  With `options.safe_csv` words and
    names that a spreadsheet would run as a formula have a `'` in front."""
    rows = []
    for record in records(timeline):
        record["text"] = cell(record["text"], safe=options.safe_csv)
        record["person"] = cell(record["person"] or "", safe=options.safe_csv)
        rows.append((record | {time: f"{record[time]:.3f}" for time in ("start", "end")}).values())
    return _csv(columns(timeline), rows)


def faces_csv(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.faces.csv`: one line a face and frame; boxes in px, scores of the face alone, and where
    they were measured, blendshapes and pose, empty where no mesh was found."""
    described = bool(timeline.faces) and timeline.faces[0].blendshapes is not None
    return _csv((*FACE_COLUMNS, *(MESH_COLUMNS if described else ())), (
        (f"{o.time:.3f}", o.face_id, *(round(v, 1) for v in o.box), round(o.detection, 4),
         *(round(float(s), DECIMALS) for s in o.scores), *(_mesh(o) if described else ()))
        for o in timeline.faces if o.scores is not None))


def _mesh(face: FaceObservation) -> list[float | None]:
    """The cells of MESH_COLUMNS."""
    if face.blendshapes is None or face.pose is None or not np.isfinite(face.blendshapes).all():
        return [None] * len(MESH_COLUMNS)
    return [*(round(float(s), 4) for s in face.blendshapes), *(round(float(a), 1) for a in face.pose)]


def _csv(header: Sequence[str], lines: Iterable[Iterable[Any]]) -> str:
    """A table as text, without pandas, which takes half a second to import."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return text.getvalue()
