"""How far two or more codings of the same video agree: analyses of emocli, or what people wrote down.

Time is the unit: each stretch on which no coding changes counts with its seconds.  Cohen's kappa (1960) for two,
Fleiss' (1971) for all; specific agreement of a class (Spitzer & Fleiss 1974) is twice the time on which both name it
over the time that either gives it.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path

import numpy as np

from emocli.emotions import CLASSES, EMOTIONS, index_of
from emocli.errors import InputError
from emocli.timeline.types import Timeline


@dataclass(frozen=True)
class Coding:
    """Who coded, and stretches of (start s, end s, class index) in order, without overlaps."""

    name: str
    stretches: tuple[tuple[float, float, int], ...]


@dataclass(frozen=True)
class Agreement:
    """Of two codings: `confusion` (7, 7) in seconds, rows the first's; share of time on which they `agree`; Cohen's
    `kappa`; and the specific agreement of each class, nan where neither names it."""

    confusion: np.ndarray
    agree: float
    kappa: float
    classes: np.ndarray


def of_timeline(timeline: Timeline, name: str) -> Coding:
    """An analysis as a coding: the likeliest class of each row."""
    return Coding(name, tuple((r.start, r.end, EMOTIONS.index(r.emotion)) for r in timeline.rows if r.end > r.start))


def read_table(path: Path) -> Coding:
    """A CSV with the columns `start`, `end` (seconds, or h:mm:ss) and `emotion`, as people write them; others are
    passed over.  Raises `InputError` with the line that is wrong."""
    step = "give a CSV with the columns start, end, emotion"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(path, f"cannot be read ({error})", step) from error
    if not lines or not {"start", "end", "emotion"} <= lines[0].keys():
        raise InputError(path, "has not the columns start, end, emotion, or no line", step)
    found: list[tuple[float, float, int]] = []
    for number, line in enumerate(lines, 2):
        label = index_of(line["emotion"] or "")
        if label is None:
            raise InputError(path, f"line {number}: {line['emotion']!r} is no class", f"use {', '.join(EMOTIONS)}")
        try:
            start, end = _seconds(line["start"]), _seconds(line["end"])
        except (ValueError, AttributeError, TypeError) as error:
            raise InputError(path, f"line {number}: no times", "write seconds, or h:mm:ss") from error
        if end <= start:
            raise InputError(path, f"line {number}: ends before it begins", "swap start and end")
        found.append((start, end, label))
    found.sort()
    for (_, end, _), (start, *_) in pairwise(found):
        if start < end - 1e-6:
            raise InputError(path, f"two stretches overlap at {start:.3f} s", "let each begin where the last ended")
    return Coding(path.stem, tuple(found))


def _seconds(text: str) -> float:
    total = 0.0
    for part in text.strip().split(":"):
        total = total * 60 + float(part.replace(",", "."))
    if not np.isfinite(total):
        raise ValueError(text)
    return total


def pieces(codings: Sequence[Coding]) -> tuple[np.ndarray, np.ndarray]:
    """Seconds (n,) and classes (n, codings) of the stretches on which no coding changes and all have a class.

    Raises `InputError` when there are none.
    """
    edges = np.unique([t for c in codings for start, end, _ in c.stretches for t in (start, end)])
    middles, lengths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    columns = []
    for coding in codings:
        starts, ends, labels = (np.array(column) for column in zip(*coding.stretches, strict=True))
        at = np.searchsorted(starts, middles, side="right") - 1
        columns.append(np.where((at >= 0) & (middles < ends[at]), labels[at], -1))
    classes = np.stack(columns, 1)
    known = (classes >= 0).all(1) & (lengths > 1e-9)
    if not known.any():
        raise InputError(" and ".join(c.name for c in codings), "have no time in common",
                         "compare codings of the same video")
    return lengths[known], classes[known]


def agreement(lengths: np.ndarray, classes: np.ndarray) -> Agreement:
    """Of two codings, (n,) seconds and (n, 2) classes."""
    confusion = np.zeros((len(EMOTIONS),) * 2)
    np.add.at(confusion, (classes[:, 0], classes[:, 1]), lengths)
    total, rows, columns = confusion.sum(), confusion.sum(1), confusion.sum(0)
    agree, chance = np.trace(confusion) / total, float(rows @ columns) / total**2
    with np.errstate(invalid="ignore"):
        specific = 2 * np.diag(confusion) / (rows + columns)
    return Agreement(confusion, float(agree), _kappa(float(agree), chance), specific)


def fleiss(lengths: np.ndarray, classes: np.ndarray) -> float:
    """Fleiss' kappa of two or more codings, (n,) seconds and (n, codings) classes."""
    coders = classes.shape[1]
    counts = (classes[:, :, None] == np.arange(len(EMOTIONS))).sum(1)
    weights = lengths / lengths.sum()
    agree = ((counts**2).sum(1) - coders) / (coders * (coders - 1))
    return _kappa(float(weights @ agree), float(((weights @ counts / coders) ** 2).sum()))


def _kappa(agree: float, chance: float) -> float:
    """nan where all time has one class: chance cannot be told from agreement."""
    return (agree - chance) / (1 - chance) if chance < 1 - 1e-12 else float("nan")


def picture(found: Agreement, first: str, second: str) -> str:
    """The confusion matrix as SVG: shares of each row's time, and seconds."""
    cell, left, top = 74, 130, 90
    size = left + cell * len(CLASSES) + 20, top + cell * len(CLASSES) + 20
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" font-family="sans-serif" '
             f'font-size="13"><rect width="100%" height="100%" fill="#fff"/>',
             f'<text x="10" y="20">rows: {escape(first)}, columns: {escape(second)}</text>',
             f'<text x="10" y="40">agree on {found.agree:.1%} of the time, Cohen\'s kappa {found.kappa:.2f}</text>']
    for i, own in enumerate(CLASSES):
        middle = cell * i + cell / 2
        parts.append(f'<text x="{left - 8}" y="{top + middle + 4}" text-anchor="end">{own.emoji} {own.name}</text>')
        parts.append(f'<text x="{left + middle}" y="{top - 12}" text-anchor="middle" font-size="11">{own.emoji} '
                     f'{own.name}</text>')
        for j, seconds in enumerate(found.confusion[i]):
            share = seconds / (found.confusion[i].sum() or 1)
            ink = "#fff" if share > 0.55 else "#111"
            x, y = left + cell * j, top + cell * i
            parts.append(f'<rect x="{x}" y="{y}" width="{cell - 2}" height="{cell - 2}" fill="#08519c" '
                         f'fill-opacity="{share:.3f}" stroke="#bbb"/>')
            words = f'<text x="{x + cell / 2 - 1}" text-anchor="middle" fill="{ink}"'
            parts.append(f'{words} y="{y + 34}">{share:.0%}</text>'
                         f'{words} y="{y + 52}" font-size="11">{seconds:.1f} s</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
