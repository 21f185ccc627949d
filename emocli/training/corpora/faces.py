"""FER2013 with FER+ votes, as a mosaic or as the tables published; or any folder with one sub-folder a class.

FER2013: Goodfellow et al. 2013; the ten votes a face: Barsoum et al. 2016 (FER+).
"""

from __future__ import annotations

import csv
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np

from emocli.emotions import EMOTIONS, INDEX, index_of
from emocli.errors import DataError

SPLITS = ("train", "public_test", "private_test")
#: Side of a mosaic tile, px.
TILE = 48
#: FER+ columns, in the file's order, and the class each votes for (None: no class of ours).
VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", None, None, None)
#: FER+'s columns as its CSV names them, in that order; the competition's numbers of the classes.
_VOTERS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown",
           "NF")
_COMPETITION = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")


@dataclass(frozen=True)
class Faces:
    """`images` (n, 48, 48) uint8; `labels` (n,) int; `votes` (n, 7) summing to 1, or zeros where
    nobody voted for one of the seven; `majority` (n,) int, -1 on a tie or another winner."""

    images: np.ndarray
    labels: np.ndarray
    votes: np.ndarray
    majority: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def take(self, where: np.ndarray) -> Faces:
        """The faces at these positions, or under this mask."""
        return Faces(self.images[where], self.labels[where], self.votes[where], self.majority[where])


def load(data: Path, split: str) -> Faces:
    """Read one split of FER2013, from the mosaic or from `fer2013.csv` with `fer2013new.csv` beside it, or
    every picture of a class-folder tree (`split` unused)."""
    mosaic = data / "faces" / f"fer2013_{split}.png"
    if mosaic.is_file():
        return _mosaic(mosaic)
    for table in (data / "faces" / "fer2013.csv", data / "fer2013.csv"):
        if table.is_file():
            return _table(table, split)
    return _folders(data)


def _mosaic(path: Path) -> Faces:
    import cv2

    sheet = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if sheet is None:
        raise DataError(path, "the mosaic is not a readable picture", "fetch the data set again")
    with np.load(path.with_suffix(".npz")) as table:
        labels, raw = table["fer2013"].astype(np.int64), table["ferplus_votes"]
    rows, columns = sheet.shape[0] // TILE, sheet.shape[1] // TILE
    tiles = sheet.reshape(rows, TILE, columns, TILE).swapaxes(1, 2).reshape(-1, TILE, TILE)
    return _faces(np.ascontiguousarray(tiles[: len(labels)]), labels, raw)


def _table(path: Path, split: str) -> Faces:
    """The competition's CSV, and FER+'s (row by row the same pictures) if it lies beside it; pictures that
    FER+ leaves out stay out."""
    usage = {"train": "Training", "public_test": "PublicTest", "private_test": "PrivateTest"}[split]
    voters = path.with_name("fer2013new.csv")
    images, labels, votes = [], [], []
    try:
        votes_file = voters.open(newline="") if voters.is_file() else nullcontext()
        with path.open(newline="") as file, votes_file as beside:
            counted = csv.DictReader(beside) if beside else repeat(None)
            for row, count in zip(csv.DictReader(file), counted, strict=False):
                if row["Usage"] == usage and (count is None or count["Image name"]):
                    images.append(np.array(row["pixels"].split(), np.uint8).reshape(TILE, TILE))
                    labels.append(INDEX[_COMPETITION[int(row["emotion"])]])
                    votes.append([int(count[name]) if count else 0 for name in _VOTERS])
    except (KeyError, ValueError, IndexError) as error:
        raise DataError(path, f"is not FER2013's table ({error!r})", "fetch the data set again") from error
    if not images:
        raise DataError(path, f"holds no row of {usage}", "fetch the data set again")
    target, raw = np.array(labels), np.array(votes)
    if not raw.any():
        return Faces(np.stack(images), target, np.eye(len(EMOTIONS), dtype=np.float32)[target], target)
    return _faces(np.stack(images), target, raw)


def _faces(images: np.ndarray, labels: np.ndarray, raw: np.ndarray) -> Faces:
    """Faces from the ten columns of FER+, (n, 10)."""
    counts = np.zeros((len(labels), len(EMOTIONS)), np.float32)
    for column, name in enumerate(VOTES):
        if name is not None:
            counts[:, EMOTIONS.index(name)] += raw[:, column]
    ranked = np.sort(raw, axis=1)
    tied = ranked[:, -1] == ranked[:, -2]
    winner = np.array([-1 if n is None else EMOTIONS.index(n) for n in VOTES])[raw.argmax(1)]
    total = counts.sum(1, keepdims=True)
    return Faces(images, labels,
                 np.divide(counts, total, out=np.zeros_like(counts), where=total > 0),
                 np.where(tied, -1, winner))


def _folders(data: Path) -> Faces:
    import cv2

    images, labels = [], []
    for folder in sorted(p for p in data.iterdir() if p.is_dir()):
        label = index_of(folder.name)
        if label is None:
            continue
        for path in sorted(folder.iterdir()):
            image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE) \
                if path.is_file() and path.stat().st_size else None
            if image is not None:
                images.append(cv2.resize(image, (TILE, TILE), interpolation=cv2.INTER_AREA))
                labels.append(label)
    if not images:
        raise DataError(data, "no FER2013 mosaic and no class folder with pictures",
                        f"give one sub-folder a class: {', '.join(EMOTIONS)}")
    target = np.array(labels, np.int64)
    return Faces(np.stack(images), target, np.eye(len(EMOTIONS), dtype=np.float32)[target], target)


def repeated(faces: Faces, others: Faces) -> np.ndarray:
    """Mask over `faces`: True where the same pixels also stand in `others`."""
    known = {image.tobytes() for image in others.images}
    return np.array([image.tobytes() in known for image in faces.images])
