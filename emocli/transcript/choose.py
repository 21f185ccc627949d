"""The transcript of a run: speech activity, always, and words from subtitles or Whisper."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from emocli.errors import WeightsError
from emocli.media.audio import Sound
from emocli.timeline.run import Run
from emocli.timeline.segments import shared, tidy, uncovered
from emocli.timeline.types import Utterance
from emocli.transcript import activity, asr, language, tracks

#: Seconds; what words leave of a stretch of speech has a row of its own if it lasts so long.
SHORTEST_LEFT = 0.75


@dataclass(frozen=True)
class Transcript:
    """Utterances, with words and without; the source of the words (sidecar, embedded, whisper, else speech or
    none); the language of most; and the speech activity."""

    utterances: tuple[Utterance, ...]
    source: str
    language: str
    detail: str = ""
    activity: tuple[Utterance, ...] = ()


def transcribe(run: Run, sound: Sound, transcriber: asr.Transcriber, *, wanted: str,
               spoken: str) -> Transcript:
    """The transcript of a run: `wanted` is a file, "auto" or "none", `spoken` a language or "auto".

    Each utterance is in its own language.  Speech that no words cover makes utterances without words.
    """
    with run.stage("the transcript"):
        speech = activity.find(sound, run) if run.info.has_audio else []
        transcript = (from_subtitles(run, wanted, speech, spoken)
                      or from_sound(run, sound, transcriber, speech, wanted=wanted))
        run.progress("transcript", run.info.duration)
    worded = worded_of(run, transcript.utterances, spoken)
    if transcript.source in ("sidecar", "embedded") and run.info.has_audio:
        _note_unheard(run, speech, worded)
    return replace(transcript, utterances=with_wordless(speech, worded), activity=tuple(speech),
                   language=_of_most(worded) or ("" if spoken == "auto" else spoken))


def worded_of(run: Run, utterances: Sequence[Utterance], spoken: str) -> list[Utterance]:
    """Those with words, in order, without overlaps, each in its own language; `spoken` is one or "auto"."""
    return tidy(_in_their_languages(run, [u for u in utterances if u.text], spoken), math.inf)


def with_wordless(speech: Sequence[Utterance], worded: Sequence[Utterance]) -> tuple[Utterance, ...]:
    """Utterances with words, and the speech activity that they leave."""
    return tuple(sorted([*worded, *uncovered(speech, worded, SHORTEST_LEFT)], key=lambda u: u.start))


def from_subtitles(run: Run, wanted: str, speech: Sequence[Utterance], spoken: str) -> Transcript | None:
    """A transcript that somebody has written: the file asked for, a sidecar, an embedded track; or None.
    `speech` is the speech activity, `spoken` its language or "auto".

    A sidecar that was not asked for and cannot be read is passed over with a note; one that was raises
    `InputError`.
    """
    if wanted == "none":
        return None
    found = (tracks.choose(run, speech, spoken) if wanted == "auto"
             else tracks.asked_for(run, speech, Path(wanted)))
    if found is None:
        return None
    if found.source == "sidecar":
        run.uses("pysubs2")
    return Transcript(tuple(found.utterances), found.source, found.language, found.name)


def from_sound(run: Run, sound: Sound, transcriber: asr.Transcriber, speech: Sequence[Utterance], *,
               wanted: str) -> Transcript:
    """A transcript that is heard: Whisper's words where speech is, or none, with a note if there is no
    Whisper."""
    if not speech:
        return Transcript((), "none", "", "no speech was heard")
    if wanted == "none":
        return Transcript((), "speech", "", "speech activity, no words asked for")
    try:
        worded = transcriber.transcribe(run, sound, speech)
    except WeightsError as error:
        run.note(f"no Whisper: {error}")
        return Transcript((), "speech", "", "speech activity, no words")
    if not worded:
        return Transcript((), "speech", "", "speech activity; Whisper heard no words")
    return Transcript(tuple(worded), "whisper", "", "Whisper")


def _in_their_languages(run: Run, utterances: Sequence[Utterance], spoken: str) -> list[Utterance]:
    """Each utterance with the language that is its own: by its script, as it is marked, as it was recognized,
    as the user says, or as it reads."""
    asked = "" if spoken == "auto" else spoken
    texts, tags = [u.text for u in utterances], [u.language or asked for u in utterances]
    codes = tags if asked else language.each(texts, tags, run.uses)
    return [replace(u, language=code) for u, code in zip(utterances, codes, strict=True)]


def _of_most(utterances: Sequence[Utterance]) -> str:
    seconds: Counter[str] = Counter()
    for utterance in utterances:
        seconds[utterance.language] += utterance.end - utterance.start  # type: ignore[assignment]
    return seconds.most_common(1)[0][0] if seconds else ""


def _note_unheard(run: Run, speech: Sequence[Utterance], worded: Sequence[Utterance]) -> None:
    """Say how many written words lie where nobody was heard: signs, songs, or subtitles of another cut."""
    silent = sum(not shared(u.start, u.end, speech) for u in worded)
    if silent:
        run.note(f"{silent} of {len(worded)} subtitles lie where nobody is heard: their words are kept, the "
                 "voice is not read there")
