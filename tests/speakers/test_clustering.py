"""Windows are clustered by speaker, their number given or found."""

import numpy as np
import pytest

from emocli.speakers.clustering import CHUNK, Likeness, cluster, without_rare

SIZE = 32
LIKENESS = Likeness(np.zeros(SIZE), np.eye(SIZE), np.full(SIZE, 4.0))


def talk(order: list[int], length: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Windows of speakers who speak in this order, `length` at a time, and whose they are."""
    random = np.random.default_rng(seed)
    voices = random.normal(0, 2, (max(order) + 1, SIZE))
    truth = np.repeat(order, length)
    return voices[truth] + random.normal(0, 1, (len(truth), SIZE)), truth


def same(labels: np.ndarray, truth: np.ndarray) -> bool:
    return bool(((labels[:, None] == labels) == (truth[:, None] == truth)).all())


@pytest.mark.parametrize("count", [2, 3, 6, 10])
@pytest.mark.parametrize("given", [False, True])
def test_speakers_are_told_apart(count: int, given: bool) -> None:
    embeddings, truth = talk(list(range(count)) * 4)
    assert same(cluster(LIKENESS, embeddings, count if given else None), truth)


def test_one_speaker_stays_one() -> None:
    embeddings, _ = talk([0] * 20)
    assert cluster(LIKENESS, embeddings).tolist() == [0] * len(embeddings)


def test_more_speech_than_one_chunk() -> None:
    order = np.random.default_rng(1).integers(4, size=CHUNK // 2).tolist()
    embeddings, truth = talk(order)
    assert len(embeddings) > 2 * CHUNK
    assert same(cluster(LIKENESS, embeddings), truth)
    assert same(cluster(LIKENESS, embeddings, 4), truth)


def test_no_more_than_most() -> None:
    embeddings, _ = talk(list(range(8)) * 3)
    assert len(set(cluster(LIKENESS, embeddings, most=5))) <= 5


@pytest.mark.parametrize("number", [0, 1, 2, 3])
@pytest.mark.parametrize("count", [None, 1, 2, 20])
def test_next_to_nothing(number: int, count: int | None) -> None:
    labels = cluster(LIKENESS, talk([0])[0][:number], count)
    assert labels.shape == (number,)
    assert set(labels) <= set(range(max(1, number)))


def test_the_same_windows_again_and_silence_are_no_fault() -> None:
    assert len(cluster(LIKENESS, np.ones((50, SIZE)))) == 50
    assert len(cluster(LIKENESS, np.zeros((50, SIZE)), 3)) == 50


def test_who_has_hardly_a_window_is_nobody() -> None:
    likely = np.array([[0.9, 0.1, 0.0]] * 4 + [[0.1, 0.7, 0.2]] + [[0.0, 0.2, 0.8]] * 4)
    assert without_rare(likely, 3).tolist() == [0] * 4 + [2] + [2] * 4


def test_pairs_of_one_speaker_are_likelier() -> None:
    embeddings, truth = talk([0, 1, 2])
    ratios = LIKENESS.ratios(LIKENESS.project(embeddings))
    assert ratios == pytest.approx(ratios.T)
    pairs = truth[:, None] == truth
    assert ratios[pairs].min() > ratios[~pairs].max()
