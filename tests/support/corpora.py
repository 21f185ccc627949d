"""Next to nothing of every corpus, in the data folder's layout, and recipes that learn from it in seconds."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from support.media import tone

from emocli.emotions import EMOTIONS
from emocli.training.corpora import faces

SENTENCES = {"en": ["I am happy", "wow amazing", "the train", "I am afraid", "that is gross", "I am angry",
                    "I am sad"],
             "ko": ["행복해요", "놀라워요", "그래요", "무서워요", "역겨워요", "화나요", "슬퍼요"]}
SCHEDULE = {"epochs": 2, "lr": 1e-3}
RECIPES: dict[str, dict[str, Any]] = {
    "ngrams": {"seed": 1, "batch": 16, "width": 2, "dropout": 0.1, "keep": 0.9, "balance": 0.5,
             "heads": {"en": 1.0, "ko": 1.0}, "schedule": {"epochs": 3, "lr": 0.1},
             "teacher": {"share": 0.4, "prior": 0.3}},
    "voice": {"seed": 1, "pool": 60, "batch": 20, "steps": 3, "wide": 16, "dropout": 0.1, "smoothing": 0.05,
              "members": ["all", "loud"], "copies": [0.4, 0.2, 0.2, 0.1, 0.1],
              "left_out": ["emodb"], "corpora": {"ravdess": 3, "nemo": 2, "emodb": 1}, "schedule": SCHEDULE},
    "voice_small": {
              "seed": 1, "batch": 8, "steps": 6, "members": 3, "wide": 16, "view": 8, "dropout": 0.1,
              "mixup": 0.5, "main": "ravdess", "smoothing": 0.05, "versions": [0.5, 0.1, 0.1, 0.3],
              "corpora": {"ravdess": 3, "nemo": 2, "emodb": 1}, "schedule": SCHEDULE},
    "face": {"seed": 1, "batch": 20, "channels": [8, 8, 16, 16], "blocks": [1, 1, 1],
             "dropout": 0.1, "stages": [
        {"crop": 40, "augment": 0.5, "mixup": 0.2, "schedule": {"epochs": 1, "lr": 1e-3}},
        {"crop": 48, "augment": 0.5, "mixup": 0.0, "schedule": {"epochs": 1, "lr": 1e-3}},
        {"crop": 40, "augment": 0.5, "spoil": 0.5, "mixup": 0.2, "begins": [1, 2, 2], "teachers": [1, 2],
         "taught": 0.4, "way": 0.5, "schedule": {"epochs": 1, "lr": 1e-3}}]},
    "spectrogram": {"seed": 1, "backbone": "tiny", "corpora": ["ravdess"], "side": 64, "margin": 3,
                    "batch": 7, "schedule": SCHEDULE, "backbones": {"tiny": {
                        "model_type": "convnext",
                        "config": {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1]}}}},
    "fusion": {"seed": 1, "modalities": ["voice", "text"], "voice": "voice-permissive", "speech": ["ravdess"],
               "batch": 32, "steps": 3, "held_speakers": ["ravdess20"], "held_out": 0.4, "held_triplets": 70,
               "keep": 0.7, "strangers": False, "neutral": 0.1, "contradict": 0.1, "over_sure": 1.5,
               "caution": 0.0, "schedule": SCHEDULE},
}


def toml(recipe: dict[str, Any]) -> str:
    """A recipe as a file; the tables are inline."""
    def value(of: Any) -> str:
        if isinstance(of, dict):
            return "{ " + ", ".join(f"'{key}' = {value(item)}" for key, item in of.items()) + " }"
        if isinstance(of, bool):
            return str(of).lower()
        return "[" + ", ".join(map(value, of)) + "]" if isinstance(of, list) else repr(of)

    return "".join(f"{key} = {value(item)}\n" for key, item in recipe.items())


def mosaic(path: Path, count: int, seed: int) -> None:
    """Faces whose level tells their class, as FER2013's files hold them."""
    import cv2

    random = np.random.default_rng(seed)
    labels = np.resize(np.arange(7), count)
    wide = int(np.ceil(np.sqrt(count)))
    sheet = np.zeros((wide * 48, wide * 48), np.uint8)
    for i, label in enumerate(labels):
        row, column = divmod(i, wide)
        tile = 30 * label + random.integers(0, 25, (48, 48))
        sheet[row * 48:row * 48 + 48, column * 48:column * 48 + 48] = tile
    cv2.imwrite(str(path), sheet)
    votes = np.zeros((count, 10), np.uint8)
    order = [2, 0, 1, 6, 5, 4, 3]  # neutral, happiness, surprise, sadness, anger, disgust, fear
    votes[np.arange(count), [order.index(c) for c in labels]] = 10
    np.savez(path.with_suffix(".npz"), fer2013=labels.astype(np.uint8), ferplus_votes=votes)


