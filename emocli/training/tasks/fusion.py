"""Training of the fusion head on triplets of unrelated faces, voices and sentences of one label.

There is no audio-visual emotional corpus at hand; triplets teach how far to trust each reading,
not how people really mix face, voice and words.  The readings come from the readers' development
splits, because on their training data they are far too sure, and from readers that meet strangers: voices of
corpora that the network was trained without, spoilt faces, and in place of all other words those of corpora
whose head does not read them, as a recogniser writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import cache
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor, nn

from emocli.adapters.classifier import LoadOptions
from emocli.adapters.reference import parse
from emocli.emotions import EMOTIONS, NEUTRAL
from emocli.errors import DataError
from emocli.fusion.head import FusionHead, save
from emocli.text.spelling import respell
from emocli.timeline.types import MODALITIES
from emocli.training import corruptions, metrics, models
from emocli.training.checkpoint import Checkpoint, Origin, fingerprint, origin
from emocli.training.corpora import faces, meld, speech, texts
from emocli.training.loop import Batch, Epoch, Schedule, seed_all, train
from emocli.training.predictions import (
    Predictions,
    describe_clips,
    join,
    read_faces,
    read_texts,
    read_voices,
)
from emocli.training.tasks import text_data
from emocli.training.tasks.voice import LeftOut, load_left_out, temperatures_of
from emocli.weights import manifest

#: Predictions of each modality.
Modalities = Mapping[str, Predictions]
#: Corpora whose development rows stand for words that no head has learnt: film, comedy and comments.
STRANGE_WORDS = ("xed", "emorynlp", "kote")
#: Speech of which the test triplets are made.
TEST_SPEECH = ("ravdess",)
#: How models of others are loaded where nothing is said: without trust or features.
ALONE = LoadOptions()


def subsets(modalities: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """A mask over MODALITIES for every subset of these that is not empty, the whole last."""
    free = [(0, 1) if m in modalities else (0,) for m in MODALITIES]
    return tuple(mask for mask in product(*free) if any(mask))


#: Every subset of all modalities.
MASKS = subsets(MODALITIES)


def predict(data: Path, split: str, corpora: tuple[str, ...] = TEST_SPEECH, voice: str = "voice",
            modalities: tuple[str, ...] = MODALITIES, loading: LoadOptions = ALONE) -> dict[str, Predictions]:
    """Readings of the "dev" or the "test" splits by the shipped readers: `corpora` are whose speech is read,
    `voice` is the entry of the manifest that reads it, or models of others, loaded as `loading` says."""
    readers = {"face": lambda: _faces(data, split), "text": lambda: _texts(data, split),
               "voice": lambda: join(_voices(data, split, name, voice, loading) for name in corpora)}
    return {m: readers[m]() for m in modalities}


def meet_strangers(data: Path, split: str, voices: Sequence[LeftOut]) -> dict[str, Predictions]:
    """Readings of what the readers were not made for: spoilt faces, the speech of corpora by networks that
    were trained without them, and sentences of film, comedy and comments as a recogniser writes them, read
    without the head that learnt their corpus ("dev"), or MELD's ("test")."""
    def of_voice(one: LeftOut) -> Iterator[Predictions]:
        where = (one.splits == "test") == (split == "test")
        temperatures = temperatures_of([v for v in voices if v is not one] or voices)
        for logits, temperature in zip((one.alone, one.known), temperatures, strict=True):
            yield Predictions(softmax(logits[where] / temperature, 1), one.labels[where],
                              temperature=temperature, speakers=one.speakers[where],
                              source=fingerprint(logits, one.labels))

    return {"face": _spoilt_faces(data, split), "voice": join(p for one in voices for p in of_voice(one)),
            "text": _other_texts(data, split)}


