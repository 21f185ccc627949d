"""Spectrograms of whole corpora, clean and in noise: what training the voice spends most of its time on, kept in a
folder so that it is done once."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emocli.training import corruptions
from emocli.training.corpora import speech
from emocli.voice import features, spectrum
from emocli.voice.features import SAMPLE_RATE, Statistics, speaker_statistics, spectrogram, trim
from emocli.voice.model import SHORTEST

#: dB of speech above noise in the noisy version.
NOISE_DB = (5.0, 20.0)
#: Clips of one file of the cache.
PART = 256


@dataclass(frozen=True)
class Spectrum:
    """A clip's spectrogram (frames, COLUMNS) float16, clean and in noise, its class, its speaker, its split."""

    clean: np.ndarray
    noisy: np.ndarray
    label: int
    speaker: str
    split: str


def spectra(data: Path, corpus: str, seed: int, folder: Path | None = None) -> list[Spectrum]:
    """Every clip of a corpus that is long enough; read from `folder`, and written into it, if there is one.

    A run that was stopped goes on after the last part that it wrote; parts of other sound, code or `seed` are not
    mistaken for these.
    """
    clips = [c for c in speech.read(data, corpus) if len(trim(c.samples)) >= SHORTEST * SAMPLE_RATE]
    babble = [c.samples for c in clips if c.split == "train"][::7]
    place = folder / f"{corpus}-{_key(clips, seed)}" if folder else None
    found: list[Spectrum] = []
    for number in range(0, len(clips), PART):
        path = place / f"{number // PART:03d}.npz" if place else None
        if path and path.exists():
            found += _load(path)
            continue
        part = [_spectrum(clip, np.random.default_rng([seed, at]), babble)
                for at, clip in enumerate(clips[number:number + PART], number)]
        if path:
            _save(path, part)
        found += part
    return found


def statistics(some: list[Spectrum], *, noisy: bool = False) -> dict[str, Statistics]:
    """Of every speaker, those of all that speaker's unlabelled speech."""
    by_speaker = defaultdict(list)
    for one in some:
        by_speaker[one.speaker].append((one.noisy if noisy else one.clean).astype(np.float32))
    return {speaker: speaker_statistics(mels) for speaker, mels in by_speaker.items()}


def prior_of(each: list[Statistics]) -> Statistics:
    """Mean of the statistics over speakers: what a voice looks like before it is known."""
    return (np.mean([m for m, _ in each], axis=0).astype(np.float32),
            np.mean([d for _, d in each], axis=0).astype(np.float32))


def _spectrum(clip: speech.Clip, random: np.random.Generator, babble: list[np.ndarray]) -> Spectrum:
    kind = corruptions.SOUNDS[random.integers(len(corruptions.SOUNDS))]
    loud = corruptions.noisy(clip.samples, kind, random.uniform(*NOISE_DB), random, babble)
    clean, noisy = (spectrogram(trim(x)).astype(np.float16) for x in (clip.samples, loud))
    return Spectrum(clean, noisy, clip.label, clip.speaker, clip.split)


def _key(clips: list[speech.Clip], seed: int) -> str:
    """Tells apart what a cache was made from: the sound, the code, the seed and the noise."""
    seen = hashlib.sha256(repr((seed, NOISE_DB, SHORTEST)).encode())
    for module in (features, spectrum, corruptions):
        seen.update(Path(str(module.__file__)).read_bytes())
    for clip in clips:
        seen.update(f"{clip.name} {clip.label} {clip.speaker} {clip.split} {len(clip.samples)}".encode())
    return seen.hexdigest()[:12]


def _save(path: Path, part: list[Spectrum]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name("part")
    with beside.open("wb") as file:
        columns: dict[str, Any] = {name: [getattr(s, name) for s in part] for name in ("label", "speaker", "split")}
        for kind in ("clean", "noisy"):
            mels = [getattr(s, kind) for s in part]
            columns |= {kind: np.concatenate(mels), f"{kind}_frames": [len(mel) for mel in mels]}
        np.savez(file, **columns)
    beside.replace(path)


def _load(path: Path) -> Iterator[Spectrum]:
    with np.load(path) as held:
        mels = (np.split(held[kind], np.cumsum(held[f"{kind}_frames"])[:-1]) for kind in ("clean", "noisy"))
        for clean, noisy, *known in zip(*mels, *(held[name].tolist() for name in ("label", "speaker", "split")),
                                        strict=True):
            yield Spectrum(clean, noisy, *known)
