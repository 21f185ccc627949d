"""Text as the sentence encoder takes it, and as speech recognisers, captioners and chats would spell it."""

from __future__ import annotations

import random
import re
import unicodedata

#: Characters of a text that are read; some 128 tokens.
LONGEST = 600

_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "…": "..."})
_RUN = re.compile(r"(.)\1{2,}")
_SPACE = re.compile(r"\s+")
_SPACED_MARK = re.compile(r" +([,.!?;:])|(?<=\w) ' ?(?=(?:s|t|re|ve|ll|d|m)\b)")
_MARKS = re.compile(r"[^\w\s']|_")
_NAME = re.compile(r"\[(?:name|NAME|이름)\]")
#: What speakers say while they think.
_FILLERS = {"en": ("um", "uh", "well", "you know", "like", "I mean", "so"),
            "ko": ("음", "어", "그", "뭐", "아니", "그니까", "저기")}
_NAMES = {"en": ("Anna", "Tom", "she", "he", "him", "my boss", "Maria", "Ben", "that guy", "Sarah"),
          "ko": ("민수", "지영이", "걔", "우리 엄마", "팀장님", "수진", "그 사람", "철수")}


def clean(text: str) -> str:
    """NFKC, straight quotes, single spaces, none before a mark, runs of a character cut to three."""
    text = unicodedata.normalize("NFKC", text[:4 * LONGEST]).translate(_QUOTES)
    text = _SPACED_MARK.sub(lambda m: m[1] or "'", _SPACE.sub(" ", text).strip())
    return _RUN.sub(r"\1\1\1", text)[:LONGEST]


def respell(text: str, language: str, rng: random.Random) -> str:
    """A cleaned text spelt as somebody else might: placeholders become names; now and then marks, case or
    emoji go, a filler comes, a word is lost."""
    text = _NAME.sub(lambda _: rng.choice(_NAMES[language]), text)
    if rng.random() < 0.35:
        text = _MARKS.sub(" ", text)
    elif rng.random() < 0.2:
        text = "".join(c for c in text if unicodedata.category(c)[0] in "LMNPZ")
    if rng.random() < 0.35:
        text = text.lower()
    words = text.split()
    if len(words) > 3 and rng.random() < 0.3:
        del words[rng.randrange(len(words))]
    if rng.random() < 0.12:
        words.insert(rng.randint(0, min(2, len(words))), rng.choice(_FILLERS[language]))
    return " ".join(words) or text
