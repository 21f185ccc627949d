"""Which stretches of a video are looked at for mouths that speak: loud ones and pauses, not too many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from emocli.face.mouths import MOST_MEASURED, NEEDED, RATE, Stretch
from emocli.timeline.types import FaceObservations, Utterance

#: Pictures of one stretch at least and at most; fewer than the most are spread over every other picture of a
#: longer stretch: eight in 1.1 s told lips that talk from others as well as fifteen did, and in 0.6 s worse.
FEWEST, MOST, SPARSE = 8, 15, 2
#: Utterances of a voice that are looked at.
ENOUGH = 40
#: Meshes that may be found: this share of the observations, which keeps the second look to about a fifth of
#: the faces' time, and some for a short video; of them the share for pauses, and the shortest of these, s.
SHARE, SOME, PAUSES, PAUSE = 0.15, 300, 0.2, 0.6
#: Share of an utterance from which a face counts as seen in it.
SEEN = 0.3
#: Seconds of an utterance or a pause that are searched for where to look.
LISTENED = 30.0

#: Loudness, dB, around each of some times, s.
Envelope = Callable[[np.ndarray], np.ndarray]
#: What to look at, in order, each with the number of its utterance, or None in a pause.
Plan = list[tuple[int | None, Stretch]]


@dataclass(frozen=True)
class UtteranceFaces:
    """An utterance as its pictures have it: the `share` of it in which each face is seen."""

    utterance: Utterance
    share: Mapping[int, float]

    @property
    def visible(self) -> list[int]:
        """Faces that are seen in enough of it, the most first."""
        ids = [number for number, share in self.share.items() if share >= SEEN]
        return sorted(ids, key=lambda number: -self.share[number])


def visible_faces(utterances: Sequence[Utterance], faces: FaceObservations) -> list[UtteranceFaces]:
    """Who is seen in each utterance."""
    times, ids = faces.geometry[:, 0], faces.geometry[:, 16].astype(int)
    steps = np.diff(np.unique(times))
    step = float(np.median(steps)) if len(steps) else 0.2
    found = []
    for utterance in utterances:
        first, last = np.searchsorted(times, [utterance.start, utterance.end])
        numbers, counts = np.unique(ids[first:last], return_counts=True)
        pictures = max(1.0, (utterance.end - utterance.start) / step)
        found.append(UtteranceFaces(utterance, {int(n): min(1.0, c / pictures)
                                       for n, c in zip(numbers, counts, strict=True)}))
    return found


def plan(said: Sequence[UtteranceFaces], faces: FaceObservations, envelope: Envelope) -> Plan:
    """Which utterances to look at and where: their loudest part; and some pauses, at their quietest.

    Voices take turns, and each one's utterances come in an order that is spread over the video.
    """
    by_voice: dict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(said):
        if one.visible and one.utterance.end - one.utterance.start >= NEEDED / RATE:
            by_voice[one.utterance.speaker].append(number)
    queues = [_spread(numbers)[:ENOUGH if voice else None] for voice, numbers in by_voice.items()]
    turns = [queue[i] for i in range(max(map(len, queues), default=0)) for queue in queues if i < len(queue)]
    meshes = max(SOME, round(SHARE * len(faces)))
    pauses = _pauses(said, faces)
    chosen = _within(PAUSES * meshes, dict(enumerate(pauses)), _spread(range(len(pauses))),
                     lambda times: -envelope(times), most=FEWEST)
    meshes -= sum(len(part.face_ids) * FEWEST for _, part in chosen)
    planned: Plan = [(None, stretch) for _, stretch in chosen]
    planned += _within(meshes, dict(enumerate(said)), turns, envelope)
    return sorted(planned, key=lambda sample: sample[1].start)


def _within(meshes: float, said: Mapping[int, UtteranceFaces], order: Sequence[int], envelope: Envelope, *,
            most: int = MOST) -> list[tuple[int, Stretch]]:
    """What so many meshes are enough for: as many of `said`, in this order, as short stretches allow, or all
    of them in longer ones."""
    wanted = sum(min(MOST_MEASURED, len(said[number].visible)) for number in order)
    pictures = int(np.clip(meshes // max(1, wanted), FEWEST, most))
    chosen = []
    for number in order:
        who = tuple(said[number].visible[:MOST_MEASURED])
        meshes -= pictures * len(who)
        if meshes < 0:
            break
        chosen.append((number, _part(said[number].utterance, pictures, who, envelope)))
    return chosen


def _pauses(said: Sequence[UtteranceFaces], faces: FaceObservations) -> list[UtteranceFaces]:
    """The pauses between utterances, with who is seen in them."""
    edges = pairwise([0.0, *(t for one in said for t in (one.utterance.start, one.utterance.end)),
                      float(faces.geometry[-1, 0])])
    pauses = [Utterance(start, end) for start, end in list(edges)[::2] if end - start >= PAUSE]
    return [one for one in visible_faces(pauses, faces) if one.visible]


def _spread(numbers: Sequence[int]) -> list[int]:
    """The same in an order whose every beginning is spread over the whole (van der Corput's)."""
    bits = max(1, (len(numbers) - 1).bit_length())
    order = (int(f"{i:0{bits}b}"[::-1], 2) for i in range(2 ** bits))
    return [numbers[i] for i in order if i < len(numbers)]


def _part(utterance: Utterance, pictures: int, who: tuple[int, ...], envelope: Envelope) -> Stretch:
    """The part of so many pictures with the most of an envelope, somewhere in the first LISTENED seconds."""
    end = min(utterance.end, utterance.start + LISTENED)
    long_enough = end - utterance.start >= (pictures - 1) * SPARSE / RATE
    every = SPARSE if pictures < MOST and long_enough else 1
    width = pictures * every
    room = end - utterance.start - width / RATE
    if room <= 0:
        return Stretch(utterance.start, end, who, every)
    loud = np.convolve(envelope(np.arange(utterance.start, end, 1 / RATE)), np.ones(width), "valid")
    start = utterance.start + min(room, int(loud.argmax()) / RATE)
    return Stretch(start, start + width / RATE, who, every)


def loudness(read: Callable[[float, float], np.ndarray], rate: int) -> Envelope:
    """The envelope of a sound that `read(start, end)` gives, at `rate` samples a second."""
    def envelope(times: np.ndarray) -> np.ndarray:
        begin, half = float(times[0]) - 0.04, round(0.04 * rate)
        sound = read(max(0.0, begin), float(times[-1]) + 0.04)
        power = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=float))])
        middles = np.round((times - max(0.0, begin)) * rate).astype(int)
        first, last = (np.clip(middles + shift, 0, len(sound)) for shift in (-half, half))
        return 10 * np.log10((power[last] - power[first]) / np.maximum(1, last - first) + 1e-9)

    return envelope
