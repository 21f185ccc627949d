"""Files and raw sound as live sources."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from support.media import even, sound_of, tone, write

from emocli.errors import UsageError
from emocli.live.intake import Block
from emocli.live.sources import BLOCK, Source, from_file, from_pcm, paced, source_of
from emocli.media.frames import FrameStream, Sample
from emocli.media.probe import probe


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("film") / "a.mp4", even(6), sound=tone(6))


def test_sound_and_pictures_are_those_of_an_analysis(film: Path) -> None:
    items = list(from_file(probe(film), 3.0))
    blocks = [item.samples for _, item in items if isinstance(item, Block)]
    np.testing.assert_array_equal(np.concatenate(blocks) / np.float32(32768), sound_of(film))
    pictures = [item for _, item in items if isinstance(item, Sample)]
    whole = list(FrameStream(probe(film), 3.0))
    assert [sample.time for sample in pictures] == [sample.time for sample in whole]
    np.testing.assert_array_equal(pictures[7].small, whole[7].small)


def test_sound_and_pictures_come_in_order(film: Path) -> None:
    times = [at for at, _ in from_file(probe(film), 3.0)]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(6.0, abs=0.1)


def test_nothing_comes_before_its_time(film: Path) -> None:
    clock, early = [50.0], []

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    for at, item in paced(from_file(probe(film), 3.0), now=lambda: clock[0], sleep=sleep):
        early.append(50.0 + at - clock[0])
        if isinstance(item, Block) and at < 2:
            clock[0] += 0.001  # who takes it is busy
    assert np.abs(early).max() < 0.002


def test_raw_sound_with_an_odd_byte() -> None:
    samples = np.arange(-5_000, 5_000, dtype="<i2")
    blocks = list(from_pcm(io.BytesIO(samples.tobytes() + b"\1")))
    np.testing.assert_array_equal(np.concatenate([block.samples for block in blocks]), samples)
    assert blocks[0].seconds == pytest.approx(BLOCK)


def test_which_source_waits(film: Path) -> None:
    def of(name: str, *, realtime: bool, face_fps: float) -> Source:
        return source_of(name, io.BytesIO(), realtime=realtime, face_fps=face_fps)

    fast = of(str(film), realtime=False, face_fps=0.0)
    real, raw = of(str(film), realtime=True, face_fps=2.0), of("-", realtime=True, face_fps=2.0)
    assert [(s.waits, s.followed, s.pictures) for s in (fast, real, raw)] == [
        (True, False, False), (False, True, True), (True, True, False)]
    assert not any(isinstance(item, Sample) for item in fast.items)


def test_no_such_source() -> None:
    with pytest.raises(UsageError, match="no such file"):
        source_of("missing.mp4", io.BytesIO())
