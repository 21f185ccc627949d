"""The same voice in several recordings: speakers of different videos are compared, and joined where they are
surely one person's.

This is biometric identification, and done only where somebody asks for it.  The score of a pair is PLDA's log
likelihood ratio of mean embeddings; complete linkage joins only groups of which every pair is above the
threshold, and never two speakers of one video, who were told apart there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emocli.speakers.diarizer import ENCODER, LIKENESS, loud_windows
from emocli.timeline.persons import everybody
from emocli.timeline.types import Person, Timeline, Utterance

if TYPE_CHECKING:
    from emocli.speakers.encoder import SpeakerEncoder

#: Log likelihood ratio from which two voices are one person's: chosen so that of pairs of different people
#: one in a hundred passes (`bench/link_people.py`, on actors of RAVDESS in one studio; across microphones no
#: threshold is good).
THRESHOLD = 15.6
#: Seconds of speech below which a voice is compared with none.
LEAST_SPEECH = 5.0


@dataclass(frozen=True)
class Voice:
    """A person of a video by their voice: seconds of speech and the mean embedding (d,)."""

    video: str
    person: Person
    seconds: float
    vector: np.ndarray


def load_encoder() -> SpeakerEncoder:
    """Raises `WeightsError` when weights are missing or damaged."""
    from emocli import weights
    from emocli.speakers.encoder import SpeakerEncoder

    return SpeakerEncoder(weights.resolve(ENCODER))


def speech(timeline: Timeline) -> list[tuple[Person, list[Utterance], float]]:
    """Everybody who speaks, what they say, and for how many seconds."""
    said = [(person, [row.utterance for row in timeline.rows
                      if row.utterance and row.utterance.speaker in person.speakers])
            for person in everybody(timeline) if person.speakers]
    return [(person, own, sum(utterance.end - utterance.start for utterance in own)) for person, own in said]


def voices(timeline: Timeline, encoder: SpeakerEncoder, video: str, path: Path) -> list[Voice]:
    """The voices of those who speak for LEAST_SPEECH s or more in the `video` at `path`.

    Raises `InputError` where the video is not there, or has no sound that can be decoded.
    """
    from emocli.media.audio import decode
    from emocli.media.probe import probe

    info = probe(path)
    if not info.has_audio:
        return []
    *_, (_, sound) = decode(info)
    with sound:
        found = []
        for person, said, seconds in speech(timeline):
            pieces = (piece for utterance in said for _, piece in loud_windows(encoder, sound, utterance))
            if seconds >= LEAST_SPEECH and len(embeddings := encoder.embed(pieces)):
                found.append(Voice(video, person, seconds, embeddings.mean(0)))
    return found


def link(heard: Sequence[Voice]) -> list[int]:
    """The person 0, 1, ... that each voice is.  Raises `WeightsError`."""
    from emocli import weights
    from emocli.speakers.clustering import Likeness

    likeness = Likeness.load(weights.resolve(LIKENESS))
    ratios = likeness.ratios(likeness.project(np.stack([voice.vector for voice in heard])))
    return join(ratios, [voice.video for voice in heard], THRESHOLD).tolist()


def join(ratios: np.ndarray, videos: Sequence[str], threshold: float) -> np.ndarray:
    """The person 0, 1, ... of each voice (n,), from the ratios of all pairs (n, n) and the video that each is
    of."""
    if len(ratios) < 2:
        return np.zeros(len(ratios), int)
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    most = max(float(ratios.max()), threshold)
    distances = most - ratios
    apart = 2 * max(float(distances.max()), most - threshold) + 1
    distances[np.array(videos)[:, None] == np.array(videos)] = apart
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), "complete")
    return np.unique(fcluster(tree, most - threshold, "distance"), return_inverse=True)[1]
