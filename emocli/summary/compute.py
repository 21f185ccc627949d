"""What a video comes to, for everybody and for each person: shares of time, changes, stretches, agreement.

All is counted over rows, and a row's emotion is its likeliest class.  Intervals are percentile bootstraps
(Efron & Tibshirani 1993) over rows, of which each is an utterance or a stretch without words: they say how
the shares would vary with other utterances of the same kind, not how far the networks are right.  Rows that
follow each other are taken for independent, which they are not, so that intervals are rather too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from emocli.agreement.kappa import agreement
from emocli.emotions import EMOTIONS, INDEX
from emocli.timeline.persons import everybody
from emocli.timeline.records import person_of
from emocli.timeline.types import Person, Row, Timeline

#: Share of the bootstrap's distribution that an interval holds, its draws, and the seed of their generator.
LEVEL, DRAWS, SEED = 0.95, 2000, 2026
#: Rows below which there is no interval, draws that are made together, and longest stretches that are listed.
LEAST, AT_ONCE, LONGEST = 5, 100, 3
#: Languages that are written without spaces, whose words cannot be counted so.
UNSPACED = frozenset(("zh", "yue", "ja", "th", "lo", "km", "my", "bo"))


@dataclass(frozen=True)
class Share:
    """A share of time, and the interval that it has; None where there are fewer than LEAST rows."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Stretch:
    """Rows that follow each other with one emotion; seconds."""

    emotion: str
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True)
class Figures:
    """What rows come to: their `seconds` and `utterances`; `shares` of that time by emotion, which sum to 1;
    how often a minute the emotion is another than in the row before; the LONGEST stretches, longest first;
    Cohen's kappa of each pair of modalities ("face", "voice") over the time that both read, None where that
    is none or of one class; words a minute of speech, None where none are known."""

    seconds: float
    utterances: int
    shares: dict[str, Share]
    changes_per_minute: float
    longest: tuple[Stretch, ...]
    kappas: dict[tuple[str, str], float | None]
    words_per_minute: float | None


@dataclass(frozen=True)
class Summary:
    """Of a video: its name, its seconds, the figures of the whole, and of each person who has rows."""

    video: str
    duration: float
    whole: Figures
    persons: tuple[tuple[Person, Figures], ...]


def summarize(timeline: Timeline, *, video: str = "", draws: int = DRAWS, seed: int = SEED) -> Summary:
    """The figures of a video and of its persons; `video` is what it is called, its file's name if left out.
    The same timeline gives the same figures."""
    modalities, people = timeline.modalities, everybody(timeline)
    owners = [person_of(row, people) for row in timeline.rows]
    persons = [(person, figures([row for row, owner in zip(timeline.rows, owners, strict=True)
                                 if owner is person], modalities, draws=draws, seed=seed))
               for person in people if person in owners]
    return Summary(video or timeline.media.path.name, timeline.media.duration,
                   figures(timeline.rows, modalities, draws=draws, seed=seed), tuple(persons))


def figures(rows: Sequence[Row], modalities: Sequence[str], *, draws: int = DRAWS,
            seed: int = SEED) -> Figures:
    """The figures of rows in order of time, of one person or of all."""
    rows = [row for row in rows if row.end > row.start]
    lengths = np.array([row.end - row.start for row in rows])
    classes = np.array([INDEX[row.emotion] for row in rows], int)
    seconds = float(lengths.sum())
    changes = int((np.diff(classes) != 0).sum())
    stretches = sorted(_stretches(rows), key=lambda stretch: -stretch.seconds)
    return Figures(seconds, sum(row.utterance is not None for row in rows),
                   dict(zip(EMOTIONS, shares(lengths, classes, draws=draws, seed=seed), strict=True)),
                   60 * changes / seconds if seconds else 0.0, tuple(stretches[:LONGEST]),
                   {pair: _kappa(rows, *pair) for pair in combinations(modalities, 2)}, _pace(rows))


def shares(lengths: np.ndarray, classes: np.ndarray, *, draws: int = DRAWS,
           seed: int = SEED) -> list[Share]:
    """The share of each class, from seconds (n,) and class indices (n,).

    A class that no row has, or that all have, has it in every draw; its interval is then that of a share of
    which nothing was seen in as many trials as the rows are worth (Kish's effective number).
    """
    each = lengths[:, None] * (classes[:, None] == np.arange(len(EMOTIONS)))
    total = lengths.sum() or 1.0
    values = each.sum(0) / total
    if len(lengths) < LEAST:
        return [Share(float(value), None, None) for value in values]
    random, tail = np.random.default_rng(seed), (1 - LEVEL) / 2
    drawn = np.concatenate([_draw(random, lengths, each, min(AT_ONCE, draws - at))
                            for at in range(0, draws, AT_ONCE)])
    low, high = np.quantile(drawn, (tail, 1 - tail), axis=0)
    unseen = 1 - tail ** (float((lengths**2).sum()) / total**2)
    rows = (each > 0).sum(0)
    high = np.where(rows == 0, unseen, high)
    low = np.where(rows == len(lengths), 1 - unseen, low)
    return [Share(*map(float, of)) for of in zip(values, low, high, strict=True)]


def _draw(random: np.random.Generator, lengths: np.ndarray, each: np.ndarray, draws: int) -> np.ndarray:
    """Shares (draws, 7) of as many samples of rows with replacement."""
    counts = random.multinomial(len(lengths), np.full(len(lengths), 1 / len(lengths)), size=draws)
    return np.asarray(counts @ each / (counts @ lengths)[:, None])


def _stretches(rows: Sequence[Row]) -> list[Stretch]:
    """Rows of one emotion that touch, joined."""
    made: list[Stretch] = []
    for row in rows:
        last = made[-1] if made else None
        if last and last.emotion == row.emotion and row.start - last.end < 1e-3:
            made[-1] = Stretch(last.emotion, last.start, row.end)
        else:
            made.append(Stretch(row.emotion, row.start, row.end))
    return made


def _kappa(rows: Sequence[Row], first: str, second: str) -> float | None:
    both = [row for row in rows if row.readings[first].present and row.readings[second].present]
    if not both:
        return None
    lengths = np.array([row.end - row.start for row in both])
    classes = np.array([[INDEX[row.readings[name].emotion] for name in (first, second)] for row in both])
    kappa = float(agreement(lengths, classes).kappa)
    return None if np.isnan(kappa) else kappa


def _pace(rows: Sequence[Row]) -> float | None:
    """Words a minute of speech, of the utterances whose words are known and divided by spaces."""
    said = [row.utterance for row in rows if row.utterance and row.utterance.text.strip()
            and row.utterance.language.split("-")[0] not in UNSPACED]
    minutes = sum(utterance.end - utterance.start for utterance in said) / 60
    return sum(len(utterance.text.split()) for utterance in said) / minutes if minutes > 0 else None
