"""The rows of a timeline as plain values with names: what the CSV and the data frame are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from emocli.emotions import EMOTIONS
from emocli.plaintext import printable

if TYPE_CHECKING:
    from emocli.timeline.types import Person, Row, Timeline

#: Decimals of scores: enough that the seven sum to 1 within 1e-5.
DECIMALS = 6


def columns(timeline: Timeline) -> tuple[str, ...]:
    """Columns of `<stem>.emotions.csv`, in order; two for each modality."""
    return ("start", "end", "text", "speaker", "face_id", "person", "emotion", "confidence", *EMOTIONS,
            *(f"{m}_{part}" for m in timeline.modalities for part in ("emotion", "confidence")),
            "language", "source", "flags")


def face_id(row: Row) -> int | None:
    """The number of the face that was read for a row, or None."""
    return next((r.face_id for r in row.readings.values() if r.face_id is not None), None)


def speakers(timeline: Timeline) -> list[str]:
    """Who speaks, in order of speech; empty where nobody was told apart."""
    said = (row.utterance.speaker for row in timeline.rows if row.utterance)
    return [name for name in dict.fromkeys(said) if name]


def person_of(row: Row, persons: Iterable[Person]) -> Person | None:
    """Whose a row is: the speaker's, and where nobody was told apart, the face's that was read."""
    speaker, face = row.utterance.speaker if row.utterance else "", face_id(row)
    return next((p for p in persons if (speaker in p.speakers if speaker else face in p.face_ids)), None)


def records(timeline: Timeline) -> list[dict[str, Any]]:
    """Rows as plain values; None where a modality is absent, or a person has no name."""
    rows: list[dict[str, Any]] = []
    for row in timeline.rows:
        utterance, person = row.utterance, person_of(row, timeline.persons)
        record: dict[str, Any] = {
            "start": round(row.start, 3), "end": round(row.end, 3),
            "text": printable(utterance.text if utterance else ""),
            "speaker": printable(utterance.speaker if utterance else ""),
            "face_id": face_id(row), "person": printable(person.name) if person else None,
            "emotion": row.emotion, "confidence": round(row.confidence, DECIMALS)}
        record |= {name: round(float(s), DECIMALS) for name, s in zip(EMOTIONS, row.scores, strict=True)}
        for name in timeline.modalities:
            reading = row.readings[name]
            record[f"{name}_emotion"] = reading.emotion or None
            record[f"{name}_confidence"] = round(reading.confidence, DECIMALS) if reading.present else None
        rows.append(record | {"language": printable(utterance.language if utterance else ""),
                              "source": utterance.source if utterance else "", "flags": ";".join(row.flags)})
    return rows


def data_frame(timeline: Timeline) -> Any:
    """The rows as a `pandas.DataFrame`; `face_id` is a nullable integer."""
    import pandas as pd

    return pd.DataFrame(records(timeline), columns=list(columns(timeline))).astype({"face_id": "Int64"})
