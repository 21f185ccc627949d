"""What mouths show, and whose face speaks."""

import numpy as np
import pytest

from emocli.face.mouths import Stretch, Track
from emocli.face.sampling import UtteranceFaces
from emocli.face.speaking import Speaker, assign, decide, movement, weigh
from emocli.timeline.types import Utterance

UNSEEN = Speaker(None, known=True)


def track(opening: list[float]) -> Track:
    return Track([i / 12.5 for i in range(len(opening))], [np.array([o, 0.6]) for o in opening])


TALK = track([0.01, 0.08, 0.02, 0.09, 0.05, 0.12, 0.03, 0.07, 0.0, 0.06])
STILL = track([0.004, 0.005] * 5)
SMILE = track([0.0, 0.02, 0.06, 0.1, 0.14, 0.15, 0.15, 0.14, 0.15, 0.15])


def said(*turns: tuple[str, dict[int, float]]) -> list[UtteranceFaces]:
    return [UtteranceFaces(Utterance(3 * i, 3 * i + 2, speaker=voice), share)
            for i, (voice, share) in enumerate(turns)]


BOTH, ONE, OTHER, NOBODY = {1: 1.0, 2: 1.0}, {1: 1.0}, {2: 1.0}, dict[int, float]()


def test_lips_that_talk_go_back_and_forth() -> None:
    assert movement(TALK) > 5 * movement(SMILE)
    assert movement(TALK) > 10 * movement(STILL)
    assert np.isnan(movement(track([0.1] * 3)))


def test_evidence_is_for_talk_and_against_the_rest() -> None:
    looks = [(None, Stretch(0, 1, (1, 2))), (0, Stretch(2, 3, (1, 2, 3))), (1, Stretch(4, 5, (1, 4)))]
    found = weigh(looks, [{1: STILL, 2: TALK}, {1: TALK, 2: TALK, 3: SMILE}, {1: STILL, 4: track([])}])
    assert found[0][1] > 2
    assert 0 < found[0][2] < found[0][1] - 1  # whose lips also move in pauses
    assert found[0][3] < -1.5
    assert found[1][1] < -2
    assert 4 not in found[1]  # no mesh, nothing known


def test_each_voice_has_its_person() -> None:
    turns = said(("S1", BOTH), ("S2", BOTH), ("S1", BOTH), ("S2", BOTH), ("S1", ONE), ("S1", OTHER))
    looked = {0: {1: 2.0, 2: -2.0}, 1: {1: -2.0, 2: 2.0}}
    assert assign(turns, looked) == {"S1": {1}, "S2": {2}}
    speakers = decide(turns, looked)
    assert [s.face_id for s in speakers[:5]] == [1, 2, 1, 2, 1]  # two of them were not looked at
    assert speakers[5] == UNSEEN  # only the listener is in the picture
    assert all(s.known for s in speakers)


def test_what_is_seen_may_overrule_the_voice() -> None:
    """A voice that was told apart wrongly, once."""
    turns = said(*[("S1", BOTH), ("S2", BOTH)] * 4)
    looked = {n: {1: 2.5, 2: -2.5} if n % 2 == 0 else {1: -2.5, 2: 2.5} for n in range(8)}
    looked[6] = {1: -2.5, 2: 2.5}
    assert decide(turns, looked)[6] == Speaker(2, known=True)


def test_a_camera_that_shows_who_speaks_is_evidence() -> None:
    turns = said(*[("S1", ONE), ("S2", OTHER)] * 4)
    assert assign(turns, {}) == {"S1": {1}, "S2": {2}}


def test_a_narrator_is_off_screen_and_so_is_who_is_alone_with_a_listener() -> None:
    turns = said(("S1", BOTH), ("S1", BOTH), ("S2", BOTH), ("S1", BOTH), ("S2", NOBODY))
    looked = {0: {1: -2.0, 2: -1.5}, 1: {1: -1.0, 2: -2.0}, 2: {1: -2.0, 2: 2.0}}
    assert assign(turns, looked)["S1"] == set()
    assert decide(turns, looked) == [UNSEEN, UNSEEN, Speaker(2, known=True), UNSEEN, UNSEEN]


def test_without_voices_every_utterance_speaks_for_itself() -> None:
    turns = said(("", BOTH), ("", BOTH), ("", BOTH))
    looked = {0: {1: 2.0, 2: -2.0}, 1: {1: -2.0, 2: 2.0}}
    assert assign(turns, looked) == {}
    assert decide(turns, looked) == [Speaker(1, known=True), Speaker(2, known=True), Speaker()]


def test_without_voices_the_rest_goes_by_what_was_looked_at() -> None:
    alone = said(*[("", ONE)] * 6)
    talks, silent = ({n: {1: ratio} for n in range(4)} for ratio in (2.0, -2.0))
    assert decide(alone, talks)[5] == Speaker(1, known=True)
    assert decide(alone, silent)[5] == UNSEEN
    mumbled = {n: {1: -0.4} for n in range(4)}
    assert decide(alone, mumbled)[0] == Speaker()  # lips that move less than most prove nothing


def test_one_person_with_two_numbers_keeps_the_voice() -> None:
    turns = said(*[("S1", ONE), ("S1", OTHER)] * 3)
    looked = {n: {1 + n % 2: 2.0} for n in range(6)}
    assert assign(turns, looked) == {"S1": {1, 2}}


@pytest.mark.parametrize("voices", [1, 10])
def test_nothing_known_is_nothing_said(voices: int) -> None:
    turns = said(*[(f"S{n}", BOTH) for n in range(voices)])
    assert decide(turns, {}) == [Speaker()] * voices
    assert decide([], {}) == []
    assert decide(said(("S1", NOBODY)), {}) == [UNSEEN]
