"""What a video comes to, as the report page shows it: who was read as what, for how long, and agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from emocli.emotions import CLASSES, INDEX, Emotion
from emocli.outputs.page.rendering import clock
from emocli.summary.compute import Figures, Share, Stretch, Summary
from emocli.timeline.types import Person, Row, Timeline

#: Most persons whose figures are shown: of a crowd, nobody reads more.
PERSONS = 8


@dataclass(frozen=True)
class Line:
    """The figures of one person, whose number `person` is, or of everybody (None): `length` as a clock,
    `parts` of a bar as (class, left, width) in % of the longest line, the share of each class, and the
    longest stretches as (class, start s, start and length as clocks)."""

    person: int | None
    length: str
    parts: tuple[tuple[int, float, float], ...]
    shares: tuple[Share, ...]
    stretches: tuple[tuple[Emotion, float, str, str], ...]
    changes_per_minute: float
    words_per_minute: float | None
    kappas: dict[tuple[str, str], float | None]


def summary_lines(summary: Summary, people: Sequence[Person]) -> list[Line]:
    """Everybody's, and each main person's."""
    longest = summary.whole.seconds or 1.0
    return [_line(None, summary.whole, longest),
            *(_line(people.index(person), own, longest) for person, own in main_persons(summary))]


def main_persons(summary: Summary) -> list[tuple[Person, Figures]]:
    """Where there are several persons, the PERSONS who have most time, in their order."""
    most = sorted(summary.persons, key=lambda pair: -pair[1].seconds)[:PERSONS]
    return [pair for pair in summary.persons if pair in most] if len(most) > 1 else []


def _line(person: int | None, own: Figures, longest: float) -> Line:
    parts, left = [], 0.0
    for name, share in own.shares.items():
        width = 100 * share.value * own.seconds / longest
        if width:
            parts.append((INDEX[name], round(left, 3), round(width, 3)))
        left += width
    return Line(person, clock(own.seconds), tuple(parts), tuple(own.shares[c.name] for c in CLASSES),
                tuple(_stretch(one) for one in own.longest), own.changes_per_minute, own.words_per_minute,
                own.kappas)


def _stretch(one: Stretch) -> tuple[Emotion, float, str, str]:
    return CLASSES[INDEX[one.emotion]], round(one.start, 3), clock(one.start), clock(one.seconds)


def agreements(timeline: Timeline, t: dict[str, Any]) -> list[tuple[tuple[str, str], str, float]]:
    """Of each pair of modalities that read anything together: the pair, its name, and the share of that time
    in which both name the same emotion."""
    found = []
    for pair in combinations(timeline.modalities, 2):
        both = [row for row in timeline.rows if all(row.readings[name].present for name in pair)]
        if total := _seconds(both):
            same = [row for row in both if len({row.readings[name].emotion for name in pair}) == 1]
            found.append((pair, pair_name(pair, t), _seconds(same) / total))
    return found


def pair_name(pair: tuple[str, str], t: dict[str, Any]) -> str:
    """What a pair of modalities is called, in the words `t` of a language."""
    return " – ".join(t.get(name, name) for name in pair)


def _seconds(rows: Sequence[Row]) -> float:
    return sum(row.end - row.start for row in rows)
