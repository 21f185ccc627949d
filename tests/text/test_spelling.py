"""Cleaning and respelling of sentences."""

import random

import pytest

from emocli.text.spelling import LONGEST, clean, respell


@pytest.mark.parametrize(("text", "cleaned"), [
    ("I  don ' t know , you ’re right !", "I don't know, you're right!"),
    ("what ??????", "what???"),
    ("너무 슬퍼ㅠㅠㅠㅠㅠ", "너무 슬퍼\u1172\u1172\u1172"),  # the letter as the encoder's vocabulary has it
    ("ｗｉｄｅ", "wide"),
    ("", ""),
    (" \n\t ", "")])
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_a_novel_is_cut() -> None:
    assert len(clean("so it goes, " * 10_000)) == LONGEST


def test_clean_is_done_once() -> None:
    for text in ("I don ' t know , really", "wow ! ! !", "그래요 ... 네"):
        assert clean(clean(text)) == clean(text)


def test_a_respelt_sentence_keeps_most_of_its_words() -> None:
    text = "I really do not know why he said that to me, Anna!"
    versions = {respell(text, "en", random.Random(seed)) for seed in range(200)}
    assert len(versions) > 10
    assert text in versions
    for version in versions:
        kept = set(version.lower().split())
        assert len(kept & {"i", "really", "do", "not", "know", "why", "he", "said", "that"}) >= 8


def test_a_placeholder_becomes_somebody() -> None:
    assert "[NAME]" not in respell("I love [NAME] so much", "en", random.Random(3))
    assert respell("!!!", "ko", random.Random(1))
