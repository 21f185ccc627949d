"""What lies in a folder of training data: how much of each class, by whom, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from emocli.emotions import EMOTIONS, index_of
from emocli.errors import DataError
from emocli.training.corpora import aihub, faces, speech, texts

#: Corpora of speech that the data folder can hold.
SPEECH = ("ravdess", "ravdess_song", "nemo", "emodb", "tess", "emogator", "crema_d")
#: Splits of the text corpora that have them.
SPLITS = {"goemotions_en": ("train", "dev", "test"), "goemotions_ko": ("train", "dev", "test"),
          "meld_en": ("train", "dev", "test"), "emorynlp_en": ("train",)}
#: Persons named at most.
NAMED = 5


@dataclass
class Corpus:
    """One corpus or one of its splits: items, how many are of each class (several, where an item has
    several labels) and of each person, and remarks."""

    name: str
    items: int = 0
    classes: Counter[int] = field(default_factory=Counter)
    persons: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)

    def count(self, labels: list[int], persons: list[str] | None = None) -> None:
        """Add items with one label each."""
        self.items += len(labels)
        self.classes.update(labels)
        self.persons.update(persons or [])

    def judge(self) -> Corpus:
        """Add what is missing: classes without an item, and persons with less than half the usual."""
        absent = [name for i, name in enumerate(EMOTIONS) if not self.classes[i]]
        if absent:
            self.remarks.append(f"no {', '.join(absent)}")
        if len(self.persons) > 1:
            usual = sorted(self.persons.values())[len(self.persons) // 2]
            few = sorted(who for who, n in self.persons.items() if 2 * n < usual)
            if few:
                more = f" and {len(few) - NAMED} more" if len(few) > NAMED else ""
                self.remarks.append(f"little of {', '.join(few[:NAMED])}{more}")
        return self


def survey(root: Path) -> list[Corpus]:
    """Every corpus that lies in `root`, which is the data folder, one data set as it is published, or a
    folder with one sub-folder a class (AI Hub 466 is).

    Raises `DataError` when it is none of them.
    """
    if not root.is_dir():
        raise DataError(root, "no such folder", "give a folder of training data")
    if any((root / part).is_dir() for part in ("faces", "speech", "text")):
        return [corpus.judge() for part in (_faces, _speech, _text) for corpus in part(root)]
    if videos := aihub.videos(root):
        return [corpus.judge() for corpus in _aihub(videos)]
    if (root / "fer2013.csv").is_file():
        return [corpus.judge() for corpus in _faces(root)]
    if name := speech.recognise(root):
        return [corpus.judge() for corpus in _speech_corpus(root, name)]
    if folders := _folders(root):
        return [folders.judge()]
    if tables := list(_tables(root)):
        return [corpus.judge() for corpus in tables]
    raise DataError(root, "holds nothing that emocli knows",
                    "give the data folder, a data set as it is published, or "
                    f"one sub-folder a class: {', '.join(EMOTIONS)}")


def _faces(root: Path) -> Iterator[Corpus]:
    for split in ("train", "public_test", "private_test"):
        corpus = Corpus(f"FER2013 {split}")
        try:
            corpus.count(faces.load(root, split).labels.tolist())
        except DataError as error:
            corpus.remarks.append(error.cause)
        yield corpus


def _speech(root: Path) -> Iterator[Corpus]:
    for name in SPEECH:
        yield from _speech_corpus(root, name)


def _speech_corpus(root: Path, name: str) -> Iterator[Corpus]:
    splits: dict[str, Corpus] = {}
    try:
        for label, speaker, split in speech.names(root, name):
            corpus = splits.setdefault(split, Corpus(f"{name} {split}"))
            corpus.count([label], [speaker])
    except DataError as error:
        splits[""] = Corpus(name, remarks=[error.cause])
    yield from splits.values()


def _tables(root: Path) -> Iterator[Corpus]:
    """Labelled sentences, as GoEmotions, KOTE, XED and MELD are published."""
    for path in sorted(p for p in root.rglob("*") if p.suffix in (".tsv", ".csv", ".txt")):
        try:
            targets = texts.read(path).targets
        except DataError:
            continue
        corpus = Corpus(str(path.relative_to(root)), items=len(targets))
        corpus.classes.update(np.nonzero(targets)[1].tolist())
        yield corpus


def _text(root: Path) -> Iterator[Corpus]:
    for name in texts.SETS:
        for split in SPLITS.get(name, ("",)):
            corpus = Corpus(f"{name} {split}".strip())
            try:
                targets = texts.load(root, name, split).targets
                corpus.classes.update(np.nonzero(targets)[1].tolist())
                corpus.items = len(targets)
            except DataError as error:
                corpus.remarks.append(error.cause)
            yield corpus


def _aihub(videos: list[aihub.Video]) -> Iterator[Corpus]:
    for split in ("train", "dev", "test"):
        corpus, own = Corpus(f"AI Hub 259 {split}"), [v for v in videos if v.split == split]
        corpus.count([v.label for v in own], [f"actor {v.actor}" for v in own])
        lacking = sum(map(len, aihub.missing(own).values()))
        if lacking:
            corpus.remarks.append(f"{lacking} numbers are missing")
        yield corpus


def _folders(root: Path) -> Corpus | None:
    corpus = Corpus(root.name)
    for folder in sorted(p for p in root.iterdir() if p.is_dir()):
        label = index_of(folder.name)
        files = [p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")]
        if label is not None:
            corpus.count([label] * len(files), [p.stem.partition("_")[0] for p in files if "_" in p.stem])
        elif files:
            corpus.remarks.append(f"{folder.name} is no class")
    return corpus if corpus.classes else None
