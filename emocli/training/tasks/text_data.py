"""The corpora that the heads of the sentence encoders learn, in which order, and by which loss."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from emocli.emotions import EMOTIONS
from emocli.text.spelling import clean
from emocli.training.corpora import kote, meld, ratings
from emocli.training.corpora import texts as corpus
from emocli.training.loop import soft_cross_entropy
from emocli.weights import resolve

CLASSES = len(EMOTIONS)
#: Published corpora of one class a row, and the split to learn from.
PLAIN = {"en": ("goemotions_en", "train"), "ko": ("goemotions_ko", "train"), "xed": ("xed_en", None)}
#: Share of a corpus without a development split that is kept for one.
HELD_OUT = 12
#: Sentences without labels, as a recipe names them.
UNLABELLED = "unlabelled"
KOREAN = ("ko", "kote", "nsmc", UNLABELLED)
#: The number of a sentence in its corpus, and how it is spelt.
Row = tuple[int, str]


@dataclass(frozen=True)
class Corpus:
    """Sentences to learn from and to choose by: targets (n, k), of which KOTE's are 44 labels and 7 votes."""

    texts: list[str]
    targets: np.ndarray
    dev: corpus.Texts | None

    @property
    def prior(self) -> Tensor:
        """Logarithm of the share of every class, (k,); 0 for what is no class."""
        votes = self.targets[:, -CLASSES:]
        share = np.log(votes.sum(0) / max(1.0, votes.sum()) + 1e-3)
        return torch.from_numpy(np.pad(share, (self.targets.shape[1] - CLASSES, 0))).float()


def load(data: Path, head: str) -> Corpus:
    """The corpus of a head."""
    if head == "nsmc":
        rated = ratings.load(data)
        return Corpus(rated.texts, rated.targets, None)
    if head == "kote":
        read = kote.load(data)
        texts, targets = read.texts, np.concatenate([read.labels, read.votes], 1)
    else:
        plain = meld.other_scenes(data) if head == "emorynlp" else corpus.load(data, *PLAIN[head])
        texts, targets = plain.texts, plain.targets
        if head in ("en", "ko"):
            dev = corpus.load(data, f"goemotions_{head}", "dev").single()
            return Corpus([clean(t) for t in texts], targets, corpus.Texts([clean(t) for t in dev.texts],
                                                                          dev.targets))
    return held_out([clean(t) for t in texts], targets)


def unlabelled(data: Path, reviews: int, seed: int) -> list[str]:
    """Real Korean of which no emotion is known: everyday talk, and so many of NSMC's film reviews."""
    films = ratings.load(data).texts
    talk = [clean(row["text"]) for row in ratings.rows(data, "chatbot_ko_unlabelled")]
    return list(dict.fromkeys(talk + random.Random(seed).sample(films, min(reviews, len(films)))))


def english_scores(texts: list[str]) -> np.ndarray:
    """Log scores (n, 7) of English sentences by the head of the shipped encoder that learnt GoEmotions."""
    from emocli.text.encoder import SentenceModel

    return SentenceModel(resolve("text-en")).answers(texts).scores[:, 0]


def voted(read: Corpus) -> Corpus:
    """The rows of a corpus that have one of the seven classes, with nothing but these (n, 7)."""
    votes = read.targets[:, -CLASSES:]
    rows = np.flatnonzero(votes.sum(1) > 0.5)
    return Corpus([read.texts[i] for i in rows], votes[rows], read.dev)


def held_out(texts: list[str], targets: np.ndarray) -> Corpus:
    """A corpus whose development rows are every twelfth by a hash of the text."""
    apart = np.array([crc32(kote.key(t).encode()) % HELD_OUT == 0 for t in texts])
    votes = targets[:, -CLASSES:]
    dev = np.flatnonzero(apart & (votes.max(1) > 0.999))
    rest = np.flatnonzero(~apart)
    return Corpus([texts[i] for i in rest], targets[rest], corpus.Texts([texts[i] for i in dev], votes[dev]))


def language_of(head: str) -> str:
    """The language of the corpus that a head learns."""
    return "ko" if head in KOREAN else "en"


def some(rows: corpus.Texts, count: int) -> corpus.Texts:
    """At most `count` rows, evenly over the whole."""
    keep = np.linspace(0, len(rows.texts) - 1, min(count, len(rows.texts))).astype(int)
    return corpus.Texts([rows.texts[i] for i in keep], rows.targets[keep])


def recipe_seed(recipe: Mapping[str, Any], epoch: int) -> int:
    """A seed of its own for every epoch, so that a resumed run draws what an unbroken one would."""
    return int(recipe["seed"]) * 10_007 + epoch


def picked(count: int, wanted: int, rng: random.Random, epoch: int) -> list[int]:
    """`wanted` of `count` rows; a window over one shuffled order that goes on where the last epoch ended."""
    order = list(range(count))
    random.Random(count).shuffle(order)
    return [order[(epoch * wanted + i) % count] for i in range(wanted)]


def loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of the seven votes where there are any, and of every further label on its own."""
    voted = target[:, -CLASSES:].sum(1) > 0.5
    total = logits.sum() * 0
    if voted.any():
        total = soft_cross_entropy(logits[voted][:, -CLASSES:], target[voted][:, -CLASSES:])
    if target.shape[1] > CLASSES:
        further = slice(0, target.shape[1] - CLASSES)
        total = total + 4 * binary_cross_entropy_with_logits(logits[:, further], target[:, further])
    return total
