"""Which transcript is taken, and what is heard whatever is written."""

from pathlib import Path

import numpy as np
import pytest
from support.media import even, tone, write

from emocli.errors import InputError
from emocli.media.audio import decode
from emocli.media.probe import probe
from emocli.options import AnalyzeOptions
from emocli.timeline.run import Run
from emocli.timeline.types import Utterance
from emocli.transcript import activity, asr, choose, tracks

CUE = "1\n00:00:00,000 --> 00:00:02,000\n{}\n"
#: What is heard in the tests' sound, which is a tone.
HEARD = [Utterance(0.5, 2.5), Utterance(4.0, 7.0), Utterance(8.0, 9.0)]


@pytest.fixture
def video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(activity, "find", lambda sound, run: HEARD)
    return write(tmp_path / "a.wav", sound=tone(10), audio_codec="pcm_s16le")


def transcript_of(path: Path, wanted: str = "auto", spoken: str = "auto") -> tuple[choose.Transcript, Run]:
    run = Run(probe(path))
    *_, (_, sound) = decode(run.info)
    with sound:
        transcriber = asr.Transcriber(AnalyzeOptions(offline=True, language=spoken))
        return choose.transcribe(run, sound, transcriber, wanted=wanted, spoken=spoken), run


def spans(transcript: choose.Transcript, source: str) -> list[tuple[float, float]]:
    return [(u.start, u.end) for u in transcript.utterances if u.source == source]


def test_a_bad_sidecar_is_passed_over_with_a_note_unless_asked_for(tmp_path: Path) -> None:
    run = Run(probe(write(tmp_path / "a.mp4", even(1))))
    bad = tmp_path / "a.srt"
    bad.write_text("nonsense")
    assert tracks.choose(run, [], "auto") is None
    assert len(run.notes) == 1
    assert "a.srt" in run.notes[0]
    with pytest.raises(InputError):
        tracks.asked_for(run, [], bad)


@pytest.mark.parametrize(("spoken", "language"), [("auto", "ko"), ("de", "de")])
def test_the_language_of_unmarked_words(tmp_path: Path, spoken: str, language: str) -> None:
    video = write(tmp_path / "a.mp4", even(1))
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\n오늘 정말 행복해요\n")
    transcript, run = transcript_of(video, spoken=spoken)
    assert (transcript.source, transcript.language, transcript.detail) == ("sidecar", language, "a.srt")
    assert "pysubs2" in run.libraries
    assert [u.language for u in transcript.utterances] == [language]


def test_speech_that_no_cue_covers_is_heard(video: Path) -> None:
    video.with_suffix(".srt").write_text(CUE.format("Well, hello") + "\n" + CUE.format("there").replace(
        "00:00:00", "00:00:05").replace("00:00:02", "00:00:06"))
    transcript, run = transcript_of(video)
    assert transcript.source == "sidecar"
    assert transcript.activity == tuple(HEARD)
    assert spans(transcript, "sidecar") == [(0, 2), (5, 6)]
    # the half second after the first cue is the end of its speech
    assert spans(transcript, "speech") == [(4, 5), (6, 7), (8, 9)]
    assert [u.language for u in transcript.utterances if not u.text] == ["", "", ""]
    assert run.notes == []


def test_words_over_no_speech_are_kept_and_said(video: Path) -> None:
    video.with_suffix(".srt").write_text(
        CUE.format("Hello") + "\n1\n00:00:03,000 --> 00:00:03,500\nHOTEL\n")
    transcript, run = transcript_of(video)
    assert spans(transcript, "sidecar") == [(0, 2), (3, 3.5)]
    assert run.notes == ["1 of 2 subtitles lie where nobody is heard: their words are kept, the voice is not "
                         "read there"]


@pytest.mark.parametrize("name", ["a.en.forced.srt", "a.srt"])
def test_a_sidecar_of_signs_alone_is_no_transcript(video: Path, name: str) -> None:
    video.with_name(name).write_text("1\n00:00:08,000 --> 00:00:08,500\nHOTEL\n")
    transcript, run = transcript_of(video)
    assert transcript.source == "speech"
    assert spans(transcript, "speech") == [(u.start, u.end) for u in HEARD]
    assert name in run.notes[0]
    assert ("marked forced" if "forced" in name else "covers 8% of the speech") in run.notes[0]
    video.with_name("a.en.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:06.000\nAll that is said\n")
    transcript, _ = transcript_of(video)
    assert (transcript.source, transcript.detail) == ("sidecar", "a.en.vtt")


