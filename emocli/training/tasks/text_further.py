"""A second training of the reader of Korean words, in which others teach it.

Translated rows are taught by what the encoder of English says of the originals (distillation, Hinton et al.
2015).  Lest the rest be forgotten, the heads are held by what they and the small network said before of
KOTE's comments and of real Korean without labels (Li & Hoiem 2016).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.special import log_softmax, softmax
from torch import Tensor

from emocli.errors import DataError
from emocli.text.encoder import SentenceModel
from emocli.text.model import TextModel
from emocli.training.checkpoint import Checkpoint
from emocli.training.loop import Batch, Epoch, Schedule, between, copied, train
from emocli.training.tasks import text_data
from emocli.training.tasks.text_data import UNLABELLED, Row, loss, picked, recipe_seed
from emocli.weights import resolve

if TYPE_CHECKING:
    from emocli.training.tasks.text import Dataset, SentenceNetwork


@dataclass(frozen=True)
class Lesson:
    """What a head of k answers learns of a corpus: `targets` (n, k), or (n, 7) of its last seven; the `prior`
    (k,) that is added to its logits; and the weight of its loss."""

    head: str
    targets: np.ndarray
    prior: Tensor
    weight: float = 1.0


@dataclass(frozen=True)
class Lessons:
    """Sentences, and what the heads learn of them."""

    texts: list[str]
    lessons: list[Lesson]


def fit(model: SentenceNetwork, dataset: Dataset, before: Path, data: Path, recipe: Mapping[str, Any],
        checkpoint: Checkpoint) -> Iterator[Epoch]:
    """Train `model` on as the recipe's `further` says; it ends between what it was and the best epoch, by the
    heads that are used (Wortsman et al. 2022).  `before` is the file of what it has become so far."""
    settings, old = recipe["further"], copied(model.state_dict())
    corpora = lessons(dataset, SentenceModel(before), data, recipe)

    def batches(epoch: int) -> Iterator[Batch]:
        rng = random.Random(recipe_seed(recipe, epoch))
        planned: list[tuple[str, list[Row]]] = []
        for name, share in settings["corpora"].items():
            rows = picked(len(corpora[name].texts), round(share * settings["epoch"]), rng, epoch)
            planned += dataset.respelt(name, corpora[name].texts, rows, rng)
        rng.shuffle(planned)
        for name, spelt in planned:
            where = [i for i, _ in spelt]
            targets: Any = [torch.from_numpy(lesson.targets[where]) for lesson in corpora[name].lessons]
            yield (name, *dataset.tokens([t for _, t in spelt])), targets

    def forward(inputs: Any) -> Any:
        name, ids, mask = inputs
        with torch.autocast("cpu", dtype=torch.bfloat16):
            embedded = model.embed(ids, mask)
        embedded = model.dropout(embedded.float())
        return [(lesson.weight, model.heads[lesson.head](embedded) + lesson.prior)
                for lesson in corpora[name].lessons]

    def validate() -> dict[str, float]:
        f1 = dataset.validate(model)
        return f1 | {"macro_f1": float(np.mean([f1[head] for head in recipe["belief"]["usual"]]))}

    steps = sum(-(-round(share * settings["epoch"]) // recipe["batch"])
                for share in settings["corpora"].values())
    yield from train(model, batches, forward=forward, validate=validate, steps_per_epoch=steps,
                     schedule=Schedule(**settings["schedule"]), checkpoint=checkpoint,
                     seed=recipe["seed"], loss=of_lessons)
    model.load_state_dict(between(old, model.state_dict(), settings["way"]))


def of_lessons(answers: Any, targets: Any) -> Tensor:
    """The sum over lessons, of each as in the first training."""
    total = torch.zeros(())
    for (weight, logits), target in zip(answers, targets, strict=True):
        total = total + weight * loss(logits[:, -target.shape[1]:], target)
    return total


def lessons(dataset: Dataset, before: SentenceModel, data: Path,
            recipe: Mapping[str, Any]) -> dict[str, Lessons]:
    """What is learnt of translated rows, of KOTE's and of sentences without labels.

    Raises `DataError` unless the rows of GoEmotions are translations of each other.
    """
    settings, given_back = recipe["further"], recipe["belief"]["prior"]
    small = TextModel(resolve("text-small"))
    translated, kote = dataset.corpora["ko"], dataset.corpora["kote"]
    free = text_data.unlabelled(data, settings["reviews"], recipe["seed"])

    def held(texts: list[str], weights: Mapping[str, float]) -> list[Lesson]:
        """By what was said, which contains a part of the prior of translated rows, whichever head says it."""
        scores, prior, by_head = before.answers(texts).scores, given_back * translated.prior, []
        for head, weight in weights.items():
            helped = recipe["belief"]["helped"][head] * log_softmax(small.logits(texts, head)[1], 1)
            said = softmax(scores[:, before.corpora.index(head)] + helped, 1).astype(np.float32)
            wide = torch.zeros(dataset.corpora[head].targets.shape[1] - len(prior))
            by_head.append(Lesson(head, said, torch.cat([wide, prior]), weight))
        return by_head

    english = text_data.load(data, "en")
    if not np.array_equal(english.targets, translated.targets):
        raise DataError("en and ko", "are no translations row by row", "leave [further] out")
    answers = softmax(text_data.english_scores(english.texts) + settings["prior"] * english.prior.numpy(), 1)
    share = settings["share"]
    taught = ((1 - share) * translated.targets + share * answers).astype(np.float32)
    balance, weight = recipe["balance"], settings["held"]
    return {
        "ko": Lessons(translated.texts, [Lesson("ko", taught, balance * translated.prior)]),
        "kote": Lessons(kote.texts, [Lesson("kote", kote.targets, balance * kote.prior),
                                     *held(kote.texts, {"ko": weight})]),
        UNLABELLED: Lessons(free, held(free, {"ko": weight, "kote": 1.0}))}
