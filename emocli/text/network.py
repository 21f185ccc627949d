"""The PyTorch network that reads a sentence: a bag of hashed n-gram vectors under a small MLP.

In the manner of fastText (Joulin et al. 2017), with a direct linear path from every n-gram to
the classes beside the hidden one, and with one auxiliary head a corpus, so that pooled corpora
share vectors without sharing their class priors.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from emocli.emotions import EMOTIONS
from emocli.text.tokens import BUCKETS, Bag

#: Width of the feature vector that fusion reads.
FEATURES = 64


class TextNetwork(nn.Module):
    """Weighted bags of bucket numbers in, features (n, FEATURES) and logits (n, 7) out.

    `ids` holds all bags end to end (int64), `weights` their TF-IDF weights, `offsets` (n,) where
    each bag begins, the convention of `torch.nn.EmbeddingBag`.  `head` picks whose class priors
    to answer with.  The buffer `idf` (buckets,) comes from the training texts.
    """

    idf: Tensor

    def __init__(self, *, width: int = 15, heads: tuple[str, ...] = ("en", "ko"),
                 dropout: float = 0.3, buckets: int = BUCKETS) -> None:
        super().__init__()
        self.bag = nn.EmbeddingBag(buckets, width, mode="sum")
        nn.init.normal_(self.bag.weight, std=0.01)
        self.register_buffer("idf", torch.ones(buckets))
        self.hidden = nn.Sequential(nn.Linear(width, FEATURES), nn.ReLU(), nn.Dropout(dropout),
                                    nn.Linear(FEATURES, FEATURES), nn.ReLU())
        self.heads = nn.ModuleDict({h: nn.Linear(FEATURES + width, len(EMOTIONS)) for h in heads})
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids: Tensor, weights: Tensor, offsets: Tensor,
                head: str = "en") -> tuple[Tensor, Tensor]:
        """Features and logits of each bag."""
        bag = self.bag(ids, offsets, per_sample_weights=weights)
        features = self.hidden(self.dropout(bag))
        return features, self.heads[head](torch.cat([features, bag], 1))


def bags(texts: Sequence[Bag]) -> tuple[Tensor, Tensor, Tensor]:
    """Join the bags of several texts into the ids, weights and offsets of one call."""
    offsets = np.cumsum([0, *(len(ids) for ids, _ in texts[:-1])])
    return (torch.from_numpy(np.concatenate([ids for ids, _ in texts])),
            torch.from_numpy(np.concatenate([w for _, w in texts])), torch.from_numpy(offsets))
