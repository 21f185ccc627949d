"""Subtitle tracks inside a container."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest
from support.media import even, write

from emocli.errors import InputError
from emocli.media.probe import probe
from emocli.timeline.run import Run
from emocli.transcript import choose, embedded

CUE = "1\n00:00:00,500 --> 00:00:01,500\nHello inside, you.\n"


def with_subtitles(folder: Path, text: str = CUE, language: str = "eng") -> Path:
    """An mkv with a SubRip track: PyAV cannot encode one, the ffmpeg of imageio can mux it."""
    video = write(folder / "plain.mkv", even(2))
    (folder / "track.srt").write_text(text)
    out = folder / "inside.mkv"
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", str(video), "-i",
                    str(folder / "track.srt"), "-c", "copy", "-metadata:s:s:0", f"language={language}",
                    str(out)],
                   check=True)
    return out


def test_embedded_track(tmp_path: Path) -> None:
    transcript = choose.from_subtitles(Run(probe(with_subtitles(tmp_path))), "auto")
    assert transcript is not None
    assert transcript.source == "embedded"
    assert [(u.start, u.end, u.text) for u in transcript.utterances] == [(0.5, 1.5, "Hello inside, you.")]


@pytest.mark.parametrize(("tag", "code"), [("eng", "en"), ("spa", "es"), ("ger", "de"), ("und", "")])
def test_language_of_the_track(tmp_path: Path, tag: str, code: str) -> None:
    assert [u.language for u in embedded.read(with_subtitles(tmp_path, language=tag))] == [code]


@pytest.mark.timeout(60)
def test_a_cue_without_end_is_passed_over_with_a_note(tmp_path: Path) -> None:
    video = with_subtitles(tmp_path, CUE + "\n2\n00:00:01,600 --> 00:00:01,900\n" + "< " * 100_000 + "\n")
    with pytest.raises(InputError, match="longer than 5,000"):
        embedded.read(video)
    run = Run(probe(video))
    assert choose.from_subtitles(run, "auto") is None
    assert "passed over" in run.notes[0]
