"""Which language a transcript is in: by script for Korean, by `py3langid` for the rest.

Judged over the whole transcript, because one short utterance tells too little.
"""

from __future__ import annotations

from collections.abc import Sequence

#: Languages that the text network was trained on.
SUPPORTED = ("en", "ko")
#: Letters of a transcript from which its language is judged at all.
ENOUGH = 24


def is_hangul(character: str) -> bool:
    """Whether a character is a Hangul syllable or letter."""
    return "가" <= character <= "힣" or "ᄀ" <= character <= "ᇿ" or "ㄱ" <= character <= "ㆎ"


def detect(texts: Sequence[str]) -> str:
    """ISO 639-1 code of a transcript, or "" when there is too little of it."""
    joined = " ".join(texts)
    letters = [c for c in joined if c.isalpha()]
    if not letters:
        return ""
    if sum(map(is_hangul, letters)) / len(letters) > 0.3:
        return "ko"
    if len(letters) < ENOUGH:
        return ""
    import py3langid

    return str(py3langid.classify(joined[:4000])[0])
