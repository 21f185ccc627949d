"""Whose face speaks: what a mouth says about it, and voices assigned to persons.

What a mouth shows is a log-likelihood ratio, set by hand on three clips: positive where it moves as a
speaking one does.  What is known of a voice over the whole video joins it, so that an utterance that was not
looked at, or whose speaker is not in the picture, is decided by the others of the same voice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from emocli.face.mouths import NEEDED, Mouths, Track
from emocli.face.sampling import Plan, UtteranceFaces

#: Movement of the lips, in distances of the eyes a picture, that speaks for neither (11 mm a second); how
#: many times that of the pauses speaks for neither; what is counted as still there.
NEITHER, TIMES, STILL = 0.010, 2.0, 0.003
#: What movement counts, bounded by (LEAST, GREATEST), and its ratio to the pauses', by (LOWER, HIGHER).
SLOPE, LEAST, GREATEST, LOWER, HIGHER = 1.5, -2.5, 2.5, -1.2, 1.0
#: Evidence from which a face is the speaker's, and below which it is not; what a voice's own person and
#: another voice's have ahead.
SURELY, HARDLY, OWN, OTHERS = 0.5, -0.7, 2.0, -1.0
#: What a voice must have shown for its person, in all; below which mean it is nobody's who is seen; and
#: utterances that count for a voice at most, as what a mouth shows errs alike in all of them.
SHOWN, NARRATED, COUNTED = 1.0, -0.8, 4
#: The most that other utterances of a voice count for one; how many of somebody who is seen are taken for
#: granted to one of somebody who is not; rounds in which they are weighed.
HABIT, GRANTED, ROUNDS = 1.5, 2.0, 10

#: Evidence on the faces that were looked at: number of the utterance -> face -> log-likelihood ratio.
Evidence = Mapping[int, Mapping[int, float]]


@dataclass(frozen=True)
class Speaker:
    """Whose face an utterance is: `face_id`, or None where the speaker is not seen (`known`), or where it
    could not be told."""

    face_id: int | None = None
    known: bool = False


def movement(track: Track) -> float:
    """How much lips go back and forth, in distances of the eyes a picture: what they move in all, less their
    range, which a smile takes once.  NaN where too little was seen."""
    if len(track.times) < NEEDED:
        return float("nan")
    opening = np.array(track.shapes)[:, 0]
    return float(np.abs(np.diff(opening)).sum() - np.ptp(opening)) / (len(opening) - 1)


def weigh(plan: Plan, mouths: Mouths) -> Evidence:
    """How much each mouth's movement speaks for talking; nothing of mouths of which too little was seen.

    Lips of one who talks move, and more than in pauses.
    """
    moved = [(number, face_id, movement(track)) for (number, _), tracks in zip(plan, mouths, strict=True)
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


def assign(said: Sequence[UtteranceFaces], looked: Evidence) -> dict[str, set[int]]:
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
    assigned: dict[str, set[int]] = {voice: set() for i, voice in enumerate(voices)
                                     if counts[i].max() > 1 and mean[i][counts[i] > 0].max() <= NARRATED}
    for row, column in pairs:
        assigned.setdefault(voices[row], set()).add(people[column])
    return assigned


def _presence(said: Sequence[UtteranceFaces], voices: Sequence[str], people: Sequence[int]) -> np.ndarray:
    """How much more each person is seen while a voice speaks than while others do, (voices, people)."""
    seen = np.array([[one.share.get(person, 0.0) for person in people] for one in said])
    lasts = np.array([one.utterance.end - one.utterance.start for one in said])
    own = np.array([[one.utterance.speaker == voice for one in said] for voice in voices])
    if own.all(axis=1).any():
        return np.zeros((len(voices), len(people)))
    return 2 * np.array([np.average(seen[mask], axis=0, weights=lasts[mask])
                         - np.average(seen[~mask], axis=0, weights=lasts[~mask]) for mask in own])


def decide(said: Sequence[UtteranceFaces], looked: Evidence) -> list[Speaker]:
    """The speaker of every utterance."""
    assigned, habits = assign(said, looked), _habits(said, looked)
    taken = set().union(*assigned.values())
    return [_speaker(one, looked.get(number, {}), assigned.get(one.utterance.speaker), taken, habits)
            for number, one in enumerate(said)]


def _habits(said: Sequence[UtteranceFaces], looked: Evidence) -> dict[tuple[str, int], float]:
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


def _speaker(one: UtteranceFaces, looked: Mapping[int, float], own: set[int] | None, taken: set[int],
             habits: Mapping[tuple[str, int], float]) -> Speaker:
    """The speaker of an utterance whose voice has these faces (None: it is not known which)."""
    def score(person: int) -> float:
        prior = OWN if own and person in own else OTHERS if own is not None or person in taken else 0.0
        habit = habits.get((one.utterance.speaker, person), 0.0)
        return looked.get(person, 0.0) + (prior or habit)

    scores = {person: score(person) for person in (*one.visible, *(own or set()) & one.share.keys())}
    best = max(scores, key=lambda person: scores[person], default=None)
    if best is None or scores[best] <= HARDLY:
        return Speaker(None, known=True)
    return Speaker(best, known=True) if scores[best] >= SURELY else Speaker()
