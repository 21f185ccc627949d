"""Acted speech in tar files, split by person only; or a folder with one sub-folder a class.

RAVDESS (Livingstone & Russo 2018), nEMO (Christop 2024), EmoDB (Burkhardt et al. 2005), TESS
(Pichora-Fuller & Dupuis 2020), EmoGator (Buhl 2023): how each names speaker and emotion.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from emocli.emotions import EMOTIONS, INDEX, index_of
from emocli.errors import DataError
from emocli.voice.features import SAMPLE_RATE

_RAVDESS = {"01": "neutral", "02": "neutral", "03": "happiness", "04": "sadness", "05": "anger",
            "06": "fear", "07": "disgust", "08": "surprise"}
_EMODB = {"W": "anger", "E": "disgust", "A": "fear", "F": "happiness", "T": "sadness", "N": "neutral"}


@dataclass(frozen=True)
class Clip:
    """One utterance: mono float32 at 16 kHz, its class index, its speaker, its split."""

    name: str
    samples: np.ndarray
    label: int
    speaker: str
    split: str


def describe(corpus: str, stem: str) -> tuple[str, str, str] | None:
    """(emotion, speaker, split) of a file, or None for one to leave out."""
    if corpus in ("ravdess", "ravdess_song"):
        parts = stem.split("-")
        actor = int(parts[6])
        split = "train" if actor <= 18 else "dev" if actor <= 20 else "test"
        return _RAVDESS[parts[2]], f"ravdess{actor:02d}", split
    if corpus == "nemo":
        speaker, emotion, _ = stem.split("_", 2)
        return emotion, f"nemo{speaker}", {"WR0": "test", "KS0": "test", "IC0": "dev"}.get(speaker, "train")
    if corpus == "emodb":
        speaker = stem[:2]
        split = {"15": "test", "16": "test", "14": "dev"}.get(speaker, "train")
        return (_EMODB[stem[5]], f"emodb{speaker}", split) if stem[5] in _EMODB else None
    if corpus == "tess":
        speaker, _, emotion = stem.split("_", 2)
        return emotion, f"tess{speaker[0]}", "train"
    if corpus == "emogator":
        contributor, emotion = stem.split("_")[:2]
        return emotion, f"emogator{contributor}", {0: "test", 1: "dev"}.get(int(contributor) % 10, "train")
    raise DataError(corpus, "emocli does not know this corpus", "use one that the docstring names")


def _decode(payload: bytes, name: str) -> np.ndarray:
    import soundfile

    try:
        samples, rate = soundfile.read(io.BytesIO(payload), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise DataError(name, f"cannot be decoded ({error})", "remove or repair the file") from error
    mono = samples.mean(1)
    if rate != SAMPLE_RATE:
        import librosa

        mono = librosa.resample(mono, orig_sr=rate, target_sr=SAMPLE_RATE)
    return np.ascontiguousarray(mono, dtype=np.float32)


def names(data: Path, corpus: str) -> Iterator[tuple[int, str, str]]:
    """(class index, speaker, split) of every labelled clip of one corpus, without decoding any."""
    for known, *_ in _members(data, corpus):
        label = index_of(known[0])
        if label is not None:
            yield label, known[1], known[2]


def _members(data: Path, corpus: str) -> Iterator[tuple[tuple[str, str, str], str, IO[bytes]]]:
    path = data / "speech" / f"{corpus}.tar"
    if not path.is_file():
        raise DataError(path, "no such archive", "point --data at the data folder")
    with tarfile.open(path) as archive:
        for member in archive:
            known = describe(corpus, Path(member.name).stem) if member.isfile() else None
            handle = archive.extractfile(member) if known else None
            if known and handle:
                yield known, member.name, handle


def read(data: Path, corpus: str, split: str = "") -> Iterator[Clip]:
    """Yield every labelled clip of one corpus, or of one of its splits, in the archive's order."""
    for known, name, handle in _members(data, corpus):
        label = index_of(known[0])
        if label is not None and split in ("", known[2]):
            yield Clip(name, _decode(handle.read(), name), label, known[1], known[2])


def read_folders(data: Path) -> Iterator[Clip]:
    """Yield the audio files of a tree with one sub-folder a class; the split is "test".

    The speaker is the file name up to the first `_`, if it has one, else nobody in particular.
    """
    found = False
    for folder in sorted(p for p in data.iterdir() if p.is_dir()):
        label = index_of(folder.name)
        for path in sorted(folder.iterdir()) if label is not None else []:
            if path.is_file() and not path.name.startswith("."):
                found = True
                speaker = path.stem.partition("_")[0] if "_" in path.stem else ""
                yield Clip(str(path), _decode(path.read_bytes(), str(path)), INDEX[EMOTIONS[label or 0]],
                           speaker, "test")
    if not found:
        raise DataError(data, "no speech archive and no class folder with audio",
                        f"give one sub-folder a class: {', '.join(EMOTIONS)}")
