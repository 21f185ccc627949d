"""Models of others beside ours, on the same test data."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from emocli.adapters import registry
from emocli.adapters.builtin import NAMES
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.labels import weighted_mean
from emocli.adapters.reader import resampled
from emocli.adapters.reference import Reference, parse
from emocli.adapters.selection import check_members
from emocli.emotions import EMOTIONS
from emocli.errors import UsageError
from emocli.fusion.head import unknown
from emocli.options import TEXT_MODES, VOICE_MODES
from emocli.training import metrics
from emocli.training.corpora import faces, speech, texts
from emocli.training.predictions import by_video, describe_clips, read_faces, read_texts, read_voices
from emocli.voice.described import SHORTEST
from emocli.voice.features import SAMPLE_RATE, trim

#: What is read at once.
BATCH = 32
#: Corpora of the data folder.
CORPORA = {"voice": ("ravdess", "emodb", "nemo", "emogator"),
           "text": ("goemotions_en", "goemotions_ko", "meld_en", "kote_ko_vote7")}


@dataclass(frozen=True)
class TestSet:
    """Items of a test set as a foreign model takes them: crops (48, 48), sounds at 16 kHz, sentences; with
    labels (n,), and the corpus that they are from."""

    items: Sequence[Any]
    labels: np.ndarray
    corpus: Any


def compare(modality: str, names: Sequence[str], data: Path, options: LoadOptions, *, labels: str = "",
            weights: Sequence[float] = ()) -> dict[str, dict[str, dict[str, Any]]]:
    """Figures by model (or ensemble, with `weights`, alike if left out) and test set: those of
    `metrics.summary`, "answered" (the share of items of which it says anything; others count as spread
    evenly, neutral a little ahead) and "items_per_second".

    Raises `UsageError` for a model that cannot be, `DataError` for data that cannot be read.
    """
    if modality not in NAMES:
        raise UsageError(modality, "has no models to compare", f"choose from {', '.join(NAMES)}")
    ensembles = {name: parse(name) for name in names}
    for members in ensembles.values():
        check_members(modality, members, options)
        if weights and len(members) not in (1, len(weights)):
            raise UsageError("--weights", f"{len(weights)} numbers fit no ensemble here",
                             "give one number a model")
    sets = dict(_sets(modality, data))
    return {name: {of: _figures(members, weights, modality, test, options, labels)
                   for of, test in sets.items()} for name, members in ensembles.items()}


def of_clips(clips: Iterable[speech.Clip]) -> TestSet:
    """The clips that are long enough to be read."""
    long = [clip for clip in clips if len(trim(clip.samples)) >= SHORTEST * SAMPLE_RATE]
    return TestSet([c.samples for c in long], np.array([c.label for c in long]), long)


def _sets(modality: str, data: Path) -> Iterator[tuple[str, TestSet]]:
    if modality == "face":
        corpus = faces.load(data, "private_test")
        name = "fer2013_private" if (data / "faces").is_dir() else data.name
        yield name, TestSet(list(corpus.images), corpus.labels, corpus)
        if name != data.name:
            voted = corpus.take(corpus.majority >= 0)
            yield "ferplus_majority", TestSet(list(voted.images), voted.majority, voted)
    elif modality == "voice":
        whole = (data / "speech").is_dir()
        for name in CORPORA[modality] if whole else (data.name,):
            yield name, of_clips(speech.read(data, name, "test") if whole else speech.read_folders(data))
    else:
        for name in CORPORA[modality] if data.is_dir() else (data.name,):
            text = texts.load(data, name, "test") if data.is_dir() else texts.read(data)
            text = text.single() if name.startswith("goemotions") else text
            yield name, TestSet(text.texts, text.targets.argmax(1), text)


def _figures(members: Sequence[Reference], weights: Sequence[float], modality: str, test: TestSet,
             options: LoadOptions, labels: str) -> dict[str, Any]:
    began = time.perf_counter()
    scores, answered = mean_scores(members, weights, modality, test, options, labels=labels)
    seconds = time.perf_counter() - began
    return metrics.summary(scores, test.labels) | {
        "answered": float(answered.mean()), "items_per_second": len(test.labels) / max(1e-9, seconds)}


def mean_scores(members: Sequence[Reference], weights: Sequence[float], modality: str, test: TestSet,
                options: LoadOptions, *, labels: str = "") -> tuple[np.ndarray, np.ndarray]:
    """Scores (n, 7) of a model or an ensemble, and which items (n,) it says anything of; those of others are
    spread evenly, neutral a little ahead.  Raises as `registry.load` does."""
    each = [_ours(reference.target, modality, test) if reference.builtin else _theirs(
        registry.load(reference, modality, options, labels=labels), modality, test) for reference in members]
    mean = weighted_mean(each, weights if len(members) > 1 and weights else [1.0] * len(members))
    answered = np.isfinite(mean).all(1)
    return np.where(answered[:, None], mean, unknown()), answered


def _ours(name: str, modality: str, test: TestSet) -> np.ndarray:
    """Scores (n, 7) in the order of the items."""
    if modality == "face":
        ((votes, *_),) = read_faces(test.corpus)
        return votes.scores
    if modality == "text":
        return read_texts(test.corpus, names=TEXT_MODES["accurate" if name == "default" else name]).scores
    names = VOICE_MODES["accurate" if name in ("default", "auto") else name]
    described = describe_clips(test.corpus, names)
    place = {id(clip): i for i, clip in enumerate(described)}
    scores = np.zeros((len(described), len(EMOTIONS)))
    scores[[place[id(clip)] for video in by_video(described) for clip in video]] = \
        read_voices(described, names=names).scores
    return scores


def _theirs(loaded: registry.Loaded, modality: str, test: TestSet) -> np.ndarray:
    model, left, parts = loaded.classifier, iter(test.items), []
    try:
        while batch := list(islice(left, BATCH)):
            parts.append(loaded.labels.seven(model.scores(_inputs(batch, modality, model))))
    finally:
        model.close()
    return np.concatenate(parts)


def _inputs(batch: list[Any], modality: str, model: Any) -> Any:
    """Items as a model takes them; a sentence that comes without its sound has none."""
    if modality == "voice":
        return [resampled(samples, model.rate) for samples in batch]
    if modality == "text":
        return [(text, np.zeros(0, np.float32)) for text in batch] if model.with_sound else batch
    import cv2

    crops = np.stack([cv2.resize(face, (model.size, model.size)) for face in batch])
    return np.repeat(crops[..., None], 3, -1) if model.colour else crops
