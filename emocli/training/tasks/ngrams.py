"""Training of the small text network, of n-grams, on GoEmotions and KOTE; that of English teaches it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from emocli.errors import DataError
from emocli.storage import atomic, write_text
from emocli.text.network import TextNetwork, bags
from emocli.text.tokens import BUCKETS, Bag, bag, ngrams, words
from emocli.training import metrics
from emocli.training.checkpoint import Checkpoint, origin
from emocli.training.loop import Batch, Epoch, Schedule, seed_all, train
from emocli.training.tasks import text_data
from emocli.weights import manifest

#: Texts in which an n-gram must stand to count.
RAREST = 3
MARKS = frozenset("!?.,")
#: GoEmotions' originals and their translations, row by row.
TAUGHT = ("en", "ko")


def perturb(versions: tuple[Bag, Bag], keep: float) -> Bag:
    """Drop n-grams at random, and now and then all punctuation, as a speech recogniser would."""
    ids, weights = versions[1] if np.random.rand() < 0.4 else versions[0]
    left = np.random.rand(len(ids)) < keep
    return (ids[left], weights[left] / keep) if left.any() else (ids, weights)


def inverse_frequency(texts: Sequence[list[str]]) -> np.ndarray:
    """Smoothed inverse document frequency of every bucket over these texts, (BUCKETS,), 0 where too rare."""
    seen = np.zeros(BUCKETS)
    for pieces in texts:
        seen[np.unique(ngrams(pieces)[0])] += 1
    weights = 1 + np.log((1 + len(texts)) / (1 + seen))
    return np.where(seen >= RAREST, weights, 0).astype(np.float32)


class Dataset:
    """What a recipe trains on: `targets` (n, 7) of every head's corpus, and the development rows."""

    def __init__(self, data: Path, recipe: Mapping[str, Any]) -> None:
        read = {head: text_data.voted(text_data.load(data, head)) for head in recipe["heads"]}
        pieces = {head: [words(t) for t in r.texts] for head, r in read.items()}
        self.idf = inverse_frequency([p for of_head in pieces.values() for p in of_head])
        self._sets = {head: [(bag(p, self.idf), bag([w for w in p if w not in MARKS] or p, self.idf))
                             for p in of_head]
                      for head, of_head in pieces.items()}
        self.texts = {head: r.texts for head, r in read.items()}
        self.targets = {head: r.targets for head, r in read.items()}
        self.priors = {head: torch.from_numpy(np.log(t.mean(0) + 1e-3)) for head, t in self.targets.items()}
        self.dev = {head: r.dev for head, r in read.items() if r.dev}
        self._dev_bags = {head: bags([bag(words(t), self.idf) for t in d.texts])
                          for head, d in self.dev.items()}
        self._recipe = recipe
        texts = [*self.texts.values(), *(d.texts for d in self.dev.values())]
        targets = [*self.targets.values(), *(d.targets for d in self.dev.values())]
        teacher = manifest()["text-en"].sha256 if "teacher" in recipe else ""
        self.origin = origin("ngrams", recipe, teacher, texts, *targets)

    def network(self) -> TextNetwork:
        """An untrained network."""
        model = TextNetwork(width=self._recipe["width"], heads=tuple(self._recipe["heads"]),
                            dropout=self._recipe["dropout"])
        model.idf.copy_(torch.from_numpy(self.idf))
        return model

    def learn(self, model: TextNetwork, targets: Mapping[str, np.ndarray],
              checkpoint: Checkpoint) -> Iterator[Epoch]:
        """Train `model` towards these targets of each corpus."""
        batch, keep, balance = (self._recipe[key] for key in ("batch", "keep", "balance"))
        plan = [head for head, share in self._recipe["heads"].items()
                for _ in range(round(share * len(targets[head]) / batch))]

        def batches(epoch: int) -> Iterator[Batch]:
            queue: dict[str, list[int]] = {}
            for head in random.sample(plan, len(plan)):
                waiting = queue.setdefault(head, [])
                if len(waiting) < batch:
                    waiting[:] = random.sample(range(len(targets[head])), len(targets[head]))
                picked = [waiting.pop() for _ in range(min(batch, len(waiting)))]
                yield (head, *bags([perturb(self._sets[head][i], keep) for i in picked])), \
                    torch.from_numpy(targets[head][picked])

        def forward(inputs: Any) -> Tensor:
            head, *bag_of = inputs
            return model(*bag_of, head)[1] + balance * self.priors[head]

        def validate() -> dict[str, float]:
            f1 = {head: metrics.macro_f1(self.dev_logits(model, head), d.targets.argmax(1))
                  for head, d in self.dev.items()}
            return {"macro_f1": (f1["en"] + f1["ko"]) / 2, **f1}

        yield from train(model, batches, forward=forward, validate=validate, steps_per_epoch=len(plan),
                         schedule=Schedule(**self._recipe["schedule"]), checkpoint=checkpoint,
                         seed=self._recipe["seed"])

    def dev_logits(self, model: TextNetwork, head: str) -> np.ndarray:
        """(n, 7) of the development rows."""
        with torch.no_grad():
            return model(*self._dev_bags[head], head)[1].numpy()

    def distilled(self, teacher: Mapping[str, Any], path: Path) -> dict[str, np.ndarray]:
        """Targets (n, 7) of GoEmotions in both languages that lean on what the encoder of English says of the
        originals (Hinton et al. 2015); what it says is kept at `path`.

        Raises `DataError` unless the rows are translations of each other, and `UsageError` when the file at
        `path` is of another recipe, seed or data set.
        """
        if not np.array_equal(self.targets["en"], self.targets["ko"]):
            raise DataError(" and ".join(TAUGHT), "are no translations row by row", "leave [teacher] out")
        kept = Checkpoint(path, self.origin)
        state = kept.load()
        if state is None:
            state = {"scores": torch.from_numpy(text_data.english_scores(self.texts["en"]))}
            kept.save(state)
        answers = torch.softmax(state["scores"] + teacher["prior"] * self.priors["en"], 1).numpy()
        share = teacher["share"]
        return {lang: ((1 - share) * self.targets[lang] + share * answers).astype(np.float32)
                for lang in TAUGHT}


def fit(data: Path, recipe: dict[str, Any], out: Path) -> Iterator[Epoch]:
    """Train as `recipe` says; writes `text_small.safetensors` (half precision) and `temperature.txt`."""
    from safetensors.torch import save_file

    dataset = Dataset(data, recipe)
    checkpoint = Checkpoint(out / "checkpoint.pt", dataset.origin)
    checkpoint.load()  # minutes of teaching would end in the refusal of a foreign one
    targets = dict(dataset.targets)
    if "teacher" in recipe:
        targets |= dataset.distilled(recipe["teacher"], out / "teacher.pt")
    seed_all(recipe["seed"])
    model = dataset.network()
    yield from dataset.learn(model, targets, checkpoint)
    logits = np.concatenate([dataset.dev_logits(model, lang) for lang in TAUGHT])
    labels = np.concatenate([dataset.dev[lang].targets.argmax(1) for lang in TAUGHT])
    write_text(out / "temperature.txt", f"{metrics.fit_temperature(logits, labels):.4f}\n")
    with atomic(out / "text_small.safetensors") as part:
        save_file({k: v.half().contiguous() for k, v in model.state_dict().items()}, part)
