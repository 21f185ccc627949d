"""Dialogues are composed as they are said to be, and errors counted as pyannote.metrics counts them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emocli.errors import DataError
from emocli.speakers.turns import Turn
from emocli.training import report
from emocli.training.corpora import dialogues
from emocli.training.corpora.dialogues import Dialogue
from emocli.training.diarization import Diarized, figures

RATE = 16_000
VOICES = {who: {label: [np.full(RATE * 2, level, np.float32)] for label in (0, 4)}
          for who, level in (("ann", 0.1), ("ben", 0.2), ("cid", 0.3))}


def test_a_dialogue_has_turns_of_everybody() -> None:
    talk = dialogues.compose(VOICES, list(VOICES), np.random.default_rng(0), seconds=60)
    assert talk.speakers == 3
    assert 60 <= len(talk.samples) / RATE <= 70
    assert all(1.0 <= end - start <= 8.01 for start, end, _ in talk.turns)
    for (_, end, who), (start, _, other) in zip(talk.turns, talk.turns[1:], strict=False):
        assert 0 <= start - end <= 0.61
        assert who != other
    level = {"ann": 0.1, "ben": 0.2, "cid": 0.3}
    for start, _, who in talk.turns:  # what is said when, is said by whom it says
        first = round(start * RATE)
        assert talk.samples[first:first + 100] == pytest.approx(level[who], abs=0.01)
    again = dialogues.compose(VOICES, list(VOICES), np.random.default_rng(0), seconds=60)
    assert again.turns == talk.turns


def test_somebody_alone_follows_themselves() -> None:
    talk = dialogues.compose(VOICES, ["ann"], np.random.default_rng(0), seconds=20)
    assert {who for *_, who in talk.turns} == {"ann"}
    assert len(talk.turns) > 1


def diarized(estimated: list[Turn], oracle: list[Turn]) -> Diarized:
    truth = Dialogue("t", np.zeros(RATE * 20, np.float32), ((0.0, 10.0, "ann"), (10.0, 20.0, "ben")))
    return Diarized(truth, estimated, oracle, 1.0, 20.0)


def test_errors_are_told_apart() -> None:
    right = [Turn(0, 10, "x"), Turn(10, 20, "y")]
    result = figures([diarized([Turn(0, 20, "x")], right)])
    assert result["oracle"] == {"error": 0, "missed": 0, "invented": 0, "confused": 0}
    assert result["estimated"]["confused"] == pytest.approx(0.5)
    assert result["right_number"] == 0
    assert figures([diarized(right, right)])["right_number"] == 1
    halved = figures([diarized([Turn(0, 5, "x"), Turn(10, 20, "y")], right)])
    assert halved["estimated"]["missed"] == pytest.approx(0.25, abs=0.01)
    assert halved["estimated"]["error"] == halved["estimated"]["missed"]


def test_an_edge_that_is_a_little_off_is_no_error() -> None:
    near = [Turn(0, 10.1, "x"), Turn(10.1, 20, "y")]
    far = [Turn(0, 10.5, "x"), Turn(10.5, 20, "y")]
    assert figures([diarized(near, near)])["estimated"]["error"] == 0
    assert figures([diarized(far, far)])["estimated"]["error"] > 0


def test_the_page_has_the_figures() -> None:
    right = [Turn(0, 10, "x"), Turn(10, 20, "y")]
    main = figures([diarized([Turn(0, 20, "x")], right)])
    result: dict[str, Any] = main | {"set": "dialogues", "sets": {"alone": main}, "collar": 0.25,
                                     "bytes": 12_345, "seconds_per_second": 0.006}
    page = report.results_page({"speakers": result})
    assert "| dialogues | 1 | 0.000 | 0.500 |" in page
    assert "12,345 bytes" in page
    assert "| alone |" in page


def test_meetings_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"meetings\.tar"):
        dialogues.meetings(tmp_path)


@pytest.mark.shared
def test_meetings_have_their_turns(data: Path) -> None:
    talks = dialogues.meetings(data)
    assert len(talks) == 9
    assert all(len(t.samples) == pytest.approx(30 * RATE, rel=0.01) for t in talks)
    assert {t.speakers for t in talks} <= set(range(1, 6))


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.long
def test_no_test_speaker_was_learnt_from(data: Path) -> None:
    heard = dialogues.voices(data, ("test",))
    assert set(heard) == {"ravdess21", "ravdess22", "ravdess23", "ravdess24", "nemoKS0", "nemoWR0", "emodb15",
                          "emodb16"}
    talks = dialogues.dialogues(heard, 2, 0)
    assert [t.speakers for t in talks] == [2, 2, 3, 3, 4, 4]
