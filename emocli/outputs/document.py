"""The JSON that holds everything, the schema that it keeps to, and reading it back.

What is read back may be a stranger's: it is held against the schema (by fastjsonschema, which compiles it and
takes a second for two hours of video, where jsonschema takes eighteen), and then against what a schema cannot
say.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from emocli.emotions import EMOTIONS
from emocli.errors import InputError
from emocli.outputs.base import OutputOptions
from emocli.plaintext import escaped, printable
from emocli.timeline.persons import clean
from emocli.timeline.records import DECIMALS, face_id
from emocli.timeline.types import (
    FaceObservation,
    MediaInfo,
    Part,
    Person,
    Reading,
    Row,
    Timeline,
    Utterance,
    Word,
)

#: Version of the document's shape; raised when a reader of an older one would stumble.
VERSION = 1
#: Largest document that is read, bytes: a day with eight faces.
LARGEST = 2**31
#: What times and sums may be off by, because they are rounded.
ROUNDED = 2e-3


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the document."""
    text = files("emocli.outputs").joinpath("timeline.schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


@cache
def _validator() -> Callable[[Any], Any]:
    import fastjsonschema

    return fastjsonschema.compile(schema(), use_default=False)


def _named(scores: Any) -> dict[str, float]:
    return {name: round(float(s), DECIMALS) for name, s in zip(EMOTIONS, scores, strict=True)}


def _reading(reading: Reading) -> dict[str, Any]:
    speaking = {} if reading.speaking is None else {"speaking": reading.speaking}
    if reading.scores is None:
        return {"present": False, "reason": printable(reading.reason), **speaking}
    parts = {"parts": [_part(part) for part in reading.parts]} if reading.parts else {}
    return {"present": True, "emotion": reading.emotion, "confidence": round(reading.confidence, DECIMALS),
            "quality": round(reading.quality, 3), "scores": _named(reading.scores), **speaking, **parts}


def _part(part: Part) -> dict[str, Any]:
    return {"start": round(part.start, 3), "end": round(part.end, 3), "emotion": part.emotion,
            "confidence": round(part.confidence, DECIMALS), "scores": _named(part.scores)}


def _row(row: Row) -> dict[str, Any]:
    utterance = row.utterance
    return {
        "start": round(row.start, 3), "end": round(row.end, 3), "emotion": row.emotion,
        "confidence": round(row.confidence, DECIMALS), "scores": _named(row.scores),
        "face_id": face_id(row), "flags": list(row.flags),
        "readings": {name: _reading(r) for name, r in row.readings.items()},
        "utterance": utterance and {
            "start": round(utterance.start, 3), "end": round(utterance.end, 3),
            "text": printable(utterance.text), "language": utterance.language, "source": utterance.source,
            "speaker": printable(utterance.speaker),
            "words": [{"start": round(w.start, 3), "end": round(w.end, 3), "text": printable(w.text)}
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
            "notes": [printable(note) for note in timeline.notes], "rows": [_row(r) for r in timeline.rows],
            "tracks": [{"face_id": number, "observations": seen} for number, seen in sorted(tracks.items())],
            **persons(timeline)}


def persons(timeline: Timeline) -> dict[str, Any]:
    """The key of a document that holds the persons; nothing where nobody has a name."""
    named = [{"name": person.name, "face_ids": list(person.face_ids), "speakers": list(person.speakers)}
             for person in timeline.persons]
    return {"persons": named} if named else {}


def as_text(content: dict[str, Any]) -> str:
    """A document's values as the text of its file."""
    return escaped(json.dumps(content, ensure_ascii=False, indent=1)) + "\n"


def to_json(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.json`."""
    content = document(timeline)
    content["media"]["path"] = options.address or content["media"]["path"]
    return as_text(content)


def read(path: Path, video: Path | None = None) -> Timeline:
    """A document as a timeline, without features and logits, which it does not hold.  `media.path` is
    `video`, or the file of that name beside the document, whether it is there or not.  A link beside it is
    not followed: who made the document may have made the link.

    Raises `InputError` when the file is no such document.
    """
    step = "give what `emocli analyze -f json` wrote"
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            raise InputError(path, "cannot be read (no file, or more than 2 GB)", step)
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
        if not isinstance(content, dict) or content.get("version") != VERSION:
            raise InputError(path, f"is no timeline of version {VERSION}", step)
        _validator()(content)
        return _read(content, path, video)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", step) from error
    except (ValueError, RecursionError) as error:  # of JSON, of the schema, and ours
        raise InputError(path, f"is no timeline ({str(error)[:200]})", step) from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _read(content: dict[str, Any], path: Path, video: Path | None) -> Timeline:
    name, notes = content["media"]["path"], list(content["notes"])
    if "://" in name:
        name = name.rsplit("/", 1)[1]  # it lies elsewhere, and nothing is fetched
    if not name or Path(name).name != name or name in (".", "..") or "\0" in name:
        raise ValueError("media.path is no plain file name")
    beside = path.parent / name
    if video is None and beside.is_symlink():
        notes.append(f"{name} is a link, which is not followed: say where the video lies with --video")
        beside = path / name  # nothing lies below a file
    media = content["media"] | {"path": video or beside, "notes": tuple(content["media"]["notes"])}
    media |= {key: int(media[key]) for key in ("width", "height", "rotation")}  # for JSON 1.0 is one
    rows = tuple(_read_row(r) for r in content["rows"])
    _check_rows(rows, media["duration"])
    faces = sorted((_read_face(o, int(track["face_id"])) for track in content["tracks"]
                    for o in track["observations"]),
                   key=lambda o: (o.time, o.face_id))
    transcript = content["transcript"]
    return Timeline(MediaInfo(**media), rows, tuple(faces), transcript["source"], transcript["language"],
                    content["provenance"], tuple(notes), _read_persons(content.get("persons", [])))


def _read_persons(content: list[dict[str, Any]]) -> tuple[Person, ...]:
    """Raise `ValueError` where two persons have one name, or one face or speaker is of two."""
    persons = tuple(Person(clean(person["name"]), tuple(map(int, person["face_ids"])),
                           tuple(person["speakers"])) for person in content)
    names = [person.name for person in persons]
    parts = [part for person in persons for part in person.parts]
    if "" in names or len(set(names)) < len(names) or len(set(parts)) < len(parts):
        raise ValueError("persons are not told apart by their names, faces and speakers")
    return persons


def _check_rows(rows: tuple[Row, ...], duration: float) -> None:
    """Raise `ValueError` unless rows follow one another from 0 to the end, all with the same modalities."""
    edges = [0.0, *(time for row in rows for time in (row.start, row.end)), duration]
    for number, (left, right) in enumerate(pairwise(edges)):
        inside = number % 2  # from a row's start to its end, else from there to the next row's start
        if right < left if inside else abs(right - left) > ROUNDED:
            raise ValueError(f"the rows do not follow one another at {left:.3f} s")
    if any(row.readings.keys() != rows[0].readings.keys() for row in rows):
        raise ValueError("not all rows have the same modalities")
    for row in rows:
        _check_parts(row)


def _check_parts(row: Row) -> None:
    """Raise `ValueError` unless the parts of each reading follow one another within the row."""
    for reading in row.readings.values():
        times = [row.start, *(time for part in reading.parts for time in (part.start, part.end)), row.end]
        if any(right < left - ROUNDED for left, right in pairwise(times)):
            raise ValueError(f"the parts of the row at {row.start:.3f} s do not follow one another")


def _scores(named: dict[str, float]) -> np.ndarray:
    if abs(sum(named.values()) - 1) > ROUNDED:
        raise ValueError("scores do not sum to 1")
    return np.array([named[name] for name in EMOTIONS], float)


def _read_reading(name: str, content: dict[str, Any], number: int | None) -> Reading:
    if not content["present"]:
        return Reading(name, reason=content["reason"], speaking=content.get("speaking"))
    return Reading(name, scores=_scores(content["scores"]), quality=content.get("quality", 0.0),
                   face_id=number if name == "face" else None, speaking=content.get("speaking"),
                   parts=tuple(Part(part["start"], part["end"], _scores(part["scores"]))
                               for part in content.get("parts", ())))


def _read_row(row: dict[str, Any]) -> Row:
    said, number = row["utterance"], row["face_id"] and int(row["face_id"])
    return Row(row["start"], row["end"],
               said and Utterance(**said | {"words": tuple(Word(**word) for word in said["words"])}),
               _scores(row["scores"]),
               {name: _read_reading(name, reading, number) for name, reading in row["readings"].items()},
               tuple(row["flags"]))


def _read_face(face: dict[str, Any], number: int) -> FaceObservation:
    return FaceObservation(face["time"], tuple(face["box"]), np.array(face["landmarks"], float),
                           face["detection"], number, scores=face["scores"] and _scores(face["scores"]))
