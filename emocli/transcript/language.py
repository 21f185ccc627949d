"""Which language words are in: Korean and Japanese by their script, English by its commonest words, others by
`py3langid`.

A script tells each utterance; for the rest one short utterance tells too little, so all of them are judged
together, and an utterance differs from that only where it is long and clear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

#: Words that no other language has together (Afrikaans has "my", Danish "have", Frisian "it"), and the share
#: of a transcript and the number of them that tell English.
_ENGLISH = frozenset("the and you that this with what have are not your they it i how we she there".split())
_TELLING, _SEVERAL = 0.15, 4
#: Share of Hangul, or of Japanese syllables, among the letters of their languages.
_MOSTLY_HANGUL, _SOME_KANA = 0.3, 0.1
#: Letters of a transcript from which its language is judged at all.
ENOUGH = 24
#: Letters of an utterance that is judged alone, and the probability from which it is not in the language of
#: the others.
ENOUGH_ALONE, SURE = 30, 0.7


def each(texts: Sequence[str], tags: Sequence[str] | None = None,
         uses: Callable[[str], None] = lambda library: None) -> list[str]:
    """ISO 639-1 code of every text, or "".

    `tags` are the codes that somebody has given, as a track's or a recognizer's: they hold unless the script
    says otherwise.
    """
    codes = [of_script(text) or tag for text, tag in zip(texts, tags or [""] * len(texts), strict=True)]
    rest = [i for i, code in enumerate(codes) if not code]
    most = detect([texts[i] for i in rest], uses)
    for i in rest:
        codes[i] = (_alone(texts[i], most, uses) if most else "") or most
    return codes


def of_script(text: str) -> str:
    """`ko` or `ja` where the script is theirs, else ""."""
    letters = [c for c in text if c.isalpha()]
    if not letters:
        return ""
    if sum(map(_is_hangul, letters)) / len(letters) > _MOSTLY_HANGUL:
        return "ko"
    return "ja" if sum("ぁ" <= c <= "ヿ" for c in letters) / len(letters) > _SOME_KANA else ""


def detect(texts: Sequence[str], uses: Callable[[str], None] = lambda library: None) -> str:
    """ISO 639-1 code of a transcript, or "" if there is too little of it; `uses` hears of a library."""
    joined = " ".join(texts)
    if code := of_script(joined):
        return code
    if sum(map(str.isalpha, joined)) < ENOUGH:
        return ""
    if _is_english(joined):
        return "en"  # without the second that the package takes to load its model
    uses("py3langid")
    return str(_identifier().classify(joined[:4000])[0])


def of_whisper(code: str) -> str:
    """What Whisper calls a language, or "auto" where it does not know it."""
    if code in ("auto", "en", "ko"):
        return code  # without importing the package
    from whisper.tokenizer import LANGUAGES

    own = {"jv": "jw"}.get(code, code)
    return own if own in LANGUAGES else "auto"


def _alone(text: str, most: str, uses: Callable[[str], None]) -> str:
    """The language of one text if it is clearly not `most`, else ""."""
    if _is_english(text):
        return "en"
    words = text.casefold().split()
    if sum(map(str.isalpha, text)) < ENOUGH_ALONE or (most == "en" and not _ENGLISH.isdisjoint(words)):
        return ""
    uses("py3langid")
    code, probability = _identifier().classify(text)
    return str(code) if probability >= SURE else ""


def _is_english(text: str) -> bool:
    words = text.lower().split()
    known = [word for word in words if word in _ENGLISH]
    return len(known) >= _TELLING * len(words) and len(set(known)) >= _SEVERAL


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _is_hangul(character: str) -> bool:
    return "가" <= character <= "힣" or "ᄀ" <= character <= "ᇿ" or "ㄱ" <= character <= "ㆎ"
