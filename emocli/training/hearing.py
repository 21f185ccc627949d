"""What the pretrained ear makes of whole corpora, as they are, recorded in made-up conditions, and by
speakers slower and faster: what training the voice spends nearly all of its time on, kept in a folder so that
it is done once."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emocli.encoders import whisper_encoder
from emocli.options import EAR
from emocli.storage import atomic
from emocli.training import conditions, corruptions
from emocli.training.checkpoint import fingerprint
from emocli.training.corpora import speech
from emocli.voice import features
from emocli.voice.described import SHORTEST
from emocli.voice.features import SAMPLE_RATE, trim
from emocli.weights import manifest, resolve

#: Between which speeds a speaker is slowed down, and between which speeded up (speed perturbation, Ko et al.
#: 2015): played so, a speaker sounds like somebody else, and speakers are few.
SPEEDS = ((0.86, 0.94), (1.06, 1.16))
#: The copies that are recorded in made-up conditions.
IN_CONDITIONS = (1, 2)
#: How often a corpus is heard: once as it is, twice in conditions, and at each of the SPEEDS.
COPIES = 1 + len(IN_CONDITIONS) + len(SPEEDS)
#: Clips of a speaker that share a condition, about: what is said in one recording.
SHARING = 24
#: Clips of one file of the cache.
PART = 512


@dataclass(frozen=True)
class Heard:
    """A corpus as the ear hears it: `features` (COPIES, n, FEATURES) float32; `recordings` (COPIES, n) number
    the speakers' recordings, each made in one way; `names`, `labels`, `speakers`, `splits`, `seconds` (n,).
    """

    features: np.ndarray
    recordings: np.ndarray
    names: np.ndarray
    labels: np.ndarray
    speakers: np.ndarray
    splits: np.ndarray
    seconds: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, where: np.ndarray) -> Heard:
        """The clips under a mask or at positions."""
        return Heard(self.features[:, where], self.recordings[:, where], *(
            column[where] for column in (self.names, self.labels, self.speakers, self.splits, self.seconds)))


def hear(data: Path, corpus: str, seed: int, folder: Path | None = None) -> Heard:
    """Every clip of a corpus that is long enough; read from `folder`, and written into it, if there is one.

    A run that was stopped goes on after the last part that it wrote; parts of other sound, code or `seed` are
    not mistaken for these.
    """
    clips = [c for c in speech.read(data, corpus) if len(trim(c.samples)) >= SHORTEST * SAMPLE_RATE]
    babble = [c.samples for c in clips if c.split == "train"][::7]
    speakers = np.array([c.speaker for c in clips])
    recordings = np.stack([recordings_of(speakers, seed, copy) for copy in range(COPIES)])
    kept = folder / f"{corpus}-{_key(clips, seed)}" if folder else None
    ear = whisper_encoder.load(resolve(EAR))
    copies = []
    for copy in range(COPIES):
        parts = []
        for number in range(0, len(clips), PART):
            path = kept / f"{copy}-{number // PART:03d}.npy" if kept else None
            if path and path.exists():
                parts.append(np.load(path))
                continue
            sounds = [_recorded(clip, copy, int(recordings[copy, at]), [seed, at, copy], babble)
                      for at, clip in enumerate(clips[number:number + PART], number)]
            parts.append(ear.features(sounds))
            if path:
                with atomic(path) as beside, beside.open("wb") as file:
                    np.save(file, parts[-1])
        copies.append(np.concatenate(parts))
    return Heard(np.stack(copies), recordings, np.array([Path(c.name).stem for c in clips]),
                 np.array([c.label for c in clips]), speakers, np.array([c.split for c in clips]),
                 np.array([len(c.samples) / SAMPLE_RATE for c in clips]))


def recordings_of(speakers: np.ndarray, seed: int, copy: int) -> np.ndarray:
    """(n,) which recording each clip belongs to: in made-up conditions, about SHARING clips of a speaker, by
    chance, and the number also seeds the condition; else one a speaker."""
    recordings = np.zeros(len(speakers), np.int64)
    for name in dict.fromkeys(speakers):
        where = np.flatnonzero(speakers == name)
        known = zlib.crc32(f"{name} {copy} {seed}".encode())
        mixed = np.random.default_rng(known).permutation(len(where))
        recordings[where] = known * 1000 + (mixed // SHARING if copy in IN_CONDITIONS else 0)
    return recordings


def _recorded(clip: speech.Clip, copy: int, recording: int, seed: list[int],
              babble: Sequence[np.ndarray]) -> np.ndarray:
    """The sound of a clip in a copy, its ends cut; as it is where too little is left."""
    changed = sound = trim(clip.samples)
    if copy in IN_CONDITIONS:
        how = conditions.draw(np.random.default_rng(recording))
        changed = trim(conditions.record(clip.samples, how, np.random.default_rng(seed), babble))
    elif copy:
        number = copy - 1 - len(IN_CONDITIONS)
        speaker = np.random.default_rng(zlib.crc32(f"{clip.speaker} {number}".encode()))
        changed = conditions.at_speed(sound, speaker.uniform(*SPEEDS[number])).astype(np.float32)
    return changed if len(changed) >= SHORTEST * SAMPLE_RATE else sound


def _key(clips: list[speech.Clip], seed: int) -> str:
    """Tells apart what a cache was made from: the sound, the ear, the conditions and the seed."""
    code = [Path(str(module.__file__)).read_text(encoding="utf-8")
            for module in (conditions, corruptions, features, whisper_encoder)]
    return fingerprint(seed, IN_CONDITIONS, SPEEDS, SHARING, SHORTEST, code, manifest()[EAR].sha256,
                       [clip.identity for clip in clips])
