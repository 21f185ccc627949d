"""Codes of languages, however they are written: `ko`, `KO`, `kor`, `pt-BR`, `zh-Hant`, `ger`."""

from __future__ import annotations

#: What Whisper and the identification of languages call what langcodes calls otherwise.
_OURS = {"fil": "tl", "nb": "no"}
#: Languages without a code of two letters that Whisper knows.
_THREE_LETTERS = frozenset(("haw", "yue"))


def code_of(tag: str) -> str:
    """ISO 639-1 code of a language tag (ISO 639-1, -2 or -3, BCP 47), or `haw` or `yue`, which have none; ""
    for no language."""
    from langcodes import Language, LanguageTagError

    try:
        language = Language.get(tag.replace("_", "-"))
    except LanguageTagError:
        return ""
    if not language.language or not language.is_valid():
        return ""
    code = language.language
    if code not in _THREE_LETTERS:
        code = language.prefer_macrolanguage().language or ""
    code = _OURS.get(code, code)
    return code if len(code) == 2 or code in _THREE_LETTERS else ""
