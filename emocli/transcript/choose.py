"""Which transcript to use: subtitles beside the video, inside it, Whisper, or activity alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from emocli.errors import InputError, WeightsError
from emocli.media.audio import Sound
from emocli.timeline.run import Run
from emocli.timeline.types import Utterance
from emocli.transcript import activity, asr, embedded, language, sidecar


@dataclass(frozen=True)
class Transcript:
    """Utterances, their source (sidecar, embedded, whisper, speech or none), and the language of most."""

    utterances: tuple[Utterance, ...]
    source: str
    language: str
    detail: str = ""


def transcribe(run: Run, sound: Sound, transcriber: asr.Transcriber, *, wanted: str,
               spoken: str) -> Transcript:
    """The transcript of a run: `wanted` is a file, "auto" or "none", `spoken` a language or "auto"."""
    with run.stage("the transcript"):
        transcript = (from_subtitles(run, wanted)
                      or from_sound(run, sound, transcriber, wanted=wanted))
        run.progress("transcript", run.info.duration)
    code = transcript.language if spoken == "auto" else spoken
    code = code or language.detect([u.text for u in transcript.utterances], run.uses)
    return replace(transcript, language=code,
                   utterances=tuple(replace(u, language=(u.language if spoken == "auto" else "") or code)
                                    for u in transcript.utterances))


def from_subtitles(run: Run, wanted: str) -> Transcript | None:
    """A transcript that somebody has written: the file asked for, a sidecar, an embedded track; or None.

    A sidecar that was not asked for and cannot be read is passed over with a note; one that was raises
    `InputError`.
    """
    if wanted == "none":
        return None
    if wanted != "auto":
        return _written(run, sidecar.read(Path(wanted)), "sidecar", Path(wanted).name)
    beside = sidecar.find_beside(run.info.path)
    if beside:
        try:
            return _written(run, sidecar.read(*beside), "sidecar", beside[0].name)
        except InputError as error:
            run.note(f"sidecar passed over: {error}")
    try:
        inside = embedded.read(run.info.path)
    except InputError as error:
        run.note(f"embedded subtitles passed over: {error}")
        return None
    return _written(run, inside, "embedded", "text track in the file") if inside else None


def _written(run: Run, utterances: Sequence[Utterance], source: str, detail: str) -> Transcript:
    run.uses("pysubs2")
    return Transcript(tuple(utterances), source, utterances[0].language, detail)


def from_sound(run: Run, sound: Sound, transcriber: asr.Transcriber, *, wanted: str) -> Transcript:
    """A transcript that is heard: Whisper's words where speech is, or the activity alone, with a note if
    there is no Whisper."""
    speech = activity.find(sound, run)
    if not speech:
        return Transcript((), "none", "", "no speech was heard")
    if wanted == "none":
        return Transcript(tuple(speech), "speech", "", "speech activity, no words asked for")
    try:
        worded = transcriber.transcribe(run, sound, speech)
    except WeightsError as error:
        run.note(f"no Whisper: {error}")
        return Transcript(tuple(speech), "speech", "", "speech activity, no words")
    if not worded:
        return Transcript(tuple(speech), "speech", "", "speech activity; Whisper heard no words")
    seconds: Counter[str] = Counter()
    for utterance in worded:
        seconds[utterance.language] += utterance.end - utterance.start  # type: ignore[assignment]
    return Transcript(tuple(worded + without_words(speech, worded)), "whisper", seconds.most_common(1)[0][0],
                      "Whisper")


def without_words(speech: Sequence[Utterance], worded: Sequence[Utterance]) -> list[Utterance]:
    """Speech that no words cover: it still has a voice to read."""
    return [u for u in speech if activity.overlap(u.start, u.end, worded) < 0.1]
