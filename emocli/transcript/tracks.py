"""Which written transcript is taken: of subtitles beside a video and inside it, the first that says what is
said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from emocli.errors import InputError
from emocli.timeline.run import Run
from emocli.timeline.segments import shared, tidy
from emocli.timeline.types import Utterance
from emocli.transcript import embedded, sidecar

#: Share of the speech that subtitles must cover to be its transcript, and seconds of speech from which that
#: can be told.
LEAST_COVERED, ENOUGH_SPEECH = 0.2, 2.0


@dataclass(frozen=True)
class Subtitles:
    """Subtitles that may be taken: their cues, where they are from (sidecar or embedded), what to call them,
    and their language or ""."""

    utterances: Sequence[Utterance]
    source: str
    name: str
    language: str


def choose(run: Run, speech: Sequence[Utterance], spoken: str) -> Subtitles | None:
    """The subtitles beside the video, or else inside it, that are the transcript of the `speech` that was
    heard, or None.

    `spoken` is its language or "auto".  Those in another language are translations, and come last.  Each that
    is passed over is named in a note, with the reason.
    """
    translations = []
    for subtitles in _all(run, speech, spoken):
        if spoken != "auto" and subtitles.language not in ("", spoken):
            translations.append(subtitles)
        elif _enough(run, speech, subtitles):
            return subtitles
    for subtitles in translations:
        if _enough(run, speech, subtitles):
            run.note(f"{subtitles.name}: the words are a translation, in {subtitles.language}; the speech is "
                     f"in {spoken}")
            return subtitles
    return None


def covered(speech: Sequence[Utterance], utterances: Sequence[Utterance]) -> float:
    """Share of the speech that utterances cover; 1 where there is too little to tell."""
    seconds = sum(u.end - u.start for u in speech)
    if seconds < ENOUGH_SPEECH:
        return 1.0
    apart = tidy(utterances, float("inf"))
    return sum(shared(u.start, u.end, apart) for u in speech) / seconds


def _enough(run: Run, speech: Sequence[Utterance], subtitles: Subtitles) -> bool:
    share = covered(speech, subtitles.utterances)
    if share < LEAST_COVERED:
        run.note(f"{subtitles.name} covers {share:.0%} of the speech, too little to be its transcript, and "
                 "is passed over; --transcript FILE takes a file all the same")
    return share >= LEAST_COVERED


def _all(run: Run, speech: Sequence[Utterance], spoken: str) -> Iterator[Subtitles]:
    """What can be read of both kinds; the container is opened only when it is asked for."""
    beside = sorted(sidecar.all_beside(run.info.path), key=lambda b: (b.language != "", b.hearing_impaired))
    for file in beside:
        if file.forced:
            _passed_over(run, file.path.name)
            continue
        try:
            yield Subtitles(sidecar.read(file.path, file.language), "sidecar", file.path.name, file.language)
        except InputError as error:
            run.note(f"sidecar passed over: {error}")
    inside = embedded.read(run.info.path)
    for track in ranked(inside, speech, spoken):
        name = f"text track {track.number} in the file"
        if track.problem:
            run.note(f"embedded subtitles passed over: {name} {track.problem}")
        elif track.forced:
            _passed_over(run, name)
        elif track.utterances:
            yield Subtitles(track.utterances, "embedded", name, track.language)


def ranked(inside: embedded.Inside, speech: Sequence[Utterance], spoken: str) -> list[embedded.Track]:
    """The tracks of a file, the likeliest transcript first: in the spoken language, then shown unasked, then
    not for deaf viewers, then covering most speech.

    The language is `spoken`, or that of the sound as it is marked, or that of a track for deaf viewers, which
    is no translation.
    """
    if spoken == "auto":
        spoken = inside.spoken or next((t.language for t in inside.tracks if t.hearing_impaired), "")
    return sorted(inside.tracks, key=lambda track: (
        bool(spoken and track.language and track.language != spoken), not track.default,
        track.hearing_impaired, -covered(speech, track.utterances), track.number))


def asked_for(run: Run, speech: Sequence[Utterance], path: Path) -> Subtitles:
    """A subtitle file that the user names, whatever it covers.  Raises `InputError`."""
    utterances = sidecar.read(path)
    if (share := covered(speech, utterances)) < LEAST_COVERED:
        run.note(f"{path.name} covers only {share:.0%} of the speech")
    return Subtitles(utterances, "sidecar", path.name, "")


def _passed_over(run: Run, name: str) -> None:
    run.note(f"{name} is marked forced, for foreign parts and signs alone, and is passed over")
