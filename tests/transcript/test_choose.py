"""Which transcript is taken."""

from pathlib import Path

import pytest
from support.media import even, write

from emocli.errors import InputError
from emocli.media.audio import decode
from emocli.media.probe import probe
from emocli.options import AnalyzeOptions
from emocli.timeline.run import Run
from emocli.transcript import asr, choose


def test_a_bad_sidecar_is_passed_over_with_a_note_unless_asked_for(tmp_path: Path) -> None:
    run = Run(probe(write(tmp_path / "a.mp4", even(1))))
    bad = tmp_path / "a.srt"
    bad.write_text("nonsense")
    assert choose.from_subtitles(run, "auto") is None
    assert len(run.notes) == 1
    assert "a.srt" in run.notes[0]
    with pytest.raises(InputError):
        choose.from_subtitles(run, str(bad))


@pytest.mark.parametrize(("spoken", "language"), [("auto", "ko"), ("de", "de")])
def test_one_language_for_all_utterances(tmp_path: Path, spoken: str, language: str) -> None:
    video = write(tmp_path / "a.mp4", even(1))
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\n오늘 정말 행복해요\n")
    run = Run(probe(video))
    *_, (_, sound) = decode(run.info)
    with sound:
        transcriber = asr.Transcriber(AnalyzeOptions())
        transcript = choose.transcribe(run, sound, transcriber, wanted="auto", spoken=spoken)
    assert (transcript.source, transcript.language, transcript.detail) == ("sidecar", language, "a.srt")
    assert "pysubs2" in run.libraries
    assert [u.language for u in transcript.utterances] == [language]


@pytest.mark.slow
@pytest.mark.shared
def test_no_whisper_leaves_speech_activity(clips: Path) -> None:
    run = Run(probe(clips / "jfk.flac"))
    *_, (_, sound) = decode(run.info)
    with sound:
        transcriber = asr.Transcriber(AnalyzeOptions(offline=True))
        transcript = choose.from_sound(run, sound, transcriber, wanted="auto")
    assert transcript.source == "speech"
    assert len(run.notes) == 1
    assert run.notes[0].startswith("no Whisper: whisper base: is not in the cache")
    assert 3 <= len(transcript.utterances) <= 8
    assert set(run.weights) == {"silero-vad"}