def clip(label: int, seed: int) -> bytes:
    """Eight tenths of a second of a tone that tells its class, as an OGG file."""
    import soundfile

    noise = np.random.default_rng(seed).normal(0, 0.01, 12800).astype(np.float32)
    body = io.BytesIO()
    soundfile.write(body, tone(0.8, 120 + 50 * label) + noise, 16000, format="OGG", subtype="VORBIS")
    return body.getvalue()


def speech(path: Path) -> None:
    """The archive of one corpus, five speakers with a clip of each class that the corpus has."""
    corpus = path.stem
    codes = ("03", "08", "01", "06", "07", "05", "04")
    german = {0: "F", 2: "N", 3: "A", 4: "E", 5: "W", 6: "T"}
    with tarfile.open(path, "w") as archive:
        for person in range(5):
            for label in range(7):
                if (corpus == "emodb" and label not in german) or (corpus == "nemo" and label == 4):
                    continue
                actor = (1, 2, 19, 22, 20)[person]
                name = {"nemo": f"{('AA0', 'BB0', 'IC0', 'WR0', 'CC0')[person]}_{EMOTIONS[label]}_{label}",
                        "emodb": f"{('03', '08', '14', '15', '09')[person]}a01{german.get(label)}a",
                        "emogator": f"{(12, 13, 11, 10, 14)[person]:04d}_{EMOTIONS[label]}_1",
                        }.get(corpus, f"03-01-{codes[label]}-01-01-01-{actor:02d}")
                payload = clip(label, person)
                info = tarfile.TarInfo(f"{name}.ogg")
                info.size = len(payload)
                archive.addfile(info, io.BytesIO(payload))


def table(path: Path, rows: Sequence[str]) -> None:
    """Sentences with their labels, a row each."""
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.write("\n".join(["text\tlabels", *rows]) + "\n")


def rows(language: str, count: int = 8) -> list[str]:
    """`count` rows of each class."""
    labelled = list(zip(SENTENCES[language], EMOTIONS, strict=True))
    return [f"{sentence} {i}\t{emotion}" for i in range(count) for sentence, emotion in labelled]


def kote(root: Path) -> None:
    """KOTE's comments, with a vote of seven and with one of 44 labels each."""
    voted = rows("ko", 12)
    table(root / "text" / "kote_ko_vote7.tsv.gz", voted)
    with gzip.open(root / "text" / "kote_ko_44.tsv.gz", "wt", encoding="utf-8") as file:
        file.write("text\tlabels44\n" + "".join(f"{row.split(chr(9))[0]}\t{i % 44}\n"
                                                for i, row in enumerate(voted)))


def data_folder(root: Path) -> Path:
    """A data folder with the project's layout."""
    for folder in ("faces", "speech", "text"):
        (root / folder).mkdir(parents=True)
    for number, split in enumerate(faces.SPLITS):
        mosaic(root / "faces" / f"fer2013_{split}.png", 70, number)
    for corpus in ("ravdess", "nemo", "emodb", "emogator"):
        speech(root / "speech" / f"{corpus}.tar")
    for name, language in (("goemotions_en", "en"), ("goemotions_ko", "ko"), ("meld_en", "en")):
        for split in ("train", "dev", "test"):
            table(root / "text" / f"{name}_{split}.tsv.gz", rows(language))
    table(root / "text" / "kote_ko_vote7.tsv.gz", rows("ko"))
    return root
