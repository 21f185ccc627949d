"""Dialogues composed of acted speech, of which it is known who speaks when; and AMI's half-minutes.

A dialogue is made of the clips of a few speakers: turns of 1 to 8 s, each in one mood, short pauses between
them, every speaker as loud as the others.  Nobody overlaps, so it is easier than a real meeting in that, and
harder in that its speakers shout, sob and whisper.
"""

from __future__ import annotations

import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, product
from pathlib import Path

import numpy as np

from emocli.errors import DataError
from emocli.training.corpora import speech
from emocli.voice.features import SAMPLE_RATE, trim

#: Seconds of a dialogue, of a turn, of the pause between turns and between the clips of one.
SECONDS, TURN, PAUSE, BREATH = 180.0, (1.0, 8.0), (0.0, 0.6), (0.05, 0.25)
#: Root mean square that a speaker's clips have on the whole, and of the noise of the room.
LEVEL, ROOM = 0.05, 1e-4
#: Corpora that dialogues are made of.
CORPORA = ("ravdess", "nemo", "emodb")

#: Start and end, s, and who speaks.
Turn = tuple[float, float, str]


@dataclass(frozen=True)
class Dialogue:
    """A composed or recorded talk: samples (n,) float32 at 16 kHz and its true turns."""

    name: str
    samples: np.ndarray
    turns: tuple[Turn, ...]

    @property
    def speakers(self) -> int:
        """How many speak."""
        return len({who for *_, who in self.turns})


#: Of each speaker, by mood, the clips without quiet ends.
Voices = Mapping[str, Mapping[int, Sequence[np.ndarray]]]


def voices(data: Path, splits: Sequence[str], corpora: Sequence[str] = CORPORA) -> Voices:
    """The speech of all speakers of these splits of the corpora, brought to one level a speaker."""
    made: dict[str, dict[int, list[np.ndarray]]] = {}
    for corpus, split in product(corpora, splits):
        for clip in speech.read(data, corpus, split):
            if len(samples := trim(clip.samples)):
                made.setdefault(clip.speaker, {}).setdefault(clip.label, []).append(samples)
    for moods in made.values():
        everything = np.concatenate([samples for clips in moods.values() for samples in clips])
        gain = np.float32(LEVEL / (np.sqrt(np.mean(np.square(everything, dtype=np.float64))) + 1e-9))
        for clips in moods.values():
            clips[:] = [(samples * gain).clip(-1, 1) for samples in clips]
    return made


def compose(voices: Voices, speakers: Sequence[str], random: np.random.Generator, *,
            seconds: float = SECONDS, name: str = "") -> Dialogue:
    """A dialogue of these speakers, every one of whom has a turn; nobody follows themselves unless alone."""
    parts, length = [np.zeros(SAMPLE_RATE // 2, np.float32)], SAMPLE_RATE // 2
    turns: list[Turn] = []
    waiting = list(random.permutation(speakers))
    while length < seconds * SAMPLE_RATE:
        last = turns[-1][2] if turns else ""
        who = str(waiting.pop()) if waiting else str(random.choice(
            [s for s in speakers if s != last] or speakers))
        moods = voices[who]
        spoken = _turn(moods[int(random.choice(list(moods)))], random)
        turns.append((length / SAMPLE_RATE, (length + len(spoken)) / SAMPLE_RATE, who))
        parts += [spoken, np.zeros(round(random.uniform(*PAUSE) * SAMPLE_RATE), np.float32)]
        length += len(parts[-1]) + len(spoken)
    samples = np.concatenate(parts)
    samples += random.normal(0, ROOM, len(samples)).astype(np.float32)
    return Dialogue(name or "+".join(speakers), samples, tuple(turns))


def _turn(clips: Sequence[np.ndarray], random: np.random.Generator) -> np.ndarray:
    """One turn of TURN s, of as many clips as it takes."""
    most = round(random.uniform(*TURN) * SAMPLE_RATE)
    parts: list[np.ndarray] = []
    while (left := most - sum(map(len, parts))) > 0:
        parts += [clips[int(random.integers(len(clips)))][:left],
                  np.zeros(round(random.uniform(*BREATH) * SAMPLE_RATE), np.float32)]
    return np.concatenate(parts[:-1])


def dialogues(known: Voices, each: int, seed: int) -> list[Dialogue]:
    """`each` dialogues of two, of three and of four speakers: every second one of a single corpus, where it
    has so many speakers, else of all."""
    random = np.random.default_rng(seed)
    by_corpus = {name: list(group) for name, group in groupby(sorted(known), lambda s: s.rstrip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))}
    made = []
    for count in (2, 3, 4):
        enough = [names for names in by_corpus.values() if len(names) >= count]
        for number in range(each):
            pool = enough[number // 2 % len(enough)] if enough and number % 2 else sorted(known)
            chosen = [str(s) for s in random.choice(pool, count, replace=False)]
            made.append(compose(known, chosen, random, name=f"{number} {'+'.join(chosen)}"))
    return made


def alone(known: Voices, seed: int) -> list[Dialogue]:
    """Of each speaker a monologue in every mood."""
    random = np.random.default_rng(seed)
    return [compose(known, [name], random) for name in sorted(known)]


def meetings(data: Path) -> list[Dialogue]:
    """AMI's half-minutes, as the test data of pyannote-audio has them (CC BY 4.0)."""
    path = data / "speech" / "meetings.tar"
    if not path.is_file():
        raise DataError(path, "no such archive", "point --data at the data folder")
    with tarfile.open(path) as archive:
        files = {Path(m.name).name: handle.read() for m in archive
                 if m.isfile() and (handle := archive.extractfile(m))}
    lines = [line.split() for line in files["train.rttm"].decode().splitlines()]
    turns: dict[str, list[Turn]] = {}
    for _, recording, _, start, lasts, _, _, who, *_ in lines:
        turns.setdefault(recording, []).append((float(start), float(start) + float(lasts), who))
    return [Dialogue(Path(name).stem, speech.decode(payload, name), tuple(turns.get(Path(name).stem, ())))
            for name, payload in sorted(files.items()) if name.endswith(".ogg")]
