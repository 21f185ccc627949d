"""Spectrograms of whole corpora, clean and in noise: what training the voice spends most of its time on, kept
in a folder so that it is done once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emocli.storage import atomic
from emocli.training import corruptions
from emocli.training.checkpoint import fingerprint
from emocli.training.corpora import speech
from emocli.voice import features, spectrum
from emocli.voice.described import SHORTEST
from emocli.voice.features import SAMPLE_RATE, Statistics, speaker_statistics, spectrogram, trim

#: dB of speech above noise in the noisy version.
NOISE_DB = (5.0, 20.0)
#: Clips of one file of the cache.
PART = 256


@dataclass(frozen=True)
class Spectrum:
    """A clip's spectrogram (frames, COLUMNS) float16, clean and in noise, its class, its speaker, its
    split."""

    clean: np.ndarray
    noisy: np.ndarray
    label: int
    speaker: str
    split: str


def spectra(data: Path, corpus: str, seed: int, folder: Path | None = None) -> list[Spectrum]:
    """Every clip of a corpus that is long enough; read from `folder`, and written into it, if there is one.

    A run that was stopped goes on after the last part that it wrote; parts of other sound, code or `seed` are
    not mistaken for these.
    """
    clips = [c for c in speech.read(data, corpus) if len(trim(c.samples)) >= SHORTEST * SAMPLE_RATE]
    babble = [c.samples for c in clips if c.split == "train"][::7]
    kept = folder / f"{corpus}-{_key(clips, seed)}" if folder else None
    corpus_spectra: list[Spectrum] = []
    for number in range(0, len(clips), PART):
        path = kept / f"{number // PART:03d}.npz" if kept else None
        if path and path.exists():
            corpus_spectra += _load(path)
            continue
        part = [_spectrum(clip, np.random.default_rng([seed, at]), babble)
                for at, clip in enumerate(clips[number:number + PART], number)]
        if path:
            _save(path, part)
        corpus_spectra += part
    return corpus_spectra


def statistics(clips: list[Spectrum], *, noisy: bool = False) -> dict[str, Statistics]:
    """Of every speaker, those of all that speaker's unlabelled speech."""
    by_speaker = defaultdict(list)
    for clip in clips:
        by_speaker[clip.speaker].append((clip.noisy if noisy else clip.clean).astype(np.float32))
    return {speaker: speaker_statistics(mels) for speaker, mels in by_speaker.items()}


def prior_of(each: list[Statistics]) -> Statistics:
    """Mean of the statistics over speakers: what a voice looks like before it is known."""
    return (np.mean([m for m, _ in each], axis=0).astype(np.float32),
            np.mean([d for _, d in each], axis=0).astype(np.float32))


def _spectrum(clip: speech.Clip, random: np.random.Generator, babble: list[np.ndarray]) -> Spectrum:
    kind = corruptions.NOISES[random.integers(len(corruptions.NOISES))]
    loud = corruptions.add_noise(clip.samples, kind, random.uniform(*NOISE_DB), random, babble)
    clean, noisy = (spectrogram(trim(x)).astype(np.float16) for x in (clip.samples, loud))
    return Spectrum(clean, noisy, clip.label, clip.speaker, clip.split)


def _key(clips: list[speech.Clip], seed: int) -> str:
    """Tells apart what a cache was made from: the sound, the code, the seed and the noise."""
    code = [Path(str(module.__file__)).read_text(encoding="utf-8")
            for module in (features, spectrum, corruptions)]
    return fingerprint(seed, NOISE_DB, SHORTEST, code, [clip.identity for clip in clips])


def _save(path: Path, part: list[Spectrum]) -> None:
    columns: dict[str, Any]
    columns = {name: [getattr(s, name) for s in part] for name in ("label", "speaker", "split")}
    for kind in ("clean", "noisy"):
        mels = [getattr(s, kind) for s in part]
        columns |= {kind: np.concatenate(mels), f"{kind}_frames": [len(mel) for mel in mels]}
    with atomic(path) as beside:
        np.savez(beside, **columns)


def _load(path: Path) -> Iterator[Spectrum]:
    with np.load(path) as columns:
        mels = (np.split(columns[kind], np.cumsum(columns[f"{kind}_frames"])[:-1])
                for kind in ("clean", "noisy"))
        known = (columns[name].tolist() for name in ("label", "speaker", "split"))
        for clean, noisy, label, speaker, split in zip(*mels, *known, strict=True):
            yield Spectrum(clean, noisy, label, speaker, split)
