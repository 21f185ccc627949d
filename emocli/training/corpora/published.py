"""Sentences in the files that their authors publish, which have neither header nor names of labels.

GoEmotions (Demszky et al. 2020): `text, numbers, id`; KOTE (Jeon et al. 2022): `id, text, numbers`; XED
(Öhman et al. 2020): `text, numbers`, and `neu_*.txt` with a neutral sentence a line.  MELD's CSV has a
header, which `texts` reads.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

#: A sentence and its classes.
Row = tuple[str, list[str]]
#: The numbers of each class.
Groups = Mapping[str, tuple[int, ...]]

#: Numbers of GoEmotions' 28 labels by class, after the authors' mapping to Ekman's.
GOEMOTIONS = {"anger": (2, 3, 10), "disgust": (11,), "fear": (14, 19), "sadness": (9, 12, 16, 24, 25),
              "happiness": (0, 1, 4, 5, 8, 13, 15, 17, 18, 20, 21, 23), "surprise": (6, 7, 22, 26),
              "neutral": (27,)}
#: Numbers of KOTE's 44 labels by class.  The grouping is ours; labels that fit none are left out.
KOTE = {"happiness": (1, 2, 4, 7, 8, 13, 14, 16, 28, 32, 40, 42, 43), "surprise": (15, 33, 34, 39),
        "neutral": (24,), "fear": (18, 41), "disgust": (21, 31), "anger": (0, 3, 6, 20, 22, 23),
        "sadness": (5, 10, 19, 25, 27, 30, 36, 38)}
#: Numbers of XED's eight; anticipation (2) and trust (8) are no class of ours.
XED = {"anger": (1,), "disgust": (3,), "fear": (4,), "happiness": (5,), "sadness": (6,), "surprise": (7,)}

_NUMBERS = re.compile(r"\d+(?:\s*,\s*\d+)*")


def rows(path: Path, lines: Sequence[str]) -> list[Row] | None:
    """The labelled sentences of a file, or None where it is none of these."""
    if path.name.startswith("neu_") and path.suffix == ".txt":
        return [(text, ["neutral"]) for line in lines if (text := line.strip())]
    table = [row for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if row]
    if not table:
        return None
    if all(len(r) == 3 and _NUMBERS.fullmatch(r[2]) for r in table):
        return [(r[1], _most(KOTE, r[2])) for r in table]
    if all(len(r) == 3 and _NUMBERS.fullmatch(r[1]) for r in table):
        return [(r[0], _named(GOEMOTIONS, r[1])) for r in table]
    if all(len(r) == 2 and _NUMBERS.fullmatch(r[1]) for r in table):
        return [(r[0], _named(XED, r[1])) for r in table]
    return None


def _classes(groups: Groups, numbers: str) -> Iterable[str]:
    of = {number: name for name, group in groups.items() for number in group}
    return (of[int(n)] for n in numbers.split(",") if int(n) in of)


def _named(groups: Groups, numbers: str) -> list[str]:
    return list(dict.fromkeys(_classes(groups, numbers)))


def _most(groups: Groups, numbers: str) -> list[str]:
    """The classes that most of the labels belong to; KOTE gives a comment many."""
    votes = Counter(_classes(groups, numbers))
    return [name for name, count in votes.items() if count == max(votes.values())]
