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
    from emocli.voice.reader import VoiceReader

#: Faces of one call.
FACE_BATCH = 64


@dataclass(frozen=True)
class Pool:
    """Readings of n labelled items: `features` (n, d), calibrated `scores` (n, 7), `labels` (n,).
    `seconds` is the time that reading took, features included; `temperature` calibrated the scores."""

    features: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    seconds: float = 0.0
    temperature: float = 1.0

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, where: np.ndarray) -> Pool:
        """The items at these positions, and their share of the time."""
        return replace(self, features=self.features[where], scores=self.scores[where], labels=self.labels[where],
                       seconds=self.seconds * len(where) / max(1, len(self)))


def join(pools: Iterable[Pool]) -> Pool:
    """One pool of several."""
    some = list(pools)
    features, scores, labels = (np.concatenate([getattr(p, part) for p in some])
                                for part in ("features", "scores", "labels"))
    return Pool(features, scores, labels, sum(p.seconds for p in some), some[0].temperature)


def read_faces(corpus: faces.Faces) -> Pool:
    """Read face pictures in batches through the face process; labelled by the voters' majority, -1 where
    there is none."""
    return read_heads(corpus)[0]


def read_heads(corpus: faces.Faces) -> list[Pool]:
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
    return [Pool(features, softmax(logits / t, 1), labels, seconds, t)
            for logits, t, labels in zip(heads, temperatures, (corpus.majority, corpus.labels), strict=False)]


def voice_inputs(reader: VoiceReader, clips: Iterable[speech.Clip], *,
                 known_speaker: bool = True) -> tuple[list[np.ndarray], np.ndarray]:
    """What the voice network takes of clips, (n, INPUTS) each speaker as one video, or each clip as the only
    one of its video; and all labels, in that order."""
    from collections import defaultdict

    from emocli.voice.features import SAMPLE_RATE, normalise, speaker_statistics, spectrogram, trim
    from emocli.voice.functionals import functionals
    from emocli.voice.reader import SHORTEST

    usual = reader.network.usual("columns")
    videos = defaultdict(list)
    for number, clip in enumerate(clips):
        samples = trim(clip.samples)
        if len(samples) >= SHORTEST * SAMPLE_RATE:
            video = clip.speaker if clip.speaker and known_speaker else number
            videos[video].append((clip.label, spectrogram(samples)))
    if not videos:
        raise DataError("speech", f"no clip of this split is longer than {SHORTEST} s", "check the data")
    parts, labels = [], []
    for heard in videos.values():
        statistics = speaker_statistics([mel for _, mel in heard], usual)
        parts.append(reader.inputs(np.stack([functionals(normalise(mel, statistics)) for _, mel in heard])))
        labels += [label for label, _ in heard]
    return parts, np.array(labels)


def read_voices(clips: Iterable[speech.Clip], *, known_speaker: bool = True,
                names: Sequence[str] = VOICE_MODES["accurate"]) -> Pool:
    """Read clips, each speaker's as those of one video, or each clip as the only one of its video; `names` as
    `emocli.voice.reader.load` takes them."""
    from emocli.voice.reader import load

    reader = load(names)
    began = time.perf_counter()
    parts, labels = voice_inputs(reader, clips, known_speaker=known_speaker)
    features, logits = reader.logits(np.concatenate(parts))
    return Pool(features, softmax(logits, 1), labels, time.perf_counter() - began, reader.temperature)


def read_texts(corpus: texts.Texts, language: str) -> Pool:
    """Read sentences in "en" or "ko"."""
    from emocli.text.reader import TextReader

    reader = TextReader(resolve("text"), temperature=manifest()["text"].temperature)
    began = time.perf_counter()
    features, logits = reader.logits(corpus.texts, language)
    return Pool(features, softmax(logits, 1), corpus.targets.argmax(1), time.perf_counter() - began,
                reader.temperature)
