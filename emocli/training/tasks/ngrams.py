"""Training of the small text network, of n-grams, on GoEmotions, with auxiliary corpora."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from emocli.emotions import EMOTIONS
from emocli.errors import DataError
from emocli.storage import atomic, write_text
from emocli.text.network import TextNetwork, bags
from emocli.text.tokens import BUCKETS, Bag, bag, ngrams, words
from emocli.training import metrics
from emocli.training.checkpoint import Checkpoint, origin
from emocli.training.corpora import texts as corpus
from emocli.training.loop import Batch, Epoch, Schedule, seed_all, train

#: Texts in which an n-gram must stand to count.
RAREST = 3
MARKS = frozenset("!?.,")


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
        read = {head: corpus.load(data, name, split or None)
                for head, (name, split) in recipe["corpora"].items() if head in recipe["heads"]}
        pieces = {head: [words(t) for t in r.texts] for head, r in read.items()}
        self.idf = inverse_frequency([p for of_head in pieces.values() for p in of_head])
        self._sets = {head: [(bag(p, self.idf), bag([w for w in p if w not in MARKS] or p, self.idf))
                             for p in of_head]
                      for head, of_head in pieces.items()}
        self.targets = {head: r.targets for head, r in read.items()}
        self.priors = {head: torch.from_numpy(np.log(t.mean(0) + 1e-3)) for head, t in self.targets.items()}
        self.dev = {lang: corpus.load(data, f"goemotions_{lang}", "dev").single() for lang in ("en", "ko")}
        self._dev_bags = {lang: bags([bag(words(t), self.idf) for t in d.texts])
                          for lang, d in self.dev.items()}
        self._recipe = recipe
        rows = [*read.values(), *self.dev.values()]
        self.origin = origin("ngrams", recipe, [r.texts for r in rows], *(r.targets for r in rows))

    def network(self) -> TextNetwork:
        """An untrained network."""
        model = TextNetwork(width=self._recipe["width"], heads=tuple(self._recipe["heads"]),
                            dropout=self._recipe["dropout"])
        model.idf.copy_(torch.from_numpy(self.idf))
        return model

    def learn(self, model: TextNetwork, rows: Mapping[str, Sequence[int]], targets: Mapping[str, np.ndarray],
              epochs: int, checkpoint: Checkpoint | None, seed: int) -> Iterator[Epoch]:
        """Train `model` on these rows of each corpus."""
        batch, keep, balance = (self._recipe[key] for key in ("batch", "keep", "balance"))
        plan = [head for head, share in self._recipe["heads"].items()
                for _ in range(round(share * len(rows[head]) / batch))]

        def batches(epoch: int) -> Iterator[Batch]:
            queue: dict[str, list[int]] = {}
            for head in random.sample(plan, len(plan)):
                waiting = queue.setdefault(head, [])
                if len(waiting) < batch:
                    waiting[:] = random.sample(list(rows[head]), len(rows[head]))
                picked = [waiting.pop() for _ in range(batch)]
                yield (head, *bags([perturb(self._sets[head][i], keep) for i in picked])), \
                    torch.from_numpy(targets[head][picked])

        def forward(inputs: Any) -> Tensor:
            head, *bag_of = inputs
            return model(*bag_of, head)[1] + balance * self.priors[head]

        def validate() -> dict[str, float]:
            f1 = {lang: metrics.macro_f1(self.dev_logits(model, lang), d.targets.argmax(1))
                  for lang, d in self.dev.items()}
            return {"macro_f1": (f1["en"] + f1["ko"]) / 2, **f1}

        yield from train(model, batches, forward=forward, validate=validate, steps_per_epoch=len(plan),
                         schedule=Schedule(**{**self._recipe["schedule"], "epochs": epochs}),
                         checkpoint=checkpoint, seed=seed)

    def dev_logits(self, model: TextNetwork, lang: str) -> np.ndarray:
        """(n, 7) of the development rows."""
        with torch.no_grad():
            return model(*self._dev_bags[lang], lang)[1].numpy()

    def logits(self, model: TextNetwork, head: str, rows: np.ndarray) -> np.ndarray:
        """(n, 7) of training rows, undisturbed."""
        with torch.no_grad():
            parts = (bags([self._sets[head][j][0] for j in rows[i:i + 2048]])
                     for i in range(0, len(rows), 2048))
            return np.concatenate([model(*part, head)[1].numpy() for part in parts])

    def distilled(self, teacher: Mapping[str, Any], path: Path) -> dict[str, np.ndarray]:
        """Targets (n, 7) of each language that lean on what networks trained without a row say of it, and of
        its translation (Hinton et al. 2015, cross-fitted), whose logits are kept at `path`.

        Raises `DataError` unless the rows of all languages of `teacher` are translations of each other, and
        `UsageError` when the file at `path` is of another recipe, seed or data set.
        """
        languages = list(teacher["weights"])
        if any(not np.array_equal(self.targets[languages[0]], self.targets[lang]) for lang in languages):
            raise DataError(" and ".join(languages), "are no translations row by row", "leave [teacher] out")
        kept = Checkpoint(path, self.origin)
        state = kept.load()
        if state is None:
            state = {"logits": torch.from_numpy(self._cross_fitted(teacher, languages))}
            kept.save(state)
        shares = zip(teacher["weights"].values(), state["logits"], strict=True)
        joined = sum(weight * logits for weight, logits in shares)
        prior = self._recipe["balance"] * self.priors[languages[0]]
        answers = torch.softmax(joined + prior, 1).numpy()
        share = teacher["share"]
        return {lang: ((1 - share) * self.targets[lang] + share * answers).astype(np.float32)
                for lang in languages}

    def _cross_fitted(self, teacher: Mapping[str, Any], languages: Sequence[str]) -> np.ndarray:
        """(languages, n, 7) mean logits of each row by networks that learnt from the other folds."""
        count = len(self.targets[languages[0]])
        logits = np.zeros((len(languages), count, len(EMOTIONS)), np.float32)
        order = np.random.default_rng(teacher["seed"]).permutation(count)
        for fold in np.array_split(order, teacher["folds"]):
            rest = np.setdiff1d(np.arange(count), fold)
            rows = {head: rest.tolist() if head in languages else range(len(t))
                    for head, t in self.targets.items()}
            for seed in range(1, teacher["seeds"] + 1):
                seed_all(seed)
                model = self.network()
                for _ in self.learn(model, rows, self.targets, teacher["epochs"], None, seed):
                    pass
                for number, lang in enumerate(languages):
                    logits[number, fold] += self.logits(model, lang, fold) / teacher["seeds"]
        return logits


def fit(data: Path, recipe: dict[str, Any], out: Path) -> Iterator[Epoch]:
    """Train as `recipe` says; writes `text_small.safetensors` (half precision) and `temperature.txt`."""
    from safetensors.torch import save_file

    dataset = Dataset(data, recipe)
    checkpoint = Checkpoint(out / "checkpoint.pt", dataset.origin)
    checkpoint.load()  # an hour of teaching would end in the refusal of a foreign one
    targets = dict(dataset.targets)
    if "teacher" in recipe:
        targets |= dataset.distilled(recipe["teacher"], out / "teacher.pt")
    seed_all(recipe["seed"])
    model = dataset.network()
    yield from dataset.learn(model, {head: range(len(t)) for head, t in targets.items()}, targets,
                             recipe["schedule"]["epochs"], checkpoint, recipe["seed"])
    logits = np.concatenate([dataset.dev_logits(model, lang) for lang in dataset.dev])
    labels = np.concatenate([d.targets.argmax(1) for d in dataset.dev.values()])
    write_text(out / "temperature.txt", f"{metrics.fit_temperature(logits, labels):.4f}\n")
    weights = {k: v for k, v in model.state_dict().items()
               if not k.startswith("heads.") or k.split(".")[1] in dataset.dev}
    with atomic(out / "text_small.safetensors") as part:
        save_file({k: v.half().contiguous() for k, v in weights.items()}, part)
