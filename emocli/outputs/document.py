"""The JSON that holds everything, and the schema that it keeps to."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from emocli.emotions import EMOTIONS
from emocli.outputs.base import OutputOptions
from emocli.outputs.tables import DECIMALS
from emocli.timeline.types import FaceObservation, Reading, Row, Timeline

#: Version of the document's shape; raised when a reader of an older one would stumble.
VERSION = 1


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the document."""
    text = files("emocli.outputs").joinpath("timeline.schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def _named(scores: Any) -> dict[str, float]:
    return {name: round(float(s), DECIMALS) for name, s in zip(EMOTIONS, scores, strict=True)}


def _reading(reading: Reading) -> dict[str, Any]:
    if reading.scores is None:
        return {"present": False, "reason": reading.reason}
    return {"present": True, "emotion": reading.emotion, "confidence": round(reading.confidence, DECIMALS),
            "quality": round(reading.quality, 3), "scores": _named(reading.scores)}


def _row(row: Row) -> dict[str, Any]:
    utterance = row.utterance
    return {
        "start": round(row.start, 3), "end": round(row.end, 3), "emotion": row.emotion,
        "confidence": round(row.confidence, DECIMALS), "scores": _named(row.scores),
        "face_id": row.readings["face"].face_id, "flags": list(row.flags),
        "readings": {name: _reading(r) for name, r in row.readings.items()},
        "utterance": utterance and {
            "start": round(utterance.start, 3), "end": round(utterance.end, 3), "text": utterance.text,
            "language": utterance.language, "source": utterance.source,
            "words": [{"start": round(w.start, 3), "end": round(w.end, 3), "text": w.text}
                      for w in utterance.words]}}


def _face(o: FaceObservation) -> dict[str, Any]:
    return {"time": round(o.time, 3), "box": [round(v, 1) for v in o.box],
            "landmarks": [[round(float(v), 1) for v in point] for point in o.landmarks],
            "detection": round(o.detection, 4), "scores": None if o.scores is None else _named(o.scores)}


def document(timeline: Timeline) -> dict[str, Any]:
    """The whole timeline as plain values."""
    tracks: dict[int, list[dict[str, Any]]] = {}
    for observation in timeline.faces:
        tracks.setdefault(observation.face_id, []).append(_face(observation))
    media = asdict(timeline.media) | {"path": timeline.media.path.name}
    return {"version": VERSION, "media": media, "provenance": timeline.provenance,
            "transcript": {"source": timeline.transcript_source, "language": timeline.language},
            "notes": list(timeline.notes), "rows": [_row(r) for r in timeline.rows],
            "tracks": [{"face_id": face_id, "observations": seen} for face_id, seen in sorted(tracks.items())]}


def to_json(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.json`."""
    return json.dumps(document(timeline), ensure_ascii=False, indent=1) + "\n"
