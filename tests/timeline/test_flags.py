"""Flags say what they mean."""

import numpy as np
import pytest

from emocli.timeline.flags import flags_of
from emocli.timeline.types import Reading, Segment, Utterance


def reading(name: str, index: int | None, score: float = 0.9, *, many: bool = False) -> Reading:
    if index is None:
        return Reading(name, reason="none")
    scores = np.full(7, (1 - score) / 6)
    scores[index] = score
    return Reading(name, np.zeros(3), np.log(scores), scores, many_faces=many)


@pytest.mark.parametrize(("face", "voice", "text", "spoken", "many", "top", "flags"), [
    (0, 0, 0, True, False, 0.9, ()),
    (None, None, None, False, False, 0.25, ("no_face", "no_speech", "low_confidence")),
    (0, 6, 0, True, True, 0.9, ("many_faces", "mixed")),
    (None, 2, None, True, False, 0.9, ("no_face",)),
])
def test_flags(face: int | None, voice: int | None, text: int | None, spoken: bool, many: bool, top: float,
               flags: tuple[str, ...]) -> None:
    readings = {"face": reading("face", face, many=many), "voice": reading("voice", voice),
                "text": reading("text", text)}
    fused = np.full(7, (1 - top) / 6)
    fused[0] = top
    segment = Segment(0, 1, Utterance(0, 1, "a") if spoken else None)
    assert flags_of(segment, fused, readings) == flags


def test_unsure_modalities_do_not_make_a_row_mixed() -> None:
    readings = {"face": reading("face", 0, 0.45), "voice": reading("voice", 6), "text": reading("text", None)}
    assert "mixed" not in flags_of(Segment(0, 1, Utterance(0, 1)), np.eye(7)[0], readings)


def test_a_modality_that_is_not_read_is_absent() -> None:
    assert flags_of(Segment(0, 1, Utterance(0, 1)), np.eye(7)[0],
                    {"text": reading("text", 0)}) == ("no_face",)


def test_speech_of_somebody_who_is_not_seen() -> None:
    readings = {"face": Reading("face", reason="the speaker is not seen", speaking=False),
                "voice": reading("voice", 0)}
    assert flags_of(Segment(0, 1, Utterance(0, 1)), np.eye(7)[0], readings) == ("no_face", "off_screen")
