"""AI Hub set 259, Korean actors on video: a tree of `0~9/000/movie/*`, the class in the file's number.

Numbers 1 to 50 are happiness, 51 to 100 surprise, and so on in the order of our classes, up to 350;
some are missing.  Set 466 has one folder a class, which `speech.read_folders` reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from emocli.emotions import EMOTIONS
from emocli.errors import DataError, InputError
from emocli.media.probe import AUDIO_ENDINGS, VIDEO_ENDINGS
from emocli.storage import atomic

#: Videos of one class of one actor, and of one actor.
OF_A_CLASS, OF_AN_ACTOR = 50, 350
_ACTOR, _NUMBER = re.compile(r"\d{3,4}"), re.compile(r"(\d+)\D*$")


@dataclass(frozen=True)
class Video:
    """One video: its actor, its number from 1 to 350, its class."""

    path: Path
    actor: int
    number: int

    @property
    def label(self) -> int:
        """Class index."""
        return (self.number - 1) // OF_A_CLASS

    @property
    def split(self) -> str:
        """By actor: every tenth tests, the one after it is for development."""
        return {0: "test", 1: "dev"}.get(self.actor % 10, "train")

    @property
    def flat(self) -> str:
        """Its name in a flat folder, without an ending."""
        return f"{self.actor}_{self.number:04d}"


def videos(root: Path) -> list[Video]:
    """Every numbered video below `root`, by actor and number; the actor is the nearest folder of three or
    four digits.  Files without a number from 1 to 350 are left out."""
    numbered = []
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() not in VIDEO_ENDINGS | AUDIO_ENDINGS or path.name.startswith("."):
            continue
        actor = next((p.name for p in path.relative_to(root).parents if _ACTOR.fullmatch(p.name)), None)
        number = _NUMBER.search(path.stem)
        if actor and number and 1 <= int(number[1]) <= OF_AN_ACTOR:
            numbered.append(Video(path, int(actor), int(number[1])))
    return sorted(numbered, key=lambda v: (v.actor, v.number))


def missing(videos: list[Video]) -> dict[int, list[int]]:
    """The numbers from 1 to 350 that each actor lacks."""
    there: dict[int, set[int]] = {}
    for video in videos:
        there.setdefault(video.actor, set()).add(video.number)
    return {actor: [n for n in range(1, OF_AN_ACTOR + 1) if n not in numbers]
            for actor, numbers in there.items()}


def flatten(root: Path, out: Path, failed: Callable[[InputError], None]) -> Iterator[tuple[Video, Path]]:
    """Write the sound of every video as 16 kHz mono WAV into one folder a class, ends quieter than 30 dB
    cut, named `actor_number`; what is there already is kept, so that a run that was stopped goes on.

    `failed` is told of each video that cannot be decoded.  Raises `DataError` where there is no such tree.
    """
    import soundfile

    from emocli.media.audio import SAMPLE_RATE, decode
    from emocli.media.probe import probe
    from emocli.voice.features import trim

    numbered = videos(root)
    if not numbered:
        raise DataError(root, "holds no videos as AI Hub 259 names them",
                        "give the folder that holds 0~9, 10~19, ...")
    for video in numbered:
        target = out / EMOTIONS[video.label] / f"{video.flat}.wav"
        if not target.exists():
            try:
                *_, (_, sound) = decode(probe(video.path))
            except InputError as error:
                failed(error)
                continue
            with sound:
                samples = trim(sound.read(0, sound.duration))
            if not len(samples):
                failed(InputError(video.path, "holds no sound", "leave it out"))
                continue
            with atomic(target) as part:
                soundfile.write(part, samples, SAMPLE_RATE, format="WAV", subtype="PCM_16")
        yield video, target