def _voted_faces(data: Path, split: str) -> faces.Faces:
    """Faces on whose class the voters agree."""
    corpus = faces.load(data, {"dev": "public_test", "test": "private_test"}[split])
    if split == "dev":
        corpus = corpus.take(~faces.repeated(corpus, faces.load(data, "private_test")))
    return corpus.take(corpus.majority >= 0)


@cache
def _faces(data: Path, split: str) -> Predictions:
    return next(read_faces(_voted_faces(data, split)))[0]


@cache
def _spoilt_faces(data: Path, split: str) -> Predictions:
    corpus = _voted_faces(data, split)
    return join(heads[0] for heads in read_faces(*(
        replace(corpus, images=corruptions.spoil_faces(corpus.images, kind)) for kind in corruptions.FACES)))


def _voices(data: Path, split: str, corpus: str, voice: str, loading: LoadOptions) -> Predictions:
    if voice in manifest():
        return read_voices(describe_clips(speech.read(data, corpus, split), (voice,)), names=(voice,))
    return _foreign_voices(data, split, corpus, voice, loading)


def _foreign_voices(data: Path, split: str, corpus: str, voice: str, loading: LoadOptions) -> Predictions:
    """Readings by the models that a reference names, where they say anything."""
    items = models.of_clips(speech.read(data, corpus, split))
    members = parse(voice)
    scores, answered = models.mean_scores(members, (), "voice", items, loading)
    speakers = np.array([clip.speaker for clip in items.corpus])
    sizes = [path.stat().st_size for path in (r.path for r in members) if path.is_file()]
    source = fingerprint(voice, loading.features, sizes, items.labels)
    return Predictions(scores, items.labels, speakers=speakers, source=source).take(np.flatnonzero(answered))


def _texts(data: Path, split: str) -> Predictions:
    """GoEmotions' rows with one label; a sentence and its translation are one item."""
    english, korean = (read_texts(texts.load(data, f"goemotions_{lang}", split).single(), lang)
                       for lang in ("en", "ko"))
    return join([english, replace(korean, items=english.items)])


def _other_texts(data: Path, split: str) -> Predictions:
    if split == "test":
        return read_texts(meld.load(data), "en")
    random, several = Random(0), []
    for corpus in STRANGE_WORDS:
        dev, lang = text_data.load(data, corpus).dev, text_data.language_of(corpus)
        if dev:
            respelt = [respell(sentence, lang, random) for sentence in dev.texts]
            several.append(read_texts(texts.Texts(respelt, dev.targets), lang, without=corpus))
    most = max(map(len, several))
    return join(p.take(np.resize(np.arange(len(p)), most)) for p in several)  # each corpus counts alike


def frequencies(predictions: Modalities) -> np.ndarray:
    """(7,) how often each class is met: the mean over the modalities."""
    counts = [np.bincount(p.labels, minlength=len(EMOTIONS)) for p in predictions.values()]
    return np.asarray(np.mean([c / c.sum() for c in counts], axis=0))


