"""What the shipped readers make of labelled data, for evaluation and for training the fusion head.

Everything goes through the readers' own code: Keras in its process, features by librosa, n-grams.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.special import softmax

from emocli.errors import DataError
from emocli.training.corpora import faces, speech, texts
from emocli.weights import manifest, resolve

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
        """The items at these positions."""
        return replace(self, features=self.features[where], scores=self.scores[where], labels=self.labels[where],
                       seconds=0.0)


def join(pools: Iterable[Pool]) -> Pool:
    """One pool of several."""
    some = list(pools)
    features, scores, labels = (np.concatenate([getattr(p, part) for p in some])
                                for part in ("features", "scores", "labels"))
    return Pool(features, scores, labels, sum(p.seconds for p in some), some[0].temperature)


def read_faces(corpus: faces.Faces, weights: Path | None = None, temperature: float | None = None) -> Pool:
    """Read face pictures in batches through the face process."""
    from emocli.face.process import FaceProcess

    with FaceProcess(weights or resolve("face"), device="cpu") as process:
        process.classify(corpus.images[:FACE_BATCH]).result()
        began = time.perf_counter()
        calls = [process.classify(corpus.images[i:i + FACE_BATCH]) for i in range(0, len(corpus), FACE_BATCH)]
        answers = [call.result() for call in calls]
        seconds = time.perf_counter() - began
    logits = np.concatenate([z for _, z in answers])
    t = manifest()["face"].temperature if temperature is None else temperature
    return Pool(np.concatenate([f for f, _ in answers]), softmax(logits / t, 1), corpus.labels, seconds, t)


def read_voices(clips: Iterable[speech.Clip], *, known_speaker: bool = True, weights: Path | None = None) -> Pool:
    """Read clips, standardised by all of each speaker's speech, or by the clip's own alone."""
    from collections import defaultdict

    from emocli.voice.features import normalise, speaker_statistics, spectrogram, trim
    from emocli.voice.reader import VoiceReader

    reader = VoiceReader(weights or resolve("voice"), temperature=manifest()["voice"].temperature)
    began, prior = time.perf_counter(), reader.network.prior()
    mels, labels, speakers, by_speaker = [], [], [], defaultdict(list)
    for clip in clips:
        samples = trim(clip.samples)
        if len(samples) < 1600:
            continue
        mel = spectrogram(samples)
        mels.append(mel)
        labels.append(clip.label)
        speakers.append(clip.speaker)
        by_speaker[clip.speaker].append(mel)
    if not mels:
        raise DataError("speech", "no clip of this split is longer than 0.1 s", "check the data")
    known = {s: speaker_statistics(m, prior) for s, m in by_speaker.items() if s and known_speaker}
    features, logits = reader.logits([normalise(m, known.get(s) or speaker_statistics([m], prior))
                                      for m, s in zip(mels, speakers, strict=True)])
    return Pool(features, softmax(logits, 1), np.array(labels), time.perf_counter() - began, reader.temperature)


def read_texts(corpus: texts.Texts, language: str, weights: Path | None = None) -> Pool:
    """Read sentences in "en" or "ko"."""
    from emocli.text.reader import TextReader

    reader = TextReader(weights or resolve("text"), temperature=manifest()["text"].temperature)
    began = time.perf_counter()
    features, logits = reader.logits(corpus.texts, language)
    return Pool(features, softmax(logits, 1), corpus.targets.argmax(1), time.perf_counter() - began,
                reader.temperature)
