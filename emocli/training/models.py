"""Models of others beside ours, on the same test data."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from emocli.adapters import registry
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.reader import resampled
from emocli.adapters.reference import Reference, parse
from emocli.adapters.selection import BUILTINS
from emocli.emotions import EMOTIONS, NEUTRAL
from emocli.errors import UsageError
from emocli.options import TEXT_MODES, VOICE_MODES
from emocli.training import metrics
from emocli.training.corpora import faces, speech, texts
from emocli.training.predictions import describe_clips, read_faces, read_texts, read_voices

#: What is read at once.
BATCH = 32
#: Corpora of the data folder.
CORPORA = {"voice": ("ravdess", "emodb", "nemo"),
           "text": ("goemotions_en", "goemotions_ko", "meld_en", "kote_ko_vote7")}


@dataclass(frozen=True)
class TestSet:
    """Items of a test set as a foreign model takes them: crops (48, 48), sounds at 16 kHz, sentences; with
    labels (n,), and the corpus that they are from."""

    items: Sequence[Any]
    labels: np.ndarray
    corpus: Any


def compare(modality: str, names: Sequence[str], data: Path, options: LoadOptions, *,
            labels: str = "") -> dict[str, dict[str, dict[str, Any]]]:
    """Figures by model and test set: those of `metrics.summary`, "answered" (the share of items of which a
    model says anything; others count as spread evenly, neutral a little ahead) and "items_per_second".

    Raises `UsageError` for a model that cannot be, `DataError` for data that cannot be read.
    """
    if modality not in BUILTINS:
        raise UsageError(modality, "has no models to compare", f"choose from {', '.join(BUILTINS)}")
    references = [reference for name in names for reference in parse(name)]
    for reference in references:
        if not reference.builtin:
            registry.check(reference, modality, options)
        elif reference.target not in BUILTINS[modality]:
            raise UsageError(str(reference), f"no {modality} of this name ships",
                             f"give builtin: and one of {', '.join(BUILTINS[modality])}")
    sets = dict(_sets(modality, data))
    return {str(reference): {name: _figures(reference, modality, test, options, labels)
                             for name, test in sets.items()} for reference in references}


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
            clips = list(speech.read(data, name, "test") if whole else speech.read_folders(data))
            yield name, TestSet([c.samples for c in clips], np.array([c.label for c in clips]), clips)
    else:
        for name in CORPORA[modality] if data.is_dir() else (data.name,):
            text = texts.load(data, name, "test") if data.is_dir() else texts.read(data)
            text = text.single() if name.startswith("goemotions") else text
            yield name, TestSet(text.texts, text.targets.argmax(1), text)


def _figures(reference: Reference, modality: str, test: TestSet, options: LoadOptions,
             labels: str) -> dict[str, Any]:
    began = time.perf_counter()
    if reference.builtin:
        scores, truth = _ours(reference.target, modality, test)
    else:
        scores, truth = _theirs(registry.load(reference, modality, options, labels=labels), modality, test), \
            test.labels
    seconds = time.perf_counter() - began
    answered = np.isfinite(scores).all(1) & scores.any(1)
    unknown = np.full(len(EMOTIONS), 1 / (len(EMOTIONS) + 1))
    unknown[NEUTRAL] *= 2
    return metrics.summary(np.where(answered[:, None], scores, unknown), truth) | {
        "answered": float(answered.mean()), "items_per_second": len(truth) / max(1e-9, seconds)}


def _ours(name: str, modality: str, test: TestSet) -> tuple[np.ndarray, np.ndarray]:
    """Scores (n, 7) and labels (n,) in their order."""
    if modality == "face":
        ((votes, _),) = read_faces(test.corpus)
        return votes.scores, test.labels
    if modality == "text":
        names = TEXT_MODES["accurate" if name == "default" else name]
        return read_texts(test.corpus, names=names).scores, test.labels
    names = VOICE_MODES["accurate" if name in ("default", "auto") else name]
    read = read_voices(describe_clips(test.corpus, names), names=names)
    return read.scores, read.labels


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
