"""PLDA is learnt from clips with their speakers, and comes back from its file as it was."""

from pathlib import Path

import numpy as np
import pytest

from emocli.speakers.clustering import Likeness
from emocli.training.tasks.speakers import equal_error, learn, save

SIZE = 12


def actors(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Clips of actors who differ along the first half of the axes and whose moods differ along the second."""
    random = np.random.default_rng(seed)
    speakers = np.repeat(np.arange(count), 30)
    shape = np.where(np.arange(SIZE) < SIZE // 2, 1.0, 0.2)
    voices = random.normal(0, 1, (count, SIZE)) * shape
    return voices[speakers] + random.normal(0, 1, (len(speakers), SIZE)) * shape[::-1], speakers


def test_what_is_mood_counts_less() -> None:
    likeness = learn(*actors(40, 0), 0.1, 0.1)
    plain = Likeness(likeness.mean, np.eye(SIZE), np.ones(SIZE))
    vectors, speakers = actors(10, 1)
    learnt, unlearnt = (equal_error(which, vectors, speakers, np.random.default_rng(0))
                        for which in (likeness, plain))
    assert learnt < 0.5 * unlearnt
    assert learnt < 0.1


def test_a_file_holds_what_was_learnt(tmp_path: Path) -> None:
    vectors, speakers = actors(20, 0)
    likeness = learn(vectors, speakers, 0.5, 0.5, 2.0)
    save(likeness, tmp_path / "a.safetensors")
    read = Likeness.load(tmp_path / "a.safetensors")
    assert read.ratios(read.project(vectors)) == pytest.approx(likeness.ratios(likeness.project(vectors)),
                                                               abs=0.2)
    assert read.between == pytest.approx(2 * learn(vectors, speakers, 0.5, 0.5).between, rel=1e-3)
