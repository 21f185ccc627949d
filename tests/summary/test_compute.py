"""What a video comes to, against sums by hand and scipy's bootstrap."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from support.timelines import made_up, of_demo, of_two, row

from emocli.emotions import EMOTIONS, INDEX
from emocli.summary.compute import Stretch, figures, shares, summarize
from emocli.timeline.persons import rename
from emocli.timeline.types import MODALITIES, Reading, Row, Utterance


def said(start: float, end: float, emotion: str, words: str = "one two three", language: str = "en") -> Row:
    return row(start, end, INDEX[emotion], Utterance(start, end, words, (), language, "sidecar"))


def test_shares_are_of_time() -> None:
    summary = summarize(made_up())
    assert {name: share.value for name, share in summary.whole.shares.items()} == pytest.approx(
        made_up().shares())
    assert summary.whole.seconds == summary.duration == 33
    assert summary.video == "a.mp4"
    assert summary.whole.shares["neutral"].low is None  # of three rows there is no interval


def test_an_interval_is_the_percentile_bootstrap() -> None:
    random = np.random.default_rng(1)
    lengths, classes = random.uniform(0.5, 6, 80), random.choice(3, 80, p=(0.6, 0.3, 0.1))

    def share(seconds: np.ndarray, own: np.ndarray, axis: int) -> np.ndarray:
        return np.asarray((seconds * (own == 0)).sum(axis) / seconds.sum(axis))

    theirs = stats.bootstrap((lengths, classes), share, paired=True, method="percentile", n_resamples=4000,
                             random_state=np.random.default_rng(2)).confidence_interval
    ours = shares(lengths, classes, draws=4000)[0]
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_an_interval_holds_the_true_share_about_as_often_as_it_says() -> None:
    random, held = np.random.default_rng(3), 0
    for _ in range(200):
        classes = (random.random(60) < 0.3).astype(int)
        share = shares(random.uniform(1, 5, 60), classes, draws=400)[1]
        held += (share.low or 0) <= 0.3 <= (share.high or 0)
    assert 0.88 <= held / 200 <= 0.99


def test_what_was_never_seen_may_still_be() -> None:
    found = shares(np.ones(20), np.zeros(20, int))
    assert found[0].value == 1
    assert found[0].low == pytest.approx(0.025 ** (1 / 20))
    assert (found[1].value, found[1].low) == (0, 0)
    assert found[1].high == pytest.approx(1 - 0.025 ** (1 / 20))


def test_the_same_seed_gives_the_same_figures() -> None:
    lengths, classes = np.linspace(1, 5, 30), np.arange(30) % 7
    assert shares(lengths, classes) == shares(lengths, classes)
    assert shares(lengths, classes) != shares(lengths, classes, seed=1)


def test_changes_and_stretches() -> None:
    rows = [said(0, 10, "anger"), said(10, 20, "anger"), said(20, 25, "fear"), said(40, 45, "fear"),
            said(45, 60, "anger")]
    found = figures(rows, MODALITIES)
    assert found.longest == (Stretch("anger", 0, 20), Stretch("anger", 45, 60), Stretch("fear", 20, 25))
    assert found.changes_per_minute == pytest.approx(60 * 2 / 45)


def test_words_a_minute_are_of_speech_with_words() -> None:
    rows = [said(0, 6, "anger"), row(6, 60, 0), said(60, 70, "anger", ""), said(70, 72, "fear", "네", "ko")]
    assert figures(rows, MODALITIES).words_per_minute == pytest.approx(4 / (8 / 60))
    assert figures([said(0, 5, "fear", "你好吗", "zh")], MODALITIES).words_per_minute is None


def test_modalities_agree_where_both_read(demo: Path) -> None:
    kappas = summarize(of_demo(demo)).whole.kappas
    assert kappas["face", "voice"] == 1
    assert kappas["face", "text"] == pytest.approx(0.849, abs=1e-3)
    assert summarize(made_up()).whole.kappas["face", "voice"] is None


def test_every_row_is_one_persons() -> None:
    summary = summarize(rename(of_two(), {"S1": "Anna"}), video="day1/a")
    assert summary.video == "day1/a"
    assert [(person.label(), own.seconds) for person, own in summary.persons] == [("Anna", 1.5), ("S2", 30)]


def test_a_video_without_anybody() -> None:
    nobody = {name: Reading(name, reason="nothing") for name in MODALITIES}
    timeline = replace(made_up(), faces=(), rows=(
        Row(0, 33, None, np.full(7, 1 / 7), nobody), Row(33, 33, None, np.full(7, 1 / 7), nobody)))
    summary = summarize(timeline)
    assert summary.persons == ()
    assert sum(share.value for share in summary.whole.shares.values()) == pytest.approx(1)
    assert figures([], MODALITIES).seconds == 0
    assert set(summary.whole.shares) == set(EMOTIONS)
