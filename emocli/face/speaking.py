"""Whose face speaks: which stretches to look at, what a mouth says about it, and voices assigned to persons.

What a mouth shows is a log-likelihood ratio, set by hand on a few clips: positive where it moves as a speaking
one does.  What is known of a voice over the whole video joins it, so that an utterance that was not looked at,
or whose speaker is not in the picture, is decided by the others of the same voice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from emocli.face.mouths import MOST_MEASURED, RATE, Mouths, Stretch, Track
from emocli.timeline.types import FaceObservations, Utterance

#: Pictures that a mouth must be seen in, of one stretch at least and at most, and utterances of a voice that
#: are looked at.
NEEDED, FEWEST, MOST, ENOUGH = 5, 7, 15, 40
#: Meshes that may be found: this share of the observations, which keeps the second look to about a fifth of
#: the faces' time, and some for a short video; of them the share for pauses, and the shortest of these, s.
SHARE, SOME, PAUSES, PAUSE = 0.15, 120, 0.25, 0.6
#: Utterances that count for a voice at most, as what a mouth shows errs alike in all of them, and rounds in
#: which they are weighed.
COUNTED, ROUNDS = 4, 10
#: Share of an utterance from which a face counts as seen in it.
SEEN = 0.3
#: Movement of the lips, in distances of the eyes a picture, that speaks for neither (11 mm a second); how many
#: times that of the pauses speaks for neither; what is counted as still in both.
NEITHER, TIMES, STILL = 0.010, 2.0, 0.003
#: What movement counts, bounded by (LEAST, GREATEST), and its ratio to the pauses', bounded by (LOWER, HIGHER).
SLOPE, LEAST, GREATEST, LOWER, HIGHER = 1.5, -2.5, 2.5, -1.2, 1.0
#: Evidence from which a face is the speaker's, and below which it is not; what a voice's own person and
#: another voice's have ahead; what a voice must have shown for that, in all; below which mean it is nobody's who is seen; the most that other utterances of a
#: voice count for one, how many utterances of somebody who is seen are taken for granted to one of somebody
#: who is not.
SURELY, HARDLY, OWN, OTHERS, SHOWN, NARRATED, HABIT, GRANTED = 0.5, -0.7, 2.0, -1.0, 1.0, -0.8, 1.5, 2.0

#: Loudness, dB, around each of some times, s.
Envelope = Callable[[np.ndarray], np.ndarray]
#: What to look at, in order, each with the number of its utterance, or None in a pause.
Plan = list[tuple[int | None, Stretch]]
#: Evidence on the faces that were looked at: number of the utterance -> face -> log-likelihood ratio.
Evidence = Mapping[int, Mapping[int, float]]


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


def plan(said: Sequence[Heard], faces: FaceObservations, envelope: Envelope) -> Plan:
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
    chosen = _look(dict(enumerate(pauses)), _spread(range(len(pauses))), PAUSES * meshes,
                   lambda times: -envelope(times))
    meshes -= sum(len(stretch.face_ids) * round((stretch.end - stretch.start) * RATE) for _, stretch in chosen)
    looks: Plan = [(None, stretch) for _, stretch in chosen]
    looks += _look(dict(enumerate(said)), turns, meshes, envelope)
    return sorted(looks, key=lambda look: look[1].start)


def _look(said: Mapping[int, Heard], order: Sequence[int], meshes: float, envelope: Envelope) \
        -> list[tuple[int, Stretch]]:
    """What so many meshes are enough for: as many of `said`, in this order, as short stretches allow, or all of
    them in longer ones."""
    wanted = sum(min(MOST_MEASURED, len(said[number].visible)) for number in order)
    pictures = int(np.clip(meshes // max(1, wanted), FEWEST, MOST))
    chosen = []
    for number in order:
        who = tuple(said[number].visible[:MOST_MEASURED])
        meshes -= pictures * len(who)
        if meshes < 0:
            break
        chosen.append((number, _part(said[number].utterance, pictures / RATE, who, envelope)))
    return chosen


def _pauses(said: Sequence[Heard], faces: FaceObservations) -> list[Heard]:
    """The pauses between utterances, with who is seen in them."""
    edges = pairwise([0.0, *(t for one in said for t in (one.utterance.start, one.utterance.end)),
                      float(faces.geometry[-1, 0])])
    pauses = [Utterance(start, end) for start, end in list(edges)[::2] if end - start >= PAUSE]
    return [one for one in heard(pauses, faces) if one.visible]


def _spread(numbers: Sequence[int]) -> list[int]:
    """The same in an order whose every beginning is spread over the whole (van der Corput's)."""
    bits = max(1, (len(numbers) - 1).bit_length())
    order = (int(f"{i:0{bits}b}"[::-1], 2) for i in range(2 ** bits))
    return [numbers[i] for i in order if i < len(numbers)]


def _part(utterance: Utterance, seconds: float, who: tuple[int, ...], envelope: Envelope) -> Stretch:
    """The part of so many seconds with the most of an envelope."""
    room = utterance.end - utterance.start - seconds
    if room <= 0:
        return Stretch(utterance.start, utterance.end, who)
    times = np.arange(utterance.start, utterance.end, 1 / RATE)
    width = min(len(times), max(1, round(seconds * RATE)))
    sums = np.convolve(envelope(times), np.ones(width), "valid")
    start = utterance.start + min(room, int(sums.argmax()) / RATE)
    return Stretch(start, start + seconds, who)


def movement(track: Track) -> float:
    """How much lips go back and forth, in distances of the eyes a picture: what they move in all, less their
    range, which a smile takes once.  NaN where too little was seen."""
    if len(track.times) < NEEDED:
        return float("nan")
    opening = np.array(track.shapes)[:, 0]
    moved = float(np.abs(np.diff(opening)).sum() - np.ptp(opening))
    return moved / (track.times[-1] - track.times[0]) / RATE


def weigh(looks: Plan, mouths: Mouths) -> Evidence:
    """How much each mouth's movement speaks for talking; nothing of mouths of which too little was seen.

    Lips of one who talks move, and more than in pauses.
    """
    moved = [(number, face_id, movement(track)) for (number, _), tracks in zip(looks, mouths, strict=True)
             for face_id, track in tracks.items()]
    pauses: dict[int, list[float]] = defaultdict(list)
    for number, face_id, speed in moved:
        if number is None and np.isfinite(speed):
            pauses[face_id].append(speed)
    found: dict[int, dict[int, float]] = defaultdict(dict)
    for number, face_id, speed in moved:
        if number is not None and np.isfinite(speed):
            ratio = SLOPE * np.log(max(speed, 1e-6) / NEITHER)
            found[number][face_id] = float(np.clip(ratio, LEAST, GREATEST))
            if face_id in pauses:
                times = (speed + STILL) / (float(np.median(pauses[face_id])) + STILL)
                found[number][face_id] += float(np.clip(np.log(times / TIMES), LOWER, HIGHER))
    return found


def assign(said: Sequence[Heard], looked: Evidence) -> dict[str, set[int]]:
    """The faces of each voice, none for a voice whose person is not seen; voices of which nothing is known,
    and speech that no voice has been told apart in, are left out.

    `looked` is the evidence on each face of the utterances that were looked at.  Each person has one voice
    (a linear assignment, Kuhn 1955) by the sum of the evidence; being seen when the voice speaks, more than
    when others do, counts too.  What is left over and fits joins: one person may have got two numbers, or
    two voices.
    """
    voices = sorted({one.utterance.speaker for one in said} - {""})
    people = sorted({number for one in said for number in one.visible})
    if not voices or not people:
        return {}
    from scipy.optimize import linear_sum_assignment

    sums, counts = np.zeros((2, len(voices), len(people)))
    for number, faces in looked.items():
        if (voice := said[number].utterance.speaker) in voices:
            for face_id, found in faces.items():
                sums[voices.index(voice), people.index(face_id)] += found
                counts[voices.index(voice), people.index(face_id)] += 1
    mean = sums / np.maximum(1, counts)
    gain = mean * np.minimum(counts, COUNTED) + _presence(said, voices, people)
    rows, columns = linear_sum_assignment(-np.hstack([gain, np.zeros((len(voices),) * 2)]))
    fits = gain >= SHOWN
    pairs = [(r, c) for r, c in zip(rows, columns, strict=True) if c < len(people) and fits[r, c]]
    paired = {r for r, _ in pairs}, {c for _, c in pairs}
    pairs += [(r, c) for r, c in np.argwhere(fits).tolist() if r not in paired[0] or c not in paired[1]]
    assigned: dict[str, set[int]] = {voice: set() for voice, means, looks in zip(voices, mean, counts, strict=True)
                                     if looks.max() > 1 and means[looks > 0].max() <= NARRATED}
    for row, column in pairs:
        assigned.setdefault(voices[row], set()).add(people[column])
    return assigned


def _presence(said: Sequence[Heard], voices: Sequence[str], people: Sequence[int]) -> np.ndarray:
    """How much more each person is seen while a voice speaks than while others do, (voices, people)."""
    seen = np.array([[one.share.get(person, 0.0) for person in people] for one in said])
    lasts = np.array([one.utterance.end - one.utterance.start for one in said])
    own = np.array([[one.utterance.speaker == voice for one in said] for voice in voices])
    if own.all(axis=1).any():
        return np.zeros((len(voices), len(people)))
    return 2 * np.array([np.average(seen[mask], axis=0, weights=lasts[mask])
                         - np.average(seen[~mask], axis=0, weights=lasts[~mask]) for mask in own])


def decide(said: Sequence[Heard], looked: Evidence) -> list[Speaker]:
    """The speaker of every utterance."""
    assigned, habits = assign(said, looked), _habits(said, looked)
    taken = set().union(*assigned.values())
    return [_speaker(one, looked.get(number, {}), assigned.get(one.utterance.speaker), taken, habits)
            for number, one in enumerate(said)]


def _habits(said: Sequence[Heard], looked: Evidence) -> dict[tuple[str, int], float]:
    """How likely a face is the speaker's when a voice is heard, going by all its utterances that were looked
    at: the log odds of a share that is estimated together with them (expectation maximisation)."""
    found: dict[tuple[str, int], list[tuple[float, int]]] = defaultdict(list)
    for number, faces in looked.items():
        for face_id, ratio in faces.items():
            found[said[number].utterance.speaker, face_id].append((ratio, len(faces)))
    habits: dict[tuple[str, int], float] = {}
    for pair, pieces in found.items():
        ratios, others = np.array(pieces).T
        granted = GRANTED / float(others.mean())
        odds = float(np.log(granted))
        for _ in range(ROUNDS):
            speaks = float((1 / (1 + np.exp(-odds - ratios))).sum())
            odds = float(np.log((speaks + granted) / (len(ratios) - speaks + 1)))
        habits[pair] = float(np.clip(odds, -HABIT, HABIT))
    return habits


def _speaker(one: Heard, looked: Mapping[int, float], own: set[int] | None, taken: set[int],
             habits: Mapping[tuple[str, int], float]) -> Speaker:
    """The speaker of an utterance whose voice has these faces (None: it is not known which)."""
    def score(person: int) -> float:
        ahead = OWN if own and person in own else OTHERS if own is not None or person in taken else 0.0
        habit = habits.get((one.utterance.speaker, person), 0.0)
        return looked.get(person, 0.0) + (ahead or habit)

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
