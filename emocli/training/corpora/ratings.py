"""NSMC: Korean film reviews with a rating from 1 to 10 (CC0), read as liked or disliked."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emocli.emotions import EMOTIONS
from emocli.text.spelling import clean

#: Ratings from which a film is liked, and up to which it is disliked.
LIKED, DISLIKED = 9, 4


@dataclass(frozen=True)
class Ratings:
    """`texts`, and `targets` (n, 9): liked, disliked, and seven classes of which nothing is known."""

    texts: list[str]
    targets: np.ndarray


def rows(data: Path, name: str) -> Iterator[dict[str, str]]:
    """The rows of a table without emotions."""
    with gzip.open(data / "text" / f"{name}.tsv.gz", "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def load(data: Path) -> Ratings:
    """The reviews with a clear rating and at least two words."""
    kept, labels = [], []
    for row in rows(data, "nsmc_ko_unlabelled"):
        rating = int(row["rating"] or 5)
        if (rating >= LIKED or rating <= DISLIKED) and " " in row["text"].strip():
            kept.append(clean(row["text"]))
            labels.append(int(rating <= DISLIKED))
    targets = np.zeros((len(kept), 2 + len(EMOTIONS)), np.float32)
    targets[np.arange(len(kept)), labels] = 1
    return Ratings(kept, targets)
