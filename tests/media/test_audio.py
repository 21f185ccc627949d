"""Sound: on the clock, in pieces, of any kind."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from support.media import even, onset, sound_of, tone, write

from emocli.errors import OutputError
from emocli.media.audio import Sound, StampAligner, decode
from emocli.media.probe import probe


def test_late_sound(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", even(3), sound=tone(1), sound_start=1.5)
    assert probe(path).audio_start == pytest.approx(1.5, abs=0.05)
    assert onset(sound_of(path)) == pytest.approx(1.5, abs=0.05)


def test_sound_keeps_to_its_stamps() -> None:
    """A gap, another rate and two channels after it, and a block that comes again in part."""
    with Sound() as sound:
        placing = StampAligner(sound, 0.0, 60.0)
        for start, seconds, rate, layout in ((0, 1, 44100, "mono"), (1.5, 1, 48000, "stereo"),
                                             (2.2, 0.5, 48000, "stereo")):
            samples = np.full((1, round(seconds * rate) * (2 if layout == "stereo" else 1)), 0.5, np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="flt", layout=layout)
            frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), round(start * rate)
            placing.take(frame)
        placing.finish()
        assert sound.duration == pytest.approx(2.7, abs=0.01)
        assert np.abs(sound.read(0.05, 0.95) - 0.5).max() < 0.01
        assert np.abs(sound.read(1.05, 1.45)).max() < 0.01
        assert np.abs(sound.read(1.55, 2.65) - 0.5).max() < 0.01


def test_sound_is_read_in_pieces(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sound=tone(12), audio_codec="pcm_s16le")
    info = probe(path)
    assert not info.has_video
    *_, (_, sound) = decode(info)
    with sound:
        assert sound.duration == pytest.approx(12, abs=0.01)
        assert len(sound.read(3, 4)) == 16000
        assert len(sound.read(11.5, 20)) == pytest.approx(8000, abs=200)
        blocks = list(sound.blocks(5.0))
        assert [start for start, _ in blocks] == [0, 5, 10]
        assert np.concatenate([b for _, b in blocks]) == pytest.approx(sound.read(0, 12))


@pytest.mark.shared
def test_phone_clip_with_late_sound(clips: Path) -> None:
    info = probe(clips / "face_noface.mov")
    assert info.audio_start == pytest.approx(2.43, abs=0.01)
    assert info.variable_rate
    *_, (_, sound) = decode(info)
    with sound:
        assert not np.any(sound.read(0, 2.4))
        assert np.any(sound.read(2.6, 3.5))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="wants /dev/full")
def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.wav", sound=tone(2), audio_codec="pcm_s16le")
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **options: open("/dev/full", "r+b"))  # noqa: PTH123
    with pytest.raises(OutputError, match="cannot hold the decoded sound"):
        sound_of(path)


def test_silence_takes_no_room() -> None:
    with Sound() as sound:
        sound.append(np.full(16000, 1000, np.int16))
        sound.append_silence(16000 * 3600)
        sound.append(np.full(16000, 1000, np.int16))
        assert sound.duration == 3602
        assert not sound.read(1, 3601).any()
        assert sound.read(3601, 3602).all()
