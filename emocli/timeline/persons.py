"""Who is in a video: names that people gave to faces and speakers, and everybody else.

A name given to a face and to a speaker joins them into one person.  Of those without a name, a speaker and a
face are taken for one person where the mouth says so for most of what the speaker says.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import replace

from emocli.errors import UsageError
from emocli.plaintext import printable
from emocli.timeline.records import face_id, speakers
from emocli.timeline.types import Person, Timeline

#: Longest name, characters.
LONGEST = 100
#: Share of a speaker's time with a known face that one face must have to be theirs.
MOSTLY = 0.5


def clean(name: str) -> str:
    """A name as it is kept: on one line, without what acts on its reader, in composed characters."""
    return " ".join(printable(unicodedata.normalize("NFC", name)).split())[:LONGEST].rstrip()


def face_ids(timeline: Timeline) -> list[int]:
    """The faces that rows or tracks have, in order."""
    seen = {o.face_id for o in timeline.faces} | {face_id(row) or 0 for row in timeline.rows}
    return sorted(seen - {0})


def keys(timeline: Timeline) -> dict[str, tuple[int | str, ...]]:
    """What can be named, and the faces and speakers that it stands for: "1", "S2", or a name that is
    there."""
    named = {person.name: person.parts for person in timeline.persons}
    own: dict[str, tuple[int | str, ...]] = {str(number): (number,) for number in face_ids(timeline)}
    return named | own | {speaker: (speaker,) for speaker in speakers(timeline)}


def rename(timeline: Timeline, names: Mapping[str, str]) -> Timeline:
    """The timeline with more names: keys are faces ("1"), speakers ("S2"), or the names that persons have;
    an empty name takes one away.

    Raises `UsageError` for a key that the video does not have.
    """
    known = keys(timeline)
    owners = {part: person.name for person in timeline.persons for part in person.parts}
    for key, name in names.items():
        if key not in known:
            raise UsageError(timeline.media.path.name, f"has no face, speaker or person {key!r}",
                             f"choose from {', '.join(known) or 'nobody, it has none'}")
        owners |= dict.fromkeys(known[key], clean(name))
    return replace(timeline, persons=_persons(owners))


def _persons(owners: Mapping[int | str, str]) -> tuple[Person, ...]:
    """Persons by name, from the name of each face and speaker."""
    parts: dict[str, list[int | str]] = {}
    for part, name in owners.items():
        if name:
            parts.setdefault(name, []).append(part)
    return tuple(Person(name, tuple(sorted(p for p in own if isinstance(p, int))),
                        tuple(sorted((p for p in own if isinstance(p, str)), key=_number)))
                 for name, own in parts.items())


def _number(speaker: str) -> int:
    return int(speaker[1:] or 0)


def everybody(timeline: Timeline) -> tuple[Person, ...]:
    """All persons: those with a name, then speakers in order of speech, each with the face that is theirs,
    then the faces that are left."""
    taken = {part for person in timeline.persons for part in person.parts}
    own = _faces_of_speakers(timeline)
    people = list(timeline.persons)
    for speaker in speakers(timeline):
        if speaker in taken:
            continue
        face = own.get(speaker)
        faces = () if face is None or face in taken else (face,)
        taken.update(faces)
        people.append(Person("", faces, (speaker,)))
    return (*people, *(Person("", (face,)) for face in face_ids(timeline) if face not in taken))


def _faces_of_speakers(timeline: Timeline) -> dict[str, int]:
    """The face that each speaker has for most of the time that it is known of them; no face is two's."""
    together: dict[tuple[str, int], float] = {}
    known: dict[str, float] = {}
    for row in timeline.rows:
        speaker, face = row.utterance.speaker if row.utterance else "", row.readings.get("face")
        if speaker and face and face.speaking and face.face_id:
            pair, seconds = (speaker, face.face_id), row.end - row.start
            together[pair] = together.get(pair, 0.0) + seconds
            known[speaker] = known.get(speaker, 0.0) + seconds
    faces: dict[int, str] = {}
    for (speaker, face_number), seconds in sorted(together.items(), key=lambda item: -item[1]):
        if seconds > MOSTLY * known[speaker]:
            faces.setdefault(face_number, speaker)
    return {speaker: face_number for face_number, speaker in faces.items()}


def name_of(timeline: Timeline, speaker: str) -> str:
    """What a speaker is called: their name, or S1 as they are."""
    return next((p.name for p in timeline.persons if speaker in p.speakers), speaker)
