"""What the networks take in, to try an exported one on: at random, or the test split of the data folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emocli.weights import resolve

Arrays = tuple[np.ndarray, ...]
#: Batches of a network's inputs, and labels (n,) where there are any.
Labelled = tuple[list[Arrays], np.ndarray | None]


def inputs_of(modality: str, data: Path | None, language: str = "en") -> Labelled:
    """Inputs of a network, batch by batch, as `emocli.training.export.INPUTS` names them, and labels (n,) of
    `data`."""
    if modality == "text-small":
        return _sentences(data, language)
    return {"face": _faces, "voice": _clips, "fusion": _triplets}[modality](data)


def _faces(data: Path | None) -> Labelled:
    if data is None:
        return [(np.random.default_rng(0).integers(0, 256, (32, 48, 48)).astype(np.uint8),)], None
    from emocli.training.corpora import faces

    corpus = faces.load(data, "private_test")
    voted = corpus.take(corpus.majority >= 0)
    return [(voted.images,)], voted.majority


def _clips(data: Path | None) -> Labelled:
    from emocli.voice.model import voice_network
    from emocli.voice.network import INPUTS

    if data is None:
        return [(np.random.default_rng(0).standard_normal((32, INPUTS)).astype(np.float32),)], None
    from emocli.training.corpora import speech
    from emocli.training.predictions import by_video, describe_clips
    from emocli.voice.network import standardise

    mean, deviation = voice_network().usual.numpy()
    videos = by_video(describe_clips(speech.read(data, "ravdess", "test")))
    inputs: list[Arrays] = [(standardise(np.stack([c.described for c in video]), (mean, deviation)),)
                            for video in videos]
    return inputs, np.array([c.label for video in videos for c in video])


def _sentences(data: Path | None, language: str) -> Labelled:
    from emocli.text.model import BATCH, TextModel
    from emocli.text.network import bags
    from emocli.text.tokens import bag, words

    sentences: Sequence[str] = ["I am so happy", "what a day", "leave me alone", "오늘 기분이 좋아"] * 8
    labels = None
    if data is not None:
        from emocli.training.corpora import texts

        corpus = texts.load(data, f"goemotions_{language}", "test").single()
        sentences, labels = corpus.texts, corpus.targets.argmax(1)
    idf = TextModel(resolve("text-small")).network.idf.numpy()
    read = [bag(words(t), idf) for t in sentences]
    return [tuple(t.numpy() for t in bags(read[i:i + BATCH])) for i in range(0, len(read), BATCH)], labels


def _triplets(data: Path | None) -> Labelled:
    random = np.random.default_rng(0)
    if data is None:
        scores = np.log(random.dirichlet(np.ones(7), (32, 3)).astype(np.float32) + 1e-6)
        mask = (np.arange(32)[:, None] % 7 + 1 >> np.arange(3) & 1).astype(np.float32)
        return [(scores, mask)], None
    from emocli.training.evaluate import SEED, TRIPLETS
    from emocli.training.tasks import fusion as task

    predictions = task.predict(data, "test")
    where, labels = task.triplets(predictions, TRIPLETS, np.random.default_rng(SEED))
    return [(task.tensors(predictions, where).numpy(), np.ones((len(labels), 3), np.float32))], labels