def test_a_file_that_is_asked_for_is_taken_with_a_note(video: Path, tmp_path: Path) -> None:
    (tmp_path / "signs.srt").write_text("1\n00:00:08,000 --> 00:00:08,500\nHOTEL\n")
    transcript, run = transcript_of(video, str(tmp_path / "signs.srt"))
    assert (transcript.source, transcript.utterances[-1].text) == ("sidecar", "HOTEL")
    assert run.notes == ["signs.srt covers only 8% of the speech"]


def test_the_sidecar_in_the_spoken_language(video: Path) -> None:
    for code in ("en", "ko"):
        video.with_name(f"a.{code}.srt").write_text(CUE.format(code))
    assert transcript_of(video, spoken="ko")[0].detail == "a.ko.srt"
    assert transcript_of(video)[0].detail == "a.en.srt"


def test_every_utterance_is_in_its_own_language(video: Path) -> None:
    said = {"0": "I have not seen what you did with it", "2": "오늘 정말 행복해요",
            "4": "Wie geht es dir, mein lieber alter Freund?", "6": "And there they are, are you ready?",
            "8": "네!"}
    video.with_suffix(".srt").write_text("\n".join(
        f"{second}\n00:00:0{second},000 --> 00:00:0{second},900\n{text}\n" for second, text in said.items()))
    transcript, run = transcript_of(video)
    assert [u.language for u in transcript.utterances if u.text] == ["en", "ko", "de", "en", "ko"]
    assert "py3langid" in run.libraries


def test_windows_of_a_recognizer_keep_their_languages(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first window's guess is wrong, and overwrites nothing."""
    said = [Utterance(start, end, text, (), code, "whisper") for start, end, text, code in (
        (0.5, 1, "정말요", "nn"), (1, 2, "네 그래요", "ko"), (4, 6, "Bonjour", "fr"), (6, 7, "좋아요", "ko"))]
    monkeypatch.setattr(asr.Transcriber, "transcribe", lambda self, run, sound, speech: said)
    transcript, _ = transcript_of(video)
    assert [u.language for u in transcript.utterances if u.text] == ["ko", "ko", "fr", "ko"]
    assert transcript.source == "whisper"
    assert spans(transcript, "speech") == [(8, 9)]


def test_a_language_that_whisper_does_not_know_is_left_to_it(video: Path,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(asr.Transcriber, "load", lambda self, run: type("Mute", (), {"distributions": ()})())
    monkeypatch.setattr(asr, "recognize", lambda *given, **options: asked.append(options["language"]) or [])
    notes = [transcript_of(video, spoken=code)[1].notes for code in ("ko", "jv", "eo")]
    assert asked == ["ko", "jw", "auto"]
    assert [len(said) for said in notes] == [0, 0, 1]


@pytest.mark.slow
@pytest.mark.shared
def test_no_whisper_leaves_speech_activity(clips: Path) -> None:
    transcript, run = transcript_of(clips / "jfk.flac")
    assert transcript.source == "speech"
    assert len(run.notes) == 1
    assert run.notes[0].startswith("no Whisper: whisper base: is not in the cache")
    assert 3 <= len(transcript.utterances) <= 8
    assert set(run.weights) == {"silero-vad"}


@pytest.mark.slow
@pytest.mark.shared
def test_speech_is_heard_beside_a_sidecar(clips: Path, tmp_path: Path) -> None:
    """A cue lies over the first half of what Kennedy says; the rest is heard all the same."""
    *_, (_, sound) = decode(probe(clips / "jfk.flac"))
    with sound:
        film = write(tmp_path / "a.wav", sound=np.asarray(sound.read(0, 11)), audio_codec="pcm_s16le")
    film.with_suffix(".srt").write_text(CUE.format("And so, my fellow Americans").replace("02,000", "05,000"))
    transcript, run = transcript_of(film)
    assert transcript.source == "sidecar"
    assert sum(b - a for a, b in spans(transcript, "speech")) > 2
    assert all(a >= 5 for a, _ in spans(transcript, "speech"))
    assert set(run.weights) == {"silero-vad"}
