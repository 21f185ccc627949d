"""From a sentence to hashed n-grams."""

import numpy as np
import pytest

from emocli.text import tokens


def test_typography_does_not_count() -> None:
    assert tokens.words("I’m SOOOO “happy” 😊!!!") == tokens.words("i'm soo happy!!")
    assert tokens.words("안녕 ㅋㅋㅋㅋㅋ") == tokens.words("안녕 ㅋㅋ")
    assert tokens.words("😊 ☆") == []


def test_bag_has_unit_families() -> None:
    _, weights = tokens.bag(tokens.words("to be or not to be"), np.ones(tokens.BUCKETS, np.float32))
    assert float((weights**2).sum()) == pytest.approx(2, abs=1e-4)
    empty, _ = tokens.bag([], np.ones(tokens.BUCKETS, np.float32))
    assert list(empty) == [0]


def test_hashes_stay_what_the_weights_were_trained_on() -> None:
    assert tokens.ngrams(["hi"])[0][:3].tolist() == [163791, 75488, 149214]
