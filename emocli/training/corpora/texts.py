"""Sentences with labels: tables with the columns `text` and `labels` (comma-separated), MELD's CSV, and what
`published` knows."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from emocli.emotions import EMOTIONS, index_of
from emocli.errors import DataError
from emocli.training.corpora import published

#: File stems under `text/` of the data folder, and the language of each.
SETS = {"goemotions_en": "en", "goemotions_ko": "ko", "kote_ko_vote7": "ko", "xed_en": "en",
        "emorynlp_en": "en", "meld_en": "en"}
#: Corpora that come without splits.
HASHED = ("kote_ko_vote7",)


@dataclass(frozen=True)
class Texts:
    """`texts`, and `targets` (n, 7): a row's weight is shared by its labels."""

    texts: list[str]
    targets: np.ndarray

    def single(self) -> Texts:
        """Only the rows with one label."""
        keep = np.flatnonzero(self.targets.max(1) > 0.999)
        return Texts([self.texts[i] for i in keep], self.targets[keep])


def read(path: Path) -> Texts:
    """Read a table, `.gz` or not; labels may be ours or any alias of `emocli.emotions`."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8", newline="") as file:
            lines = list(file)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(path, f"cannot be read ({error})", "check the path and the encoding") from error
    rows = _with_header(lines) or published.rows(path, lines)
    if rows is None:
        raise DataError(path, "no rows with the columns text and labels",
                        "write a tab-separated file with that header")
    texts, targets = [], []
    for text, labels in rows:
        classes = [n for label in labels if (n := index_of(label)) is not None]
        if text and classes:
            target = np.zeros(len(EMOTIONS), np.float32)
            target[classes] = 1 / len(classes)
            texts.append(text)
            targets.append(target)
    if not texts:
        raise DataError(path, "no row has a label that emocli knows", f"use {', '.join(EMOTIONS)}")
    return Texts(texts, np.stack(targets))


def _with_header(lines: list[str]) -> list[published.Row] | None:
    header = lines[0].rstrip("\r\n") if lines else ""
    if {"Utterance", "Emotion"} <= set(header.split(",")):
        return [(row["Utterance"], [row["Emotion"]]) for row in csv.DictReader(lines)]
    if not {"text", "labels"} <= set(header.split("\t")):
        return None
    # Some corpora quote as CSV does and some do not; the tokens pass over quotes anyhow.
    table = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return [(row["text"], (row["labels"] or "").strip("\"").split(",")) for row in table] or None


def path_of(data: Path, name: str, split: str | None = None) -> Path:
    """Where the data folder has a set."""
    return data / "text" / f"{name}{'_' + split if split else ''}.tsv.gz"


def load(data: Path, name: str, split: str | None = None) -> Texts:
    """Read `text/<name>[_<split>].tsv.gz` of the data folder; of HASHED corpora, "test" is a fifth of the
    whole by a hash of the text, and "train" the rest."""
    if name not in HASHED or not split:
        return read(path_of(data, name, split))
    whole = read(path_of(data, name))
    keep = [i for i, text in enumerate(whole.texts) if (crc32(text.encode()) % 5 == 0) == (split == "test")]
    return Texts([whole.texts[i] for i in keep], whole.targets[keep])