def triplets(predictions: Modalities, count: int, random: np.random.Generator,
             often: np.ndarray | None = None) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Positions among the predictions of each modality and the labels of `count` triplets, classes as `often`
    (7,) as said, or all alike."""
    labels = np.resize(np.arange(len(EMOTIONS)), count) if often is None \
        else random.choice(len(EMOTIONS), count, p=often)
    where = {}
    for name, items in predictions.items():
        by_class = {c: np.flatnonzero(items.labels == c) for c in np.unique(labels)}
        for c, positions in by_class.items():
            if not len(positions):
                raise DataError(name, f"no labelled item of {EMOTIONS[c]} is left to draw from",
                                "use more data")
        where[name] = np.array([random.choice(by_class[c]) for c in labels])
    return where, labels


def tensors(predictions: Modalities, where: Mapping[str, np.ndarray]) -> Tensor:
    """Log scores (n, 3, 7) of triplets, as `FusionHead` takes them; 0 of a modality without predictions."""
    count = len(next(iter(where.values())))
    scores = np.stack([predictions[m].scores[where[m]] if m in predictions
                       else np.ones((count, len(EMOTIONS))) for m in MODALITIES], 1)
    return torch.from_numpy(np.log(np.maximum(scores, 1e-6)).astype(np.float32))


def hold_out(items: Predictions, share: float, random: np.random.Generator,
             persons: Sequence[str]) -> tuple[Predictions, Predictions]:
    """Predictions to learn from and others to judge by: of the speakers that match a pattern of `persons`,
    or, where no speakers are known, `share` of the items of every class, however often each is read."""
    if items.speakers is not None:
        held = np.array([any(fnmatch(who, pattern) for pattern in persons) for who in items.speakers])
        return items.take(np.flatnonzero(~held)), items.take(np.flatnonzero(held))
    held = np.zeros(len(items), bool)
    for label in np.unique(items.labels):
        where = np.flatnonzero(items.labels == label)
        numbers = where if items.items is None else items.items[where]
        order = random.permutation(np.unique(numbers))
        held[where] = np.isin(numbers, order[round(len(order) * (1 - share)):])
    return items.take(np.flatnonzero(~held)), items.take(np.flatnonzero(held))


@dataclass(frozen=True)
class Dataset:
    """Development readings to learn from, and triplets of others that validate and calibrate."""

    training: Modalities
    log_scores: Tensor
    labels: np.ndarray
    origin: Origin

    def logits(self, model: nn.Module, mask: tuple[int, ...]) -> np.ndarray:
        """(n, 7) of the triplets, with the modalities of `mask`."""
        wide = torch.tensor(mask, dtype=torch.float32).expand(len(self.labels), -1)
        with torch.no_grad():
            return np.asarray(model(self.log_scores, wide).numpy())


def load_dataset(data: Path, recipe: Mapping[str, Any], voices: Sequence[LeftOut] = (),
                 loading: LoadOptions = ALONE) -> Dataset:
    """The development readings, and those of strangers if there are `voices`, parted; by person, or the head
    would be judged by voices that it has learnt.  Strangers' words stand for all words: the encoder reads
    what it has learnt far better than anything that people say."""
    random = np.random.default_rng(recipe["seed"])
    known = [m for m in recipe["modalities"] if m != "text" or not voices]
    predictions = predict(data, "dev", tuple(recipe["speech"]), recipe["voice"], tuple(known), loading)
    if voices:
        unknown = meet_strangers(data, "dev", voices)
        predictions = {m: join([predictions[m], unknown[m]]) if m in known else unknown[m]
                       for m in recipe["modalities"]}
    parts = {m: hold_out(p, recipe["held_out"], random, recipe["held_speakers"])
             for m, p in predictions.items()}
    training, held = ({m: p[i] for m, p in parts.items()} for i in (0, 1))
    # In talk, most is neutral: so often, confidence has to be right.
    often = frequencies(training) * (1 - recipe["neutral"])
    often[NEUTRAL] += recipe["neutral"]
    where, labels = triplets(held, recipe["held_triplets"], random, often)
    log_scores = disturb(tensors(held, where), held, random, recipe)
    made_from = origin("fusion", recipe, {m: p.source for m, p in predictions.items()})
    return Dataset(training, log_scores, labels, made_from)


def disturb(log_scores: Tensor, predictions: Modalities, random: np.random.Generator,
            recipe: Mapping[str, Any]) -> Tensor:
    """Triplets (n, 3, 7) as life has them: in the share `contradict` of them one modality shows another
    emotion than the label, and readers are up to `over_sure` times as sure as they should be."""
    spoilt, there = log_scores.clone(), [i for i, m in enumerate(MODALITIES) if m in predictions]
    for row in np.flatnonzero(random.random(len(log_scores)) < recipe["contradict"]):
        column = int(random.choice(there))
        other = predictions[MODALITIES[column]]
        item = int(random.integers(len(other)))
        spoilt[row, column] = torch.from_numpy(np.log(np.maximum(other.scores[item], 1e-6)))
    sure = np.exp(random.random(spoilt.shape[:2]) * np.log(recipe["over_sure"]))[..., None]
    return torch.log_softmax(spoilt * torch.from_numpy(sure).float(), 2)


def learn(model: FusionHead, known: Dataset, recipe: Mapping[str, Any],
          checkpoint: Checkpoint | None) -> Iterator[Epoch]:
    """Train a head on every subset of the modalities that there are, and calibrate it for each.

    It learns from classes that are alike often: where neutral is common, that a reader says neutral when it
    knows nothing would pass for knowledge.  What epochs are judged by is from before `distrust_words`.
    """
    batch, steps = recipe["batch"], recipe["steps"]
    there = [i for i, m in enumerate(MODALITIES) if m in known.training]
    masks = subsets(recipe["modalities"])

    def batches(epoch: int) -> Iterator[Batch]:
        draw = np.random.default_rng(recipe["seed"] * 1000 + epoch)
        for _ in range(steps):
            where, labels = triplets(known.training, batch, draw)
            scores = disturb(tensors(known.training, where), known.training, draw, recipe)
            mask = torch.zeros(batch, len(MODALITIES))
            mask[:, there] = torch.from_numpy(draw.random((batch, len(there))) < recipe["keep"]).float()
            mask[mask.sum(1) == 0, there[int(draw.integers(len(there)))]] = 1
            yield (scores, mask), torch.eye(len(EMOTIONS))[torch.from_numpy(labels)]

    def validate() -> dict[str, float]:
        f1 = [metrics.macro_f1(known.logits(model, m), known.labels) for m in masks]
        return {"macro_f1": float(np.mean(f1)), "all": f1[-1]}

    yield from train(model, batches, forward=lambda x: model(*x), validate=validate, steps_per_epoch=steps,
                     schedule=Schedule(**recipe["schedule"]), checkpoint=checkpoint, seed=recipe["seed"])
    distrust_words(model, recipe["caution"])
    for mask in masks:
        at = int(model.subset(torch.tensor([mask]))[0])
        model.temperatures[at] = metrics.fit_temperature(known.logits(model, mask), known.labels)


@torch.no_grad()
def distrust_words(model: FusionHead, caution: float) -> None:
    """Take back this share of the trust in words wherever a face is there: a head trusts the kinds of words
    that it has met more than it should trust the next kind (weights/fusion.md)."""
    face, text = MODALITIES.index("face"), MODALITIES.index("text")
    both = torch.tensor([mask for mask in MASKS if mask[face] and mask[text]])
    model.trust[model.subset(both), text] *= 1 - caution


def fit(data: Path, recipe: dict[str, Any], out: Path, left_out: Path | None = None,
        voice: str = "", loading: LoadOptions = ALONE) -> Iterator[Epoch]:
    """Train as `recipe` says; writes `fusion.safetensors` into `out`.  `left_out` is the file in which
    `emocli train voice` keeps what networks make of corpora that they were trained without; `voice` are
    models that read the voice instead, which have met no strangers, loaded as `loading` says.

    Raises `DataError` when the recipe wants it and it is not there.
    """
    if voice:
        recipe |= {"voice": voice, "strangers": False}
    if recipe["strangers"] and not (left_out and left_out.is_file()):
        raise DataError(left_out or "--left-out", "no readings of voices left out of training",
                        "give --left-out the left_out.npz that `emocli train voice` writes")
    seed_all(recipe["seed"])
    known = load_dataset(data, recipe, load_left_out(left_out) if left_out and recipe["strangers"] else (),
                         loading)
    model = FusionHead()
    yield from learn(model, known, recipe, Checkpoint(out / "checkpoint.pt", known.origin))
    save(model, out / "fusion.safetensors")
