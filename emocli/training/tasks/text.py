"""Training of the text network on GoEmotions in English and Korean, with auxiliary corpora."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from emocli.text.network import TextNetwork, bags
from emocli.text.tokens import BUCKETS, Bag, bag, ngrams, words
from emocli.training import metrics
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


def fit(data: Path, recipe: dict[str, Any], out: Path) -> Iterator[Epoch]:
    """Train as `recipe` says; writes `text.safetensors` (half precision) and `temperature.txt`."""
    from safetensors.torch import save_file

    read = {head: corpus.load(data, name, split or None)
            for head, (name, split) in recipe["corpora"].items() if head in recipe["heads"]}
    pieces = {head: [words(t) for t in r.texts] for head, r in read.items()}
    idf = inverse_frequency([p for some in pieces.values() for p in some])
    sets = {head: [(bag(p, idf), bag([w for w in p if w not in MARKS] or p, idf)) for p in some]
            for head, some in pieces.items()}
    targets = {head: r.targets for head, r in read.items()}
    priors = {head: torch.from_numpy(np.log(t.mean(0) + 1e-3)) for head, t in targets.items()}
    dev = {lang: corpus.load(data, f"goemotions_{lang}", "dev").single() for lang in ("en", "ko")}
    cached = {lang: bags([bag(words(t), idf) for t in d.texts]) for lang, d in dev.items()}
    seed_all(recipe["seed"])
    model = TextNetwork(width=recipe["width"], heads=tuple(recipe["heads"]), dropout=recipe["dropout"])
    model.idf.copy_(torch.from_numpy(idf))
    batch = recipe["batch"]
    plan = [head for head, share in recipe["heads"].items()
            for _ in range(round(share * len(sets[head]) / batch))]

    def batches(epoch: int) -> Iterator[Batch]:
        queue: dict[str, list[int]] = {}
        for head in random.sample(plan, len(plan)):
            waiting = queue.setdefault(head, [])
            if len(waiting) < batch:
                waiting[:] = random.sample(range(len(sets[head])), len(sets[head]))
            picked = [waiting.pop() for _ in range(batch)]
            yield (head, *bags([perturb(sets[head][i], recipe["keep"]) for i in picked])), \
                torch.from_numpy(targets[head][picked])

    def forward(inputs: Any) -> Tensor:
        head, *bag_of = inputs
        logits = model(*bag_of, head)[1]
        if recipe["balance"]:
            logits = logits + recipe["balance"] * priors[head]
        return logits

    def logits_of(lang: str) -> np.ndarray:
        with torch.no_grad():
            return model(*cached[lang], lang)[1].numpy()

    def validate() -> dict[str, float]:
        found = {lang: metrics.summary(logits_of(lang), d.targets.argmax(1))["macro_f1"]
                 for lang, d in dev.items()}
        return {"macro_f1": (found["en"] + found["ko"]) / 2, **found}

    yield from train(model, batches, forward=forward, validate=validate, steps_per_epoch=len(plan),
                     schedule=Schedule(**recipe["schedule"]), checkpoint=out / "checkpoint.pt",
                     seed=recipe["seed"])
    logits = np.concatenate([logits_of(lang) for lang in dev])
    labels = np.concatenate([d.targets.argmax(1) for d in dev.values()])
    (out / "temperature.txt").write_text(f"{metrics.fit_temperature(logits, labels):.4f}\n")
    part = out / "part.safetensors"
    kept = {k: v for k, v in model.state_dict().items()
            if not k.startswith("heads.") or k.split(".")[1] in dev}
    save_file({k: v.half().contiguous() for k, v in kept.items()}, part)
    part.replace(out / "text.safetensors")
