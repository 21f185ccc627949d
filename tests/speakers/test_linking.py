"""The same voice in several videos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.media import tone, write
from support.timelines import made_up, row

from emocli.errors import InputError
from emocli.speakers.clustering import Likeness
from emocli.speakers.linking import join, load_encoder, voices
from emocli.timeline.types import Timeline, Utterance

SIZE = 32
LIKENESS = Likeness(np.zeros(SIZE), np.eye(SIZE), np.full(SIZE, 4.0))


def ratios(persons: list[int], seed: int = 0) -> np.ndarray:
    """Of all pairs of voices of these persons."""
    random = np.random.default_rng(seed)
    centres = random.normal(0, 2, (max(persons) + 1, SIZE))
    return LIKENESS.ratios(LIKENESS.project(centres[persons] + random.normal(0, 0.5, (len(persons), SIZE))))


def test_voices_are_joined_across_videos() -> None:
    persons = [0, 1, 2, 0, 2, 3, 0]
    found = join(ratios(persons), ["a", "a", "a", "b", "b", "b", "c"], 0.0)
    assert (found[:, None] == found).tolist() == (np.array(persons)[:, None] == persons).tolist()


def test_two_of_one_video_are_two() -> None:
    found = join(ratios([0, 0, 0]), ["a", "a", "b"], 0.0)
    assert found[0] != found[1]
    assert found[2] in found[:2]


def test_a_higher_threshold_joins_less() -> None:
    pairs = ratios([0, 0, 1, 1])
    assert len(set(join(pairs, list("abcd"), 0.0).tolist())) == 2
    assert len(set(join(pairs, list("abcd"), float(pairs.max()) + 1).tolist())) == 4
    assert len(set(join(pairs, list("abcd"), float(pairs.min()) - 1).tolist())) == 1
    assert join(pairs[:1, :1], ["a"], 0.0).tolist() == [0]


def said(length: float) -> Timeline:
    rows = (row(0, 6, 0, Utterance(0, 6, "a", (), "en", "sidecar", "S1")),
            row(6, 6 + length, 0, Utterance(6, 6 + length, "b", (), "en", "sidecar", "S2")))
    return replace(made_up(), rows=rows, faces=())


@pytest.mark.slow
def test_who_speaks_long_enough_has_a_voice(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sound=tone(8))
    (voice,) = voices(said(2), load_encoder(), "a", path)
    assert (voice.video, voice.person.speakers, voice.seconds) == ("a", ("S1",), 6)
    assert np.linalg.norm(voice.vector) == pytest.approx(1, abs=0.1)
    with pytest.raises(InputError):
        voices(said(2), load_encoder(), "a", tmp_path / "none.wav")
