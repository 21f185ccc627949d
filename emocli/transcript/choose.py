"""Which transcript to use: subtitles beside the video, inside it, Whisper, or activity alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emocli.errors import InputError, WeightsError
from emocli.media.audio import Sound
from emocli.timeline.types import MediaInfo, Utterance
from emocli.transcript import activity, asr, embedded, sidecar


@dataclass(frozen=True)
class Transcript:
    """Utterances, where they come from (sidecar, embedded, whisper, speech or none), one language
    for all, and what a user should know about the choice."""

    utterances: tuple[Utterance, ...]
    source: str
    language: str
    detail: str = ""
    notes: tuple[str, ...] = ()


def written(info: MediaInfo, wanted: str) -> Transcript | None:
    """A transcript that need not be heard: the file asked for, a sidecar, an embedded track.

    A sidecar found by itself that cannot be read is passed over with a note; one that was asked
    for raises `InputError`.
    """
    if wanted == "none":
        return None
    if wanted != "auto":
        return _of(sidecar.read(Path(wanted)), "sidecar", Path(wanted).name)
    notes: list[str] = []
    beside = sidecar.find_beside(info.path)
    if beside:
        try:
            return _of(sidecar.read(*beside), "sidecar", beside[0].name)
        except InputError as error:
            notes.append(f"sidecar passed over: {error}")
    try:
        if inside := embedded.read(info.path) if info.has_video or info.has_audio else []:
            return _of(inside, "embedded", "text track in the file", notes)
    except InputError as error:
        notes.append(f"embedded subtitles passed over: {error}")
    return Transcript((), "none", "", notes=tuple(notes)) if notes else None


def _of(found: Sequence[Utterance], source: str, detail: str, notes: Sequence[str] = ()) -> Transcript:
    return Transcript(tuple(found), source, found[0].language, detail, tuple(notes))


def heard(sound: Sound, *, wanted: str, model: Callable[[], Any], language: str,
          progress: Callable[[float], None]) -> Transcript:
    """A transcript from the sound: Whisper's words where speech is, or the activity alone.

    `model()` loads Whisper or raises `WeightsError`, which leaves the activity with a note.
    """
    speech = activity.probabilities(sound.blocks(30.0), progress)
    spoken = activity.utterances(speech, sound.duration)
    if not spoken:
        return Transcript((), "none", "", "no speech was heard")
    if wanted == "none":
        return Transcript(tuple(spoken), "speech", "", "speech activity, no words asked for")
    try:
        words = asr.transcribe(model(), sound, spoken, language=language, progress=progress)
    except WeightsError as error:
        return Transcript(tuple(spoken), "speech", "", "speech activity, no words", (f"no Whisper: {error}",))
    if not words:
        return Transcript(tuple(spoken), "speech", "", "speech activity; Whisper heard no words")
    return Transcript(tuple(words + unworded(spoken, words)), "whisper", words[0].language, "Whisper")


def unworded(spoken: Sequence[Utterance], words: Sequence[Utterance]) -> list[Utterance]:
    """Speech that no words cover: it still has a voice to read."""
    return [u for u in spoken if activity.overlap(u.start, u.end, words) < 0.1]
