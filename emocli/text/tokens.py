"""From a sentence to hashed n-grams: word 1- and 2-grams, character 2- to 5-grams in words.

Hashing (Weinberger et al. 2009) needs no vocabulary file and serves any script.  Text is first
brought to what a speech recogniser would write: lower case, straight quotes, no emoji, one
mark of each kind, so that corpora which differ in typography look alike.
"""

from __future__ import annotations

import re
import unicodedata
from zlib import crc32

import numpy as np

#: Hash buckets; bucket 0 is never hit and stands for an empty text.
BUCKETS = 1 << 18
#: n-grams of one text that are read at most.
LONGEST = 1024
#: Characters of one word that its n-grams are taken from.
WORD_LIMIT = 40

#: Distinct bucket numbers (int64) and their weights (float32).
Bag = tuple[np.ndarray, np.ndarray]

_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "…": "..."})
_PIECES = re.compile(r"[\w']+|[!?.,]")
_RUN = re.compile(r"(.)\1{2,}")


def normalise(text: str) -> str:
    """Lower case, NFKC, straight quotes, no emoji or symbols, runs of a character cut to two."""
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES).lower()
    text = "".join(c if unicodedata.category(c)[0] in "LMNPZ" else " " for c in text)
    return _RUN.sub(r"\1\1", text).strip()


def words(text: str) -> list[str]:
    """Words and the marks `! ? . ,` of a text, normalised."""
    pieces = _PIECES.findall(normalise(text))
    return [re.sub(r"^'+|'+$", "", p)[:WORD_LIMIT] or "'" for p in pieces]


def ngrams(pieces: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Bucket numbers (int64, at least one) of the n-grams of `pieces`, and which are of words."""
    if not pieces:
        return np.zeros(1, np.int64), np.ones(1, bool)
    grams = [f"1{w}" for w in pieces]
    grams += [f"2{a} {b}" for a, b in zip(["<", *pieces], [*pieces, ">"], strict=True)]
    whole = len(grams)
    for word in pieces:
        padded = f" {word} "
        for n in (2, 3, 4, 5):
            grams += [f"c{padded[i:i + n]}" for i in range(len(padded) - n + 1)]
    hashed = (1 + crc32(g.encode()) % (BUCKETS - 1) for g in grams[:LONGEST])
    ids = np.fromiter(hashed, np.int64)
    return ids, np.arange(len(ids)) < whole


def bag(pieces: list[str], idf: np.ndarray) -> Bag:
    """Distinct bucket numbers of a text and their TF-IDF weights (float32).

    Counts are sublinear and each family of n-grams has unit length, as is usual for text
    (Salton & Buckley 1988).  idf: (BUCKETS,) float32.
    """
    ids, whole = ngrams(pieces)
    joined = []
    for family in (ids[whole], ids[~whole]):
        distinct, counts = np.unique(family, return_counts=True)
        weights = (1 + np.log(counts)) * idf[distinct]
        joined.append((distinct, weights / max(1e-6, float(np.linalg.norm(weights)))))
    return (np.concatenate([d for d, _ in joined]),
            np.concatenate([w for _, w in joined]).astype(np.float32))
