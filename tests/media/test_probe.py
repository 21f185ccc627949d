"""What a file is said to hold."""

from pathlib import Path

import numpy as np
import pytest
from support.media import even, onset, sound_of, tone, write

from emocli.media.frames import FrameStream
from emocli.media.probe import probe


@pytest.mark.parametrize(("ending", "codec", "audio"), [
    (".mp4", "libx264", "aac"), (".mkv", "libx264", "libopus"), (".webm", "libvpx-vp9", "libopus"),
    (".mov", "libx264", "aac"), (".avi", "mpeg4", "mp3"), (".m2ts", "libx264", "aac"),
    (".ts", "libx264", "aac"), (".flv", "flv", "aac")])
def test_containers(tmp_path: Path, ending: str, codec: str, audio: str) -> None:
    path = write(tmp_path / f"a{ending}", even(2), codec=codec,
                 audio_codec="libmp3lame" if audio == "mp3" else audio,
                 sound=np.concatenate([np.zeros(16000, np.float32), tone(1)]))
    info = probe(path)
    assert (info.has_video, info.has_audio, info.width, info.height) == (True, True, 160, 120)
    stream = FrameStream(info, 5)
    times = [s.time for s in stream]
    # a clock that starts with the sound starts with its encoder's 1024 samples of priming
    assert times[0] == pytest.approx(0, abs=0.07)
    assert len(times) == pytest.approx(10, abs=1)
    assert stream.end - times[0] == pytest.approx(2, abs=0.05)
    # an avi says nothing of the 69 ms by which an mp3 encoder is late
    assert onset(sound_of(path)) - times[0] == pytest.approx(1.07 if ending == ".avi" else 1, abs=0.05)
