"""Subtitle tracks inside a container."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest
from support.media import even, write

from emocli.media.probe import probe
from emocli.timeline.run import Run
from emocli.timeline.types import Utterance
from emocli.transcript import embedded, tracks

CUE = "1\n00:00:00,500 --> 00:00:01,500\nHello inside, you.\n"
LATE = "1\n00:00:05,000 --> 00:00:05,500\nHOTEL\n"
SPEECH = [Utterance(0.5, 1.5), Utterance(3.0, 5.0)]


def with_subtitles(folder: Path, *texts: str, languages: tuple[str, ...] = ("eng",),
                   marks: tuple[str, ...] = ("0",), container: str = "mkv", codec: str = "copy") -> Path:
    """A video with SubRip tracks: PyAV cannot encode one, the ffmpeg of imageio can mux it."""
    video = write(folder / "plain.mkv", even(6))
    out = folder / f"inside.{container}"
    sources, options = ["-i", str(video)], ["-map", "0"]
    for number, (text, language, mark) in enumerate(zip(texts or (CUE,), languages, marks, strict=True)):
        track = folder / f"track{number}.srt"
        track.write_text(text)
        sources += ["-i", str(track)]
        options += ["-map", str(number + 1), f"-metadata:s:s:{number}", f"language={language}",
                    f"-disposition:s:{number}", mark]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", *sources, *options,
                    "-c", "copy", "-c:s", codec, str(out)], check=True)
    return out


def taken(video: Path, spoken: str = "auto") -> tuple[str, list[str]]:
    """The words of the track that is taken, and the notes."""
    run = Run(probe(video))
    found = tracks.choose(run, SPEECH, spoken)
    return found.utterances[0].text if found else "", run.notes


def test_embedded_track(tmp_path: Path) -> None:
    (track,) = embedded.read(with_subtitles(tmp_path)).tracks
    assert [(u.start, u.end, u.text, u.source) for u in track.utterances] == [
        (0.5, 1.5, "Hello inside, you.", "embedded")]


@pytest.mark.parametrize(("tag", "code"), [("eng", "en"), ("spa", "es"), ("ger", "de"), ("und", "")])
def test_language_of_the_track(tmp_path: Path, tag: str, code: str) -> None:
    (track,) = embedded.read(with_subtitles(tmp_path, languages=(tag,))).tracks
    assert (track.language, [u.language for u in track.utterances]) == (code, [code])


@pytest.mark.timeout(60)
def test_a_cue_without_end_is_passed_over_with_a_note(tmp_path: Path) -> None:
    video = with_subtitles(tmp_path, CUE + "\n2\n00:00:01,600 --> 00:00:01,900\n" + "< " * 100_000 + "\n")
    words, notes = taken(video)
    assert not words
    assert "passed over: text track 1 in the file has a cue longer than 5,000" in notes[0]


def test_a_bad_track_does_not_spoil_the_next(tmp_path: Path) -> None:
    bad = CUE + "\n2\n00:00:01,600 --> 00:00:01,900\n" + "x" * 100_000 + "\n"
    words, notes = taken(with_subtitles(tmp_path, bad, CUE, languages=("eng", "eng"), marks=("default", "0")))
    assert words == "Hello inside, you."
    assert len(notes) == 1


@pytest.mark.parametrize(("mark", "cause"), [("forced", "marked forced"),
                                             ("default", "covers 17% of the speech")])
def test_signs_are_no_transcript(tmp_path: Path, mark: str, cause: str) -> None:
    """A forced track, and one that covers under a fifth of the speech, are passed over with a note."""
    signs = "1\n00:00:00,500 --> 00:00:01,000\nHOTEL\n"
    words, notes = taken(with_subtitles(tmp_path, signs, marks=(mark,)))
    assert not words
    assert cause in notes[0]
    words, notes = taken(with_subtitles(tmp_path, signs, CUE, languages=("eng", "eng"), marks=(mark, "0")))
    assert words == "Hello inside, you."
    assert [cause in note for note in notes] == ([] if mark == "forced" else [True])


KOREAN = CUE.replace("Hello inside, you.", "안녕하세요, 여러분")
LONG = CUE.replace("01,500", "04,500").replace("Hello inside, you.", "Hello and more")


@pytest.mark.parametrize(("texts", "languages", "marks", "spoken", "first"), [
    ((CUE, KOREAN), ("eng", "kor"), ("default", "0"), "ko", "안녕하세요, 여러분"),  # the spoken language
    ((KOREAN, CUE), ("kor", "eng"), ("0", "default"), "auto", "Hello inside, you."),  # shown unasked
    ((CUE, LONG), ("eng", "eng"), ("0", "0"), "auto", "Hello and more"),  # covers more
    ((LONG, CUE), ("eng", "eng"), ("hearing_impaired", "0"), "auto", "Hello inside, you."),
    ((CUE, KOREAN), ("eng", "kor"), ("default", "hearing_impaired"), "auto", "안녕하세요, 여러분")])
def test_the_track_that_is_taken(tmp_path: Path, texts: tuple[str, ...], languages: tuple[str, ...],
                                 marks: tuple[str, ...], spoken: str, first: str) -> None:
    words, notes = taken(with_subtitles(tmp_path, *texts, languages=languages, marks=marks), spoken)
    assert words == first
    assert notes == []


def test_a_translation_is_taken_where_there_is_nothing_else(tmp_path: Path) -> None:
    words, notes = taken(with_subtitles(tmp_path), "ko")
    assert words == "Hello inside, you."
    assert "a translation, in en; the speech is in ko" in notes[0]


@pytest.mark.parametrize(("container", "codec"), [("mkv", "copy"), ("mp4", "mov_text"), ("mkv", "ass")])
def test_words_in_braces_are_kept(tmp_path: Path, container: str, codec: str) -> None:
    said = CUE.replace("Hello inside, you.", "I <i>am</i> [laughs] R&D fine")
    if codec != "ass":  # which has no braces but in escapes, and ffmpeg makes none
        said = said.replace("I <i>", "I {really} <i>")
    (track,) = embedded.read(with_subtitles(tmp_path, said, container=container, codec=codec)).tracks
    braces = "" if codec == "ass" else "{really} "
    assert [u.text for u in track.utterances] == [f"I {braces}am [laughs] R&D fine"]
