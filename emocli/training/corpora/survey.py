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
class Found:
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

    def judge(self) -> Found:
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


def survey(root: Path) -> list[Found]:
    """Every corpus that lies in `root`, which is the data folder, one data set as it is published, or a folder with
    one sub-folder a class (AI Hub 466 is).

    Raises `DataError` when it is none of them.
    """
    if not root.is_dir():
        raise DataError(root, "no such folder", "give a folder of training data")
    if any((root / part).is_dir() for part in ("faces", "speech", "text")):
        return [one.judge() for part in (_faces, _speech, _text) for one in part(root)]
    if videos := aihub.videos(root):
        return [one.judge() for one in _aihub(videos)]
    if (root / "fer2013.csv").is_file():
        return [one.judge() for one in _faces(root)]
    if corpus := speech.recognise(root):
        return [one.judge() for one in _corpus(root, corpus)]
    if found := _folders(root):
        return [found.judge()]
    if tables := list(_tables(root)):
        return [one.judge() for one in tables]
    raise DataError(root, "holds nothing that emocli knows", "give the data folder, a data set as it is published, or "
                    f"one sub-folder a class: {', '.join(EMOTIONS)}")


def _faces(root: Path) -> Iterator[Found]:
    for split in ("train", "public_test", "private_test"):
        one = Found(f"FER2013 {split}")
        try:
            one.count(faces.load(root, split).labels.tolist())
        except DataError as error:
            one.remarks.append(error.cause)
        yield one


def _speech(root: Path) -> Iterator[Found]:
    for corpus in SPEECH:
        yield from _corpus(root, corpus)


def _corpus(root: Path, corpus: str) -> Iterator[Found]:
    splits: dict[str, Found] = {}
    try:
        for label, speaker, split in speech.names(root, corpus):
            one = splits.setdefault(split, Found(f"{corpus} {split}"))
            one.count([label], [speaker])
    except DataError as error:
        splits[""] = Found(corpus, remarks=[error.cause])
    yield from splits.values()


def _tables(root: Path) -> Iterator[Found]:
    """Labelled sentences, as GoEmotions, KOTE, XED and MELD are published."""
    for path in sorted(p for p in root.rglob("*") if p.suffix in (".tsv", ".csv", ".txt")):
        try:
            targets = texts.read(path).targets
        except DataError:
            continue
        one = Found(str(path.relative_to(root)), items=len(targets))
        one.classes.update(np.nonzero(targets)[1].tolist())
        yield one


def _text(root: Path) -> Iterator[Found]:
    for name in texts.SETS:
        for split in SPLITS.get(name, ("",)):
            one = Found(f"{name} {split}".strip())
            try:
                targets = texts.load(root, name, split).targets
                one.classes.update(np.nonzero(targets)[1].tolist())
                one.items = len(targets)
            except DataError as error:
                one.remarks.append(error.cause)
            yield one


def _aihub(videos: list[aihub.Video]) -> Iterator[Found]:
    for split in ("train", "dev", "test"):
        one, own = Found(f"AI Hub 259 {split}"), [v for v in videos if v.split == split]
        one.count([v.label for v in own], [f"actor {v.actor}" for v in own])
        lacking = sum(map(len, aihub.missing(own).values()))
        if lacking:
            one.remarks.append(f"{lacking} numbers are missing")
        yield one


def _folders(root: Path) -> Found | None:
    one = Found(root.name)
    for folder in sorted(p for p in root.iterdir() if p.is_dir()):
        label = index_of(folder.name)
        files = [p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")]
        if label is not None:
            one.count([label] * len(files), [p.stem.partition("_")[0] for p in files if "_" in p.stem])
        elif files:
            one.remarks.append(f"{folder.name} is no class")
    return one if one.classes else None
