"""What the shipped readers make of labelled data, for evaluation and for training the fusion head.

Everything goes through the readers' own code: Keras in its process, functionals, n-grams.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax

from emocli.errors import DataError
from emocli.options import VOICE_MODES
from emocli.training.corpora import faces, speech, texts
from emocli.weights import manifest, resolve

if TYPE_CHECKING:
    from emocli.voice.model import VoiceModel

#: Faces of one call.
FACE_BATCH = 64


@dataclass(frozen=True)
class Predictions:
    """Readings of n labelled items: `features` (n, d), calibrated `scores` (n, 7), `labels` (n,) and, of voices,
    `speakers` (n,).  `seconds` is the time that reading took, features included; `temperature` calibrated the
    scores."""

    features: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    seconds: float = 0.0
    temperature: float = 1.0
    speakers: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, where: np.ndarray) -> Predictions:
        """The items at these positions, and their share of the time."""
        return replace(self, features=self.features[where], scores=self.scores[where], labels=self.labels[where],
                       speakers=None if self.speakers is None else self.speakers[where],
                       seconds=self.seconds * len(where) / max(1, len(self)))


def join(pools: Iterable[Predictions]) -> Predictions:
    """One pool of several."""
    some = list(pools)
    features, scores, labels = (np.concatenate([getattr(p, part) for p in some])
                                for part in ("features", "scores", "labels"))
    speakers = [p.speakers for p in some if p.speakers is not None]
    return Predictions(features, scores, labels, sum(p.seconds for p in some), some[0].temperature,
                np.concatenate(speakers) if speakers else None)


def read_faces(corpus: faces.Faces) -> Predictions:
    """Read face pictures in batches through the face process; labelled by the voters' majority, -1 where
    there is none."""
    return read_heads(corpus)[0]


def read_heads(corpus: faces.Faces) -> list[Predictions]:
    """What `read_faces` gives, and the second head's readings, labelled by the competition's label."""
    from emocli.face.process import FaceProcess

    with FaceProcess(resolve("face"), device="cpu") as process:
        process.classify(corpus.images[:FACE_BATCH]).result()
        began = time.perf_counter()
        calls = [process.classify(corpus.images[i:i + FACE_BATCH]) for i in range(0, len(corpus), FACE_BATCH)]
        answers = [call.result() for call in calls]
        seconds = time.perf_counter() - began
    features, *heads = (np.concatenate(some) for some in zip(*answers, strict=True))
    temperatures = (manifest()["face"].temperature, 1.0)
    return [Predictions(features, softmax(logits / t, 1), labels, seconds, t)
            for logits, t, labels in zip(heads, temperatures, (corpus.majority, corpus.labels), strict=False)]


@dataclass(frozen=True)
class Heard:
    """A clip as a spectrogram (frames, COLUMNS), its class and its speaker, and the seconds that this took."""

    mel: np.ndarray
    label: int
    speaker: str
    seconds: float


def hear(clips: Iterable[speech.Clip]) -> list[Heard]:
    """Spectrograms of the clips that are long enough; the costly part of reading a voice, the same for all networks."""
    from emocli.voice.features import SAMPLE_RATE, spectrogram, trim
    from emocli.voice.model import SHORTEST

    found = []
    for clip in clips:
        began = time.perf_counter()
        samples = trim(clip.samples)
        if len(samples) >= SHORTEST * SAMPLE_RATE:
            mel = spectrogram(samples)
            found.append(Heard(mel, clip.label, clip.speaker, time.perf_counter() - began))
    if not found:
        raise DataError("speech", f"no clip of this split is longer than {SHORTEST} s", "check the data")
    return found


def voice_inputs(reader: VoiceModel, heard: Iterable[Heard], *,
                 known_speaker: bool = True) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """What the voice network takes of clips, (n, INPUTS) each speaker as one video, or each clip as the only
    one of its video; and all labels and speakers, in that order."""
    from collections import defaultdict

    from emocli.voice.features import normalise, speaker_statistics
    from emocli.voice.functionals import functionals

    usual = reader.network.usual("columns")
    videos = defaultdict(list)
    for number, clip in enumerate(heard):
        videos[clip.speaker if clip.speaker and known_speaker else number].append(clip)
    parts, order = [], []
    for clips in videos.values():
        statistics = speaker_statistics([clip.mel for clip in clips], usual)
        parts.append(reader.inputs(np.stack([functionals(normalise(clip.mel, statistics)) for clip in clips])))
        order += clips
    return parts, np.array([clip.label for clip in order]), np.array([clip.speaker for clip in order])


def read_voices(heard: Sequence[Heard], *, known_speaker: bool = True,
                names: Sequence[str] = VOICE_MODES["accurate"]) -> Predictions:
    """Read clips, each speaker's as those of one video, or each clip as the only one of its video; `names` as
    `emocli.voice.model.load` takes them."""
    from emocli.voice.model import load

    reader = load(names)
    began = time.perf_counter()
    parts, labels, speakers = voice_inputs(reader, heard, known_speaker=known_speaker)
    features, logits = reader.logits(np.concatenate(parts))
    seconds = time.perf_counter() - began + sum(clip.seconds for clip in heard)
    return Predictions(features, softmax(logits, 1), labels, seconds, reader.temperature, speakers)


def read_texts(corpus: texts.Texts, language: str) -> Predictions:
    """Read sentences in "en" or "ko"."""
    from emocli.text.model import TextModel

    reader = TextModel(resolve("text"), temperature=manifest()["text"].temperature)
    began = time.perf_counter()
    features, logits = reader.logits(corpus.texts, language)
    return Predictions(features, softmax(logits, 1), corpus.targets.argmax(1), time.perf_counter() - began,
                reader.temperature)
