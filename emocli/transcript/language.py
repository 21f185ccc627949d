"""Which language a transcript is in: Korean by its script, English by its commonest words, others by
`py3langid`.

Judged over the whole transcript, because one short utterance tells too little.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

#: Words that no other language has together (Afrikaans has "my", Danish "have", Frisian "it"), and the share
#: of a transcript and the number of them that tell English.
_ENGLISH = frozenset("the and you that this with what have are not your they it i how we she there".split())
_TELLING, _SEVERAL = 0.15, 4
#: Share of Hangul among the letters of Korean.
_MOSTLY_HANGUL = 0.3
#: Letters of a transcript from which its language is judged at all.
ENOUGH = 24


def detect(texts: Sequence[str], uses: Callable[[str], None] = lambda library: None) -> str:
    """ISO 639-1 code of a transcript, or "" if there is too little of it; `uses` hears of a library."""
    joined = " ".join(texts)
    letters = [c for c in joined if c.isalpha()]
    if not letters:
        return ""
    if sum(map(_is_hangul, letters)) / len(letters) > _MOSTLY_HANGUL:
        return "ko"
    if len(letters) < ENOUGH:
        return ""
    words = joined.lower().split()
    known = [word for word in words if word in _ENGLISH]
    if len(known) >= _TELLING * len(words) and len(set(known)) >= _SEVERAL:
        return "en"  # without the second that the package takes to load its model
    import py3langid

    uses("py3langid")
    return str(py3langid.classify(joined[:4000])[0])


def _is_hangul(character: str) -> bool:
    return "가" <= character <= "힣" or "ᄀ" <= character <= "ᇿ" or "ㄱ" <= character <= "ㆎ"
