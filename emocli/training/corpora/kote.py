"""KOTE (Jeon, Lee & Kim 2022): real Korean comments with 44 labels, and what the voters made of seven.

MIT licence.  A fifth, chosen by a hash of the text as in `texts`, is the test set.
"""

from __future__ import annotations

import csv
import gzip
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emocli.emotions import EMOTIONS
from emocli.training.corpora import texts

LABELS = 44


@dataclass(frozen=True)
class Kote:
    """`texts`, `labels` (n, 44) of 0 and 1, and `votes` (n, 7), all 0 where no class won."""

    texts: list[str]
    labels: np.ndarray
    votes: np.ndarray


def key(text: str) -> str:
    """What two copies of a comment have in common: its letters and digits."""
    return re.sub(r"[\W_]+", "", text)


def load(data: Path) -> Kote:
    """All comments that are not in the test fifth."""
    test = {key(t) for t in texts.load(data, "kote_ko_vote7", "test").texts}
    voted = texts.load(data, "kote_ko_vote7", "train")
    votes = {key(t): target for t, target in zip(voted.texts, voted.targets, strict=True)}
    kept, labels = [], []
    with gzip.open(data / "text" / "kote_ko_44.tsv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if key(row["text"]) not in test:
                kept.append(row["text"])
                labels.append([int(n) for n in row["labels44"].split(",")])
    many = np.zeros((len(kept), LABELS), np.float32)
    for target, numbers in zip(many, labels, strict=True):
        target[numbers] = 1
    nobody = np.zeros(len(EMOTIONS), np.float32)
    return Kote(kept, many, np.stack([votes.get(key(t), nobody) for t in kept]))
