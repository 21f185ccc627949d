"""Acted speech in tar files or trees, split by person only; or a folder with one sub-folder a class.

RAVDESS (Livingstone & Russo 2018), nEMO (Christop 2024), EmoDB (Burkhardt et al. 2005), TESS (Pichora-Fuller
& Dupuis 2020), EmoGator (Buhl 2023), CREMA-D (Cao et al. 2014): how each names speaker and emotion.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from emocli.emotions import EMOTIONS, INDEX, index_of
from emocli.errors import DataError
from emocli.media.probe import AUDIO_ENDINGS
from emocli.voice.features import SAMPLE_RATE

_RAVDESS = {"01": "neutral", "02": "neutral", "03": "happiness", "04": "sadness", "05": "anger",
            "06": "fear", "07": "disgust", "08": "surprise"}
_CREMA_D = {"ANG": "anger", "DIS": "disgust", "FEA": "fear", "HAP": "happiness", "NEU": "neutral",
            "SAD": "sadness"}
#: Categories of EmoGator's own files that are a class of ours; 27 and 28 are bad and good surprises.
_EMOGATOR = {"02": "happiness", "03": "anger", "10": "disgust", "13": "happiness", "15": "fear",
             "18": "neutral", "24": "sadness", "27": "surprise", "28": "surprise"}
#: What a file of each corpus is called.
PATTERNS = {name: re.compile(form) for name, form in {
    "ravdess": r"0[123]-01(-\d\d){5}", "ravdess_song": r"0[123]-02(-\d\d){5}",
    "emodb": r"\d\d[ab]\d\d[A-Z][a-z]?", "nemo": r"[A-Z]{2}\d_[a-z]+_\d+", "tess": r"[OY]A?F_\w+_[a-z]+",
    "crema_d": r"\d{4}_[A-Z]{3}_[A-Z]{3}_[A-Z]{2}", "emogator": r"\d+_[a-z]+_.+|\d{6}-\d\d-\d"}.items()}
#: Of the files that lie in a tree, the share that must be called so.
_RECOGNISED = 0.9
_EMODB = {"W": "anger", "E": "disgust", "A": "fear", "F": "happiness", "T": "sadness", "N": "neutral"}


@dataclass(frozen=True)
class Clip:
    """One utterance: mono float32 at 16 kHz, its class index, its speaker, its split."""

    name: str
    samples: np.ndarray
    label: int
    speaker: str
    split: str

    @property
    def identity(self) -> tuple[str, int, str, str, int]:
        """What tells it apart from other clips, wherever it lies."""
        return Path(self.name).name, self.label, self.speaker, self.split, len(self.samples)


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
    if corpus == "crema_d":
        speaker, _, emotion, _ = stem.split("_")
        return _CREMA_D[emotion], f"crema_d{speaker}", {0: "test", 1: "dev"}.get(int(speaker) % 10, "train")
    if corpus == "emogator":
        if "_" not in stem:
            contributor, category, _ = stem.split("-")
            if category not in _EMOGATOR:
                return None
            emotion = _EMOGATOR[category]
        else:
            contributor, emotion = stem.split("_")[:2]
        return emotion, f"emogator{contributor}", {0: "test", 1: "dev"}.get(int(contributor) % 10, "train")
    raise DataError(corpus, "emocli does not know this corpus", "use one that the docstring names")


def decode(payload: bytes, name: str) -> np.ndarray:
    """A sound file as samples (n,) float32 at 16 kHz; raises `DataError` with its `name`."""
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
        yield from _tree(data, corpus)
        return
    with tarfile.open(path) as archive:
        for member in archive:
            known = describe(corpus, Path(member.name).stem) if member.isfile() else None
            handle = archive.extractfile(member) if known else None
            if known and handle:
                yield known, member.name, handle


def _tree(data: Path, corpus: str) -> Iterator[tuple[tuple[str, str, str], str, IO[bytes]]]:
    """The files of a corpus as it is published: in a folder of that name, or in a folder of nothing else."""
    root = data / "speech" / corpus
    if not root.is_dir():
        if recognise(data) != corpus:
            raise DataError(root.with_suffix(".tar"), "no such archive, and no folder of that name",
                            "point --data at the data folder")
        root = data
    for path in _audio(root):
        known = describe(corpus, path.stem) if PATTERNS[corpus].fullmatch(path.stem) else None
        if known:
            with path.open("rb") as handle:
                yield known, str(path), handle


def recognise(root: Path) -> str:
    """The corpus whose files lie in a tree, by their names, or "".

    RAVDESS' speech and song are told apart; a tree of both is its speech.
    """
    stems = [path.stem for path in _audio(root)]
    shares = {name: sum(map(bool, map(form.fullmatch, stems))) / max(1, len(stems))
              for name, form in PATTERNS.items()}
    return next((name for name, share in shares.items() if share >= _RECOGNISED), "")


def _audio(root: Path) -> list[Path]:
    return sorted(p for p in root.rglob("*") if p.suffix.lower() in AUDIO_ENDINGS
                  and not p.name.startswith("."))


def read(data: Path, corpus: str, split: str = "") -> Iterator[Clip]:
    """Yield every labelled clip of one corpus, or of one of its splits, in the archive's order."""
    for known, name, handle in _members(data, corpus):
        label = index_of(known[0])
        if label is not None and split in ("", known[2]):
            yield Clip(name, decode(handle.read(), name), label, known[1], known[2])


def read_folders(data: Path) -> Iterator[Clip]:
    """Yield the audio files of a tree with one sub-folder a class; the split is "test".

    The speaker is the file name up to the first `_`, if it has one, else nobody in particular.
    """
    empty = True
    for folder in sorted(p for p in data.iterdir() if p.is_dir()):
        label = index_of(folder.name)
        for path in sorted(folder.iterdir()) if label is not None else []:
            if path.is_file() and not path.name.startswith("."):
                empty = False
                speaker = path.stem.partition("_")[0] if "_" in path.stem else ""
                yield Clip(str(path), decode(path.read_bytes(), str(path)), INDEX[EMOTIONS[label or 0]],
                           speaker, "test")
    if empty:
        raise DataError(data, "no speech archive and no class folder with audio",
                        f"give one sub-folder a class: {', '.join(EMOTIONS)}")
