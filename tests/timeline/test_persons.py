"""Names of persons, and who is in a video without them."""

from dataclasses import replace

import pytest
from support.timelines import HOSTILE, made_up, of_two, row

from emocli.errors import UsageError
from emocli.timeline.persons import LONGEST, clean, everybody, name_of, rename
from emocli.timeline.records import person_of, records
from emocli.timeline.types import Person, Timeline, Utterance


def test_one_name_joins_a_face_and_a_speaker() -> None:
    named = rename(of_two(), {"S1": "Anna", "3": "Anna", "S2": "Ben"})
    assert named.persons == (Person("Anna", (3,), ("S1",)), Person("Ben", (), ("S2",)))
    assert [record["person"] for record in records(named)] == ["Anna", None, "Ben"]
    assert (name_of(named, "S2"), name_of(of_two(), "S2")) == ("Ben", "S2")


def test_names_are_kept_changed_and_taken_away() -> None:
    named = rename(rename(of_two(), {"S1": "Anna"}), {"S2": "Ben"})
    assert [person.name for person in named.persons] == ["Anna", "Ben"]
    assert rename(named, {"Anna": "Ben"}).persons == (Person("Ben", (), ("S1", "S2")),)
    assert rename(named, {"S1": "", "Ben": ""}).persons == ()


def test_a_stranger_has_no_name() -> None:
    with pytest.raises(UsageError, match=r"has no face, speaker or person '7'\. Choose from 3, S1, S2"):
        rename(of_two(), {"7": "Carla"})


def test_names_do_not_act_on_their_reader() -> None:
    name = clean(f"  {HOSTILE}\n\x1b[31m ")
    assert name.isprintable()
    assert "\u202e" not in name
    assert len(clean("x" * 1000)) == LONGEST
    assert clean("\u1112\u1161\u11ab") == "한"


def spoken(start: float, speaker: str, face_id: int, speaking: bool | None) -> Timeline:
    own = row(start, start + 2, 0, Utterance(start, start + 2, "so", (), "en", "sidecar", speaker))
    face = replace(own.readings["face"], face_id=face_id, speaking=speaking)
    return replace(made_up(), rows=(replace(own, readings=own.readings | {"face": face}),), faces=())


def test_a_speaker_has_the_face_that_speaks() -> None:
    timeline = replace(made_up(), faces=(), rows=tuple(
        timeline.rows[0] for timeline in (spoken(0, "S1", 1, True), spoken(2, "S2", 1, None),
                                          spoken(4, "S2", 2, True), spoken(6, "S1", 2, None))))
    assert everybody(timeline) == (Person("", (1,), ("S1",)), Person("", (2,), ("S2",)))
    named = rename(timeline, {"1": "Anna"})
    assert everybody(named) == (Person("Anna", (1,)), Person("", (), ("S1",)), Person("", (2,), ("S2",)))


def test_a_face_is_not_two_speakers() -> None:
    rows = (spoken(0, "S1", 1, True).rows[0], spoken(2, "S2", 1, True).rows[0],
            spoken(4, "S2", 1, True).rows[0])
    assert everybody(replace(made_up(), faces=(), rows=rows)) == (
        Person("", (), ("S1",)), Person("", (1,), ("S2",)))


def test_everybody_has_a_label() -> None:
    assert [person.label() for person in everybody(of_two())] == ["S1", "S2", "Face 3"]
    assert everybody(of_two())[2].label("ko") == "얼굴 3"


def test_a_row_is_the_speakers_not_the_listeners() -> None:
    named = rename(of_two(), {"3": "Listener"})
    assert person_of(named.rows[0], named.persons) is None
    silent = replace(named.rows[0], utterance=None)
    assert person_of(silent, named.persons) == Person("Listener", (3,))
