"""Whose face speaks: which stretches to look at, what a mouth says about it, and voices assigned to persons.

What a mouth shows is a log-likelihood ratio, set by hand on a few clips: positive where it moves as a speaking
one does.  What is known of a voice over the whole video joins it, so that an utterance that was not looked at,
or whose speaker is not in the picture, is decided by the others of the same voice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from emocli.face.mouths import MOST_MEASURED, RATE, Mouths, Stretch, Track
from emocli.timeline.types import FaceObservations, Utterance

#: Pictures of one stretch at least and at most, and utterances of a voice that are looked at.
FEWEST, MOST, ENOUGH = 6, 15, 40
#: Meshes that may be found: this share of the observations, which keeps the second look to about a fifth of
#: the faces' time, and some for a short video.
SHARE, SOME = 0.15, 150
#: Share of an utterance from which a face counts as seen in it.
SEEN = 0.3
#: Movement of the lips, in distances of the eyes a picture, that speaks for neither, and the ratio's bounds.
NEITHER, LEAST, GREATEST = 0.010, -2.5, 2.5
#: Evidence from which a face is the speaker's, and below which it is not; what a voice's own person and
#: another voice's have ahead; what a voice must have shown for that.
SURELY, HARDLY, OWN, OTHERS, SHOWN = 0.5, -0.7, 2.0, -1.0, 1.0

#: Loudness, dB, around each of some times, s.
Envelope = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Speaker:
    """Whose face an utterance is: `face_id`, or None where the speaker is not seen (`known`), or where it
    could not be told."""

    face_id: int | None = None
    known: bool = False


@dataclass(frozen=True)
class Heard:
    """An utterance as its pictures have it: the `share` of it in which each face is seen."""

    utterance: Utterance
    share: Mapping[int, float]

    @property
    def visible(self) -> list[int]:
        """Faces that are seen in enough of it, the most first."""
        ids = [number for number, share in self.share.items() if share >= SEEN]
        return sorted(ids, key=lambda number: -self.share[number])


def heard(utterances: Sequence[Utterance], faces: FaceObservations) -> list[Heard]:
    """Who is seen in each utterance."""
    times, ids = faces.geometry[:, 0], faces.geometry[:, 16].astype(int)
    steps = np.diff(np.unique(times))
    step = float(np.median(steps)) if len(steps) else 0.2
    found = []
    for utterance in utterances:
        first, last = np.searchsorted(times, [utterance.start, utterance.end])
        numbers, counts = np.unique(ids[first:last], return_counts=True)
        pictures = max(1.0, (utterance.end - utterance.start) / step)
        found.append(Heard(utterance, {int(n): min(1.0, c / pictures)
                                       for n, c in zip(numbers, counts, strict=True)}))
    return found


def plan(said: Sequence[Heard], observations: int, envelope: Envelope) -> dict[int, Stretch]:
    """Which utterances to look at, by number, and where: their loudest part.

    Voices take turns, and each one's utterances come in an order that is spread over the video.
    """
    by_voice: dict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(said):
        if one.visible and one.utterance.end - one.utterance.start >= FEWEST / RATE:
            by_voice[one.utterance.speaker].append(number)
    queues = [_spread(numbers)[:ENOUGH if voice else None] for voice, numbers in by_voice.items()]
    turns = [queue[i] for i in range(max(map(len, queues), default=0)) for queue in queues if i < len(queue)]
    left = max(SOME, round(SHARE * observations))
    wanted = sum(min(MOST_MEASURED, len(said[number].visible)) for number in turns)
    pictures = int(np.clip(left // max(1, wanted), FEWEST, MOST))
    chosen: dict[int, Stretch] = {}
    for number in turns:
        who = tuple(said[number].visible[:MOST_MEASURED])
        left -= pictures * len(who)
        if left < 0:
            break
        chosen[number] = _loudest(said[number].utterance, pictures / RATE, who, envelope)
    return dict(sorted(chosen.items()))


def _spread(numbers: Sequence[int]) -> list[int]:
    """The same in an order whose every beginning is spread over the whole (van der Corput's)."""
    bits = max(1, (len(numbers) - 1).bit_length())
    order = (int(f"{i:0{bits}b}"[::-1], 2) for i in range(2 ** bits))
    return [numbers[i] for i in order if i < len(numbers)]


def _loudest(utterance: Utterance, seconds: float, who: tuple[int, ...], envelope: Envelope) -> Stretch:
    room = utterance.end - utterance.start - seconds
    if room <= 0:
        return Stretch(utterance.start, utterance.end, who)
    times = np.arange(utterance.start, utterance.end, 1 / RATE)
    width = min(len(times), max(1, round(seconds * RATE)))
    sums = np.convolve(envelope(times), np.ones(width), "valid")
    start = utterance.start + min(room, int(sums.argmax()) / RATE)
    return Stretch(start, start + seconds, who)


def evidence(track: Track) -> float:
    """How much a mouth's movement speaks for talking, a log-likelihood ratio; 0 where too little was seen.

    Lips of one who talks go back and forth: what they move in all, less where it leads them, a picture.
    """
    if len(track.times) < FEWEST - 2:
        return 0.0
    opening = np.array(track.shapes)[:, 0]
    moved = np.abs(np.diff(opening)).sum() - abs(opening[-1] - opening[0])
    speed = moved / (track.times[-1] - track.times[0]) / RATE
    return float(np.clip(1.5 * np.log(max(speed, 1e-6) / NEITHER), LEAST, GREATEST))


def assign(said: Sequence[Heard], looked: Mapping[int, Mapping[int, float]]) -> dict[str, set[int]]:
    """The faces of each voice, none for a voice whose person is not seen; voices of which nothing is known,
    and speech that no voice has been told apart in, are left out.

    `looked` is the evidence on each face of the utterances that were looked at.  Each person has one voice
    (a linear assignment, Kuhn 1955) by the sum of the evidence; being seen when the voice speaks, more than
    when others do, counts too.  What is left over and fits joins: one person may have got two numbers, or
    two voices.
    """
    from scipy.optimize import linear_sum_assignment

    voices = sorted({one.utterance.speaker for one in said} - {""})
    people = sorted({number for one in said for number in one.visible})
    if not voices or not people:
        return {}
    gain, shown = np.zeros((len(voices), len(people))), np.zeros(len(voices), int)
    for number, faces in looked.items():
        if (voice := said[number].utterance.speaker) in voices:
            shown[voices.index(voice)] += 1
            for face_id, found in faces.items():
                gain[voices.index(voice), people.index(face_id)] += found
    gain += _presence(said, voices, people)
    rows, columns = linear_sum_assignment(-np.hstack([gain, np.zeros((len(voices),) * 2)]))
    fits = gain >= SHOWN
    pairs = [(r, c) for r, c in zip(rows, columns, strict=True) if c < len(people) and fits[r, c]]
    paired = {r for r, _ in pairs}, {c for _, c in pairs}
    pairs += [(r, c) for r, c in np.argwhere(fits).tolist() if r not in paired[0] or c not in paired[1]]
    assigned: dict[str, set[int]] = {voices[row]: set() for row in range(len(voices))
                                     if shown[row] and gain[row].max() <= -SHOWN}
    for row, column in pairs:
        assigned.setdefault(voices[row], set()).add(people[column])
    return assigned


def _presence(said: Sequence[Heard], voices: Sequence[str], people: Sequence[int]) -> np.ndarray:
    """How much more each person is seen while a voice speaks than while others do, (voices, people)."""
    seen = np.array([[one.share.get(person, 0.0) for person in people] for one in said])
    lasts = np.array([one.utterance.end - one.utterance.start for one in said])
    own = np.array([[one.utterance.speaker == voice for one in said] for voice in voices])
    mean = [(np.average(seen[mask], axis=0, weights=lasts[mask])
             - (np.average(seen[~mask], axis=0, weights=lasts[~mask]) if not mask.all() else 0.0))
            if not mask.all() else np.zeros(len(people)) for mask in own]
    return 2 * np.array(mean)


def decide(said: Sequence[Heard], looked: Mapping[int, Mapping[int, float]]) -> list[Speaker]:
    """The speaker of every utterance."""
    assigned = assign(said, looked)
    taken = set().union(*assigned.values())
    return [_speaker(one, looked.get(number, {}), assigned.get(one.utterance.speaker), taken)
            for number, one in enumerate(said)]


def _speaker(one: Heard, looked: Mapping[int, float], own: set[int] | None, taken: set[int]) -> Speaker:
    """The speaker of an utterance whose voice has these faces (None: it is not known which)."""
    def score(person: int) -> float:
        ahead = OWN if own and person in own else OTHERS if own is not None or person in taken else 0.0
        return looked.get(person, 0.0) + ahead

    scores = {person: score(person) for person in (*one.visible, *(own or set()) & one.share.keys())}
    best = max(scores, key=lambda person: scores[person], default=None)
    if best is None or scores[best] <= HARDLY:
        return Speaker(None, known=True)
    return Speaker(best, known=True) if scores[best] >= SURELY else Speaker()


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


def weigh(mouths: Mouths, numbers: Sequence[int]) -> dict[int, dict[int, float]]:
    """The evidence on every mouth that was looked at, by number of the utterance and face."""
    return {number: {face_id: evidence(track) for face_id, track in faces.items()}
            for number, faces in zip(numbers, mouths, strict=True)}
