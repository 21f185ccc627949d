"""Readings of words: plain sentences, other languages, everyday utterances."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from emocli.emotions import EMOTIONS
from emocli.options import TEXT_MODES, AnalyzeOptions
from emocli.text.model import JointModel, TextModel, load
from emocli.text.reader import TextReader
from emocli.timeline.types import Utterance

#: Of the sixty everyday utterances, how many the shipped weights read right.
EVERYDAY = 53


@pytest.fixture(scope="module")
def reader() -> TextReader:
    return TextReader()


@pytest.fixture(scope="module", params=TEXT_MODES)
def model(request: pytest.FixtureRequest) -> JointModel | TextModel:
    return load(TEXT_MODES[request.param])


@pytest.mark.parametrize(("text", "code", "emotion"), [
    ("I am so happy, this is wonderful!", "en", "happiness"),
    ("I miss her, and I am so sad today.", "en", "sadness"),
    ("This makes me furious, I am so angry at them!", "en", "anger"),
    ("I'm scared, I'm afraid something terrible will happen.", "en", "fear"),
    ("The train leaves at nine.", "en", "neutral"),
    ("Wow, I can't believe it, what a surprise!", "en", "surprise"),
    ("That is disgusting and gross.", "en", "disgust"),
    ("정말 감사합니다. 너무 행복해요!", "ko", "happiness"),
    ("너무 슬프고 눈물이 나요.", "ko", "sadness"),
    ("정말 화가 나고 짜증나요!", "ko", "anger"),
])
def test_plain_sentences(reader: TextReader, text: str, code: str, emotion: str) -> None:
    assert reader.read([Utterance(0, 1, text)], code)[0].emotion == emotion


def test_other_languages_are_absent_with_the_reason(reader: TextReader) -> None:
    foreign, wordless = reader.read([Utterance(0, 1, "Je suis très content"), Utterance(1, 2, "♪ 😊")], "fr")
    assert not foreign.present
    assert "fr" in foreign.reason
    assert wordless.reason == "no words"


def test_what_is_too_short_to_tell_is_read_by_its_script(reader: TextReader) -> None:
    english, korean = reader.read([Utterance(0, 1, "I love it!"), Utterance(1, 2, "행복해요")], "")
    assert english.emotion == korean.emotion == "happiness"


def test_a_sentence_reads_the_same_in_any_company(model: JointModel | TextModel) -> None:
    texts = ["I love it", "no", "that was a long and rather boring afternoon"]
    together = model.logits(texts, "en")[1]
    alone = np.concatenate([model.logits([t], "en")[1] for t in texts])
    assert together == pytest.approx(alone, abs=1e-4)


def test_the_fast_mode_reads_with_the_small_network() -> None:
    fast = TextReader(AnalyzeOptions(text_mode="fast"))
    sentence = [Utterance(0, 1, "I am so happy, this is wonderful!")]
    assert fast.read(sentence)[0].emotion == "happiness"
    assert fast.read(sentence)[0].features.shape != TextReader().read(sentence)[0].features.shape


def test_everyday_utterances() -> None:
    """Sixty utterances written down before the network was asked; `pytest -s` shows the misread ones."""
    with (Path(__file__).parents[1] / "data" / "everyday.tsv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    assert Counter(row["language"] for row in rows) == {"en": 30, "ko": 30}
    right, model = 0, load()
    for row in rows:
        guess = EMOTIONS[model.logits([row["text"]], row["language"])[1][0].argmax()]
        right += guess == row["emotion"]
        if guess != row["emotion"]:
            print(f"{row['language']} {row['kind']:9} {row['emotion']:9} read as {guess:9} {row['text']}")
    assert right >= EVERYDAY
