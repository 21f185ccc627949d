"""The corpora that the heads of the sentence encoders learn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from torch import Tensor

from emocli.emotions import EMOTIONS
from emocli.text.spelling import clean
from emocli.training.corpora import kote, meld, ratings
from emocli.training.corpora import texts as corpus

CLASSES = len(EMOTIONS)
#: Published corpora of one class a row, and the split to learn from.
PLAIN = {"en": ("goemotions_en", "train"), "ko": ("goemotions_ko", "train"), "xed": ("xed_en", None)}
#: Share of a corpus without a development split that is kept for one.
HELD_OUT = 12
KOREAN = ("ko", "kote", "nsmc")


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
