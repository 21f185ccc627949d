"""Codings of a video, as emocli or people wrote them down, and the time that they have in common."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from emocli.emotions import EMOTIONS, INDEX, index_of
from emocli.errors import InputError
from emocli.timeline.types import Timeline


@dataclass(frozen=True)
class Coding:
    """Who coded, and intervals of (start s, end s, class index) in order, without overlaps."""

    name: str
    intervals: tuple[tuple[float, float, int], ...]


def of_timeline(timeline: Timeline, name: str) -> Coding:
    """An analysis as a coding: the likeliest class of each row."""
    return Coding(name, tuple((r.start, r.end, INDEX[r.emotion]) for r in timeline.rows if r.end > r.start))


def read_table(path: Path) -> Coding:
    """A CSV with the columns `start`, `end` (seconds, or h:mm:ss) and `emotion`, as people write them; others
    are passed over.  Raises `InputError` with the line that is wrong."""
    step = "give a CSV with the columns start, end, emotion"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(path, f"cannot be read ({error})", step) from error
    if not lines or not {"start", "end", "emotion"} <= lines[0].keys():
        raise InputError(path, "has not the columns start, end, emotion, or no line", step)
    intervals: list[tuple[float, float, int]] = []
    for number, line in enumerate(lines, 2):
        label = index_of(line["emotion"] or "")
        if label is None:
            raise InputError(path, f"line {number}: {line['emotion']!r} is no class",
                             f"use {', '.join(EMOTIONS)}")
        try:
            start, end = _seconds(line["start"]), _seconds(line["end"])
        except (ValueError, AttributeError, TypeError) as error:
            raise InputError(path, f"line {number}: no times", "write seconds, or h:mm:ss") from error
        if end <= start:
            raise InputError(path, f"line {number}: ends before it begins", "swap start and end")
        intervals.append((start, end, label))
    intervals.sort()
    for (_, end, _), (start, *_) in pairwise(intervals):
        if start < end - 1e-6:
            raise InputError(path, f"two intervals overlap at {start:.3f} s",
                             "let each begin where the last ended")
    return Coding(path.stem, tuple(intervals))


def _seconds(text: str) -> float:
    total = 0.0
    for part in text.strip().split(":"):
        total = total * 60 + float(part.replace(",", "."))
    if not np.isfinite(total):
        raise ValueError(text)
    return total


def common_time(codings: Sequence[Coding]) -> tuple[np.ndarray, np.ndarray]:
    """Seconds (n,) and classes (n, codings) of the intervals on which no coding changes and all have a class.

    Raises `InputError` when there are none.
    """
    edges = np.unique([t for c in codings for start, end, _ in c.intervals for t in (start, end)])
    middles, lengths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    classes = np.full((len(lengths), len(codings)), -1)
    for column, coding in enumerate(codings):
        for start, end, label in coding.intervals:
            classes[np.searchsorted(middles, start):np.searchsorted(middles, end), column] = label
    known = (classes >= 0).all(1) & (lengths > 1e-9)
    if not known.any():
        raise InputError(" and ".join(c.name for c in codings), "have no time in common",
                         "compare codings of the same video")
    return lengths[known], classes[known]
