"""Words as subtitle files hold them: what would be read as markup is made harmless when they are written, and
markup is told from words when they are read.

SubRip has no escapes, and ASS none for a backslash.  As ffmpeg does, a WORD JOINER, which nobody sees, is
put where markup would begin, and taken away again.  libass reads `\\{` and `\\}` as braces.  Every expression
here takes time in proportion to the text, which may be a stranger's.
"""

from __future__ import annotations

import html
import re

JOINER = "\N{WORD JOINER}"
#: Markup of SubRip and WebVTT (`<i>`, `< /i >`, `<v Ann>`, `<00:01.000>`, `{\\an8}`); no piece of it can
#: stand before another "<" or "{", so that each character is looked at a few times.
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<\d[\d:.]*>|< {0,3}/? {0,3}(?:font|[bisu])(?: [^<>]*)?>"
                  rf"|\{{\\(?!{JOINER})[^{{}}]*\}}", re.IGNORECASE)
_BREAK = re.compile(r"\\[Nnh]")
#: Where `written` may have put a joiner, and where `sidecar` keeps a number from pysubs2 with one.
_JOINED = re.compile(rf"(?<=[<\\{{-]){JOINER}|(?<=\d){JOINER}(?=\s|$)")
#: ASS: an escaped brace, a break, or an override.
_ASS = re.compile(r"\\[{}]|\\[Nnh]|\{[^{}]*\}")
_DRAWING = re.compile(r"(?<!\\)\{[^{}]*\\p[1-9]")


def written(words: str) -> str:
    """A line of words for SubRip, or for WebVTT once its `&`, `<` and `>` are escaped."""
    broken = _TAG.sub(lambda tag: tag[0][0] + JOINER + tag[0][1:] if tag[0][0] == "<"
                      else tag[0][:2] + JOINER + tag[0][2:], words)
    return _BREAK.sub(lambda escape: f"\\{JOINER}{escape[0][1]}", broken).replace("-->", f"--{JOINER}>")


def written_vtt(words: str) -> str:
    """A line of words for WebVTT."""
    return written(html.escape(words, quote=False))


def written_ass(words: str) -> str:
    """A line of words for ASS."""
    joined = re.sub(r"\\(?=[Nnh{}])", lambda _: f"\\{JOINER}", words)
    return joined.replace("{", r"\{").replace("}", r"\}")


def untagged(text: str) -> str:
    """SubRip or WebVTT without its markup."""
    return _TAG.sub("", text)


def words_of(text: str) -> str:
    """The words of a cue of SubRip whose lines are divided by line feeds or `\\N`."""
    return _JOINED.sub("", _BREAK.sub(" ", untagged(text)))


def words_of_vtt(text: str) -> str:
    """The same of WebVTT."""
    return _JOINED.sub("", html.unescape(_BREAK.sub(" ", untagged(text))))


def words_of_ass(text: str) -> str:
    """The same of ASS; nothing of a drawing."""
    if _DRAWING.search(text):
        return ""
    plain = _ASS.sub(lambda mark: mark[0][1] if mark[0] in (r"\{", r"\}") else " " if mark[0][0] == "\\"
                     else "", text)
    return _JOINED.sub("", plain)
