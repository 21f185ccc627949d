"""Somebody else's diarization: RTTM, one turn a line, as pyannote and NIST's tools write it.

    SPEAKER interview 1 12.34 2.50 <NA> <NA> anna <NA> <NA>

File, channel, start and duration in seconds, and the speaker's name; other kinds of lines are passed over.
"""

from __future__ import annotations

from pathlib import Path

from emocli.errors import InputError
from emocli.speakers.turns import Turn

#: Largest file that is read, bytes, and most turns and names that are taken from it.
LARGEST, MOST_TURNS, MOST_NAMES = 32 << 20, 200_000, 1000
#: Longest time that is believed, s: a week.
LONGEST = 7 * 24 * 3600.0
_STEP = "give lines of RTTM, as `SPEAKER interview 1 12.34 2.50 <NA> <NA> anna <NA> <NA>`"


def read_rttm(path: Path, stem: str = "") -> list[Turn]:
    """The turns of a file in order of their start, `speaker` as it is named there.

    Of a file with turns of several recordings, those of the recording `stem`.  Raises `InputError` when it
    cannot be read, is no RTTM or holds no turn of the recording.
    """
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            raise InputError(path, f"cannot be read (no file, or more than {LARGEST >> 20} MB)", _STEP)
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, f"cannot be read ({error})", _STEP) from error
    found: dict[str, list[Turn]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if fields and fields[0] == "SPEAKER":
            found.setdefault(fields[1] if len(fields) > 1 else "", []).append(_turn(path, number, fields))
    turns = found.get(stem) or (next(iter(found.values())) if len(found) == 1 else [])
    if not turns:
        raise InputError(path, f"holds no turn of {stem}, but of {len(found)} recordings" if found
                         else "holds no turn of a speaker", _STEP)
    if len(turns) > MOST_TURNS or len({t.speaker for t in turns}) > MOST_NAMES:
        raise InputError(path, f"holds more than {MOST_TURNS} turns or {MOST_NAMES} speakers",
                         "check that it is of this recording")
    return sorted(turns, key=lambda t: (t.start, t.end))


def _turn(path: Path, number: int, fields: list[str]) -> Turn:
    try:
        start, lasts, speaker = float(fields[3]), float(fields[4]), fields[7]
    except (IndexError, ValueError) as error:
        raise InputError(path, f"line {number} is no turn of a speaker", _STEP) from error
    if not (0 <= start <= LONGEST and 0 <= lasts <= LONGEST):  # which is not so of a NaN, either
        raise InputError(path, f"line {number} has a time that cannot be ({fields[3]} + {fields[4]})", _STEP)
    return Turn(start, start + lasts, speaker)
