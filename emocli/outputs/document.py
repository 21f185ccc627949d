"""The JSON that holds everything, the schema that it keeps to, and reading it back."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from emocli.emotions import EMOTIONS
from emocli.errors import InputError
from emocli.outputs.base import OutputOptions
from emocli.outputs.tables import DECIMALS
from emocli.timeline.types import FaceObservation, MediaInfo, Reading, Row, Timeline, Utterance, Word

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
    values = document(timeline)
    if options.address:
        values["media"]["path"] = options.address
    return json.dumps(values, ensure_ascii=False, indent=1) + "\n"


def read(path: Path, video: Path | None = None) -> Timeline:
    """A document as a timeline, without features and logits, which it does not hold.  `media.path` is `video`, or
    the file of that name beside the document, whether it is there or not.

    Raises `InputError` when the file is no such document.
    """
    step = "give what `emocli analyze -f json` wrote"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or found.get("version") != VERSION:
            raise InputError(path, f"is no timeline of version {VERSION}", step)
        media = found["media"] | {"path": video or path.parent / found["media"]["path"],
                                  "notes": tuple(found["media"]["notes"])}
        return Timeline(
            MediaInfo(**media), tuple(_read_row(r) for r in found["rows"]),
            tuple(sorted((_read_face(o, track["face_id"]) for track in found["tracks"] for o in track["observations"]),
                         key=lambda o: (o.time, o.face_id))),
            found["transcript"]["source"], found["transcript"]["language"], found["provenance"], tuple(found["notes"]))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, f"cannot be read ({error})", step) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(path, f"is no timeline ({type(error).__name__}: {error})", step) from error


def _scores(named: dict[str, float]) -> np.ndarray:
    return np.array([named[name] for name in EMOTIONS])


def _read_reading(name: str, found: dict[str, Any], face_id: int | None) -> Reading:
    if not found["present"]:
        return Reading(name, reason=found["reason"])
    return Reading(name, scores=_scores(found["scores"]), quality=found["quality"],
                   face_id=face_id if name == "face" else None)


def _read_row(found: dict[str, Any]) -> Row:
    said = found["utterance"]
    utterance = said and Utterance(said["start"], said["end"], said["text"], tuple(Word(**w) for w in said["words"]),
                                   said["language"], said["source"])
    return Row(found["start"], found["end"], utterance, _scores(found["scores"]),
               {name: _read_reading(name, r, found["face_id"]) for name, r in found["readings"].items()},
               tuple(found["flags"]))


def _read_face(found: dict[str, Any], face_id: int) -> FaceObservation:
    x, y, width, height = found["box"]
    return FaceObservation(found["time"], (x, y, width, height), np.array(found["landmarks"]), found["detection"],
                           face_id, scores=found["scores"] and _scores(found["scores"]))
