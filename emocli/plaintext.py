"""Text from outside (file names, subtitles, strangers' documents) as text, and nothing that acts on a
terminal, an editor or a player."""

from __future__ import annotations

import re

#: What breaks a line, or a cell: written as a space.
_BREAKS = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]+")
#: Other control characters (C0 with the escape of terminals, C1), marks that turn the direction of what
#: follows, and bytes of a file name that are no UTF-8, which no file can hold.
_ACTING = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

#: How a cell begins that a spreadsheet takes for a formula, the wide forms of East Asian keyboards too.
FORMULA = tuple("=+-@＝＋－＠")


def printable(text: object) -> str:
    """`text` on one line, what would act on its reader replaced by �.  Joiners, which emoji and some scripts
    need, stay."""
    return _ACTING.sub("\N{REPLACEMENT CHARACTER}", _BREAKS.sub(" ", str(text)))


def cell(text: object, *, safe: bool) -> str:
    """Text from outside as a table's cell; with `safe`, one that a spreadsheet would run gets a `'` in
    front."""
    written = printable(str(text).encode(errors="backslashreplace").decode())
    return f"'{written}" if safe and written.lstrip().startswith(FORMULA) else written


def escaped(json_text: str) -> str:
    """JSON whose strings hold what acts on its reader as `\\u` escapes: the same values, none of them raw."""
    return _ACTING.sub(lambda match: f"\\u{ord(match[0]):04x}", json_text)
