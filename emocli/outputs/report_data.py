"""A timeline as the scripts of the report page read it: rows, faces, and who has lanes."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from emocli.emotions import CLASSES, EMOTIONS, INDEX
from emocli.outputs.page.rendering import PERSONS, words
from emocli.plaintext import printable
from emocli.timeline.flags import LOW_CONFIDENCE
from emocli.timeline.records import person_of
from emocli.timeline.types import Person, Reading, Row, Timeline

#: Persons with lanes of their own, those who are seen and heard most.
LANES = 8
#: Bits of a row's flags.
MIXED, UNSURE = 1, 2
#: The lane of a face in every picture that was looked at; other lanes have the number of a modality.
FACE = -1


def report_data(timeline: Timeline, people: Sequence[Person], language: str) -> dict[str, Any]:
    """All that the scripts need.  Times are seconds (of faces ms), scores thousandths (of faces 255ths)."""
    read, t = [o for o in timeline.faces if o.scores is not None], words(language)
    scores = np.array([o.scores for o in read], float).reshape(-1, len(EMOTIONS))
    times = np.unique([o.time for o in read])
    numbers = {face: i for i, person in enumerate(people) for face in person.face_ids}
    return {
        "duration": round(timeline.media.duration, 3), "labels": [c.label(language) for c in CLASSES],
        "emoji": [c.emoji for c in CLASSES], "colours": [c.colour for c in CLASSES],
        "persons": list(PERSONS), "people": [printable(person.label(language)) for person in people],
        "named": [bool(person.name) for person in people], "tracks": tracks(timeline, people),
        "sure": LOW_CONFIDENCE,
        "step": float(np.median(np.diff(times))) if len(times) > 1 else 0.2,
        "words": {key: t[key] for key in ("silence", "count", "read_as", "mixed_short", "unsure", "copied")},
        "modalities": [t.get(name, name) for name in timeline.modalities],
        "rows": [_row(row, timeline.modalities, people) for row in timeline.rows],
        "faces": {"time": _packed([round(o.time * 1000) for o in read], "<u4"),
                  "person": _packed([numbers.get(o.face_id, 2**16 - 1) for o in read], "<u2"),
                  "scores": _packed(scores * 255 + 0.5, "u1")}}


def _row(row: Row, modalities: Sequence[str], people: Sequence[Person]) -> list[Any]:
    """[start, end, emotion, sureness, scores, what each modality says, whose, who speaks, words, flags]."""
    flags = MIXED * ("mixed" in row.flags) + UNSURE * ("low_confidence" in row.flags)
    return [round(row.start, 3), round(row.end, 3), INDEX[row.emotion], round(row.confidence * 1000),
            [round(float(score) * 1000) for score in row.scores],
            [_says(row.readings[name]) for name in modalities],
            _number(person_of(row, people), people), speaker_of(row, people),
            printable(row.utterance.text) if row.utterance else "", flags]


def _says(reading: Reading) -> list[int] | int:
    return [INDEX[reading.emotion], round(reading.confidence * 1000)] if reading.present else 0


def _number(person: Person | None, people: Sequence[Person]) -> int:
    return next((i for i, one in enumerate(people) if one is person), -1)


def speaker_of(row: Row, people: Sequence[Person]) -> int:
    """The number of who says a row's words: the speaker, or whose mouth was seen to speak; else -1."""
    face = row.readings.get("face")
    if row.utterance and (row.utterance.speaker or (face and face.speaking)):
        return _number(person_of(row, people), people)
    return -1


def tracks(timeline: Timeline, people: Sequence[Person]) -> list[dict[str, Any]]:
    """Who has lanes, and which: `person` is a number in `people`, or -1 for what no listed person says."""
    seen = {o.face_id for o in timeline.faces if o.scores is not None}
    lanes: dict[int, set[int]] = {}
    time: Counter[int] = Counter()
    numbers = {face: i for i, person in enumerate(people) for face in person.face_ids}
    for o in timeline.faces:
        time[numbers.get(o.face_id, -1)] += 1
    for row in timeline.rows:
        speaker = speaker_of(row, people)
        time[speaker] += round(10 * (row.end - row.start))  # a second of speech counts as ten sightings
        lanes.setdefault(speaker, set()).update(
            i for i, name in enumerate(timeline.modalities) if name != "face" and row.readings[name].present)
    listed = sorted([i for i, _ in time.most_common() if i >= 0][:LANES])
    made = [{"person": i, "lanes": [FACE] * bool(seen.intersection(people[i].face_ids))
             + sorted(lanes.pop(i, ()))} for i in listed]
    rest = sorted(set().union(*lanes.values())) if lanes else []
    return [track for track in (*made, {"person": -1, "lanes": rest}) if track["lanes"]]


def _packed(values: Any, kind: str) -> str:
    return base64.b64encode(np.asarray(values).astype(kind).tobytes()).decode()
