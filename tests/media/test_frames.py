"""Frames: which are sampled, when, and in what shape."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from support.media import even, onset, ramp, sound_of, tone, write

from emocli.media import frames
from emocli.media.container import opened
from emocli.media.frames import Chunk, ContainerPool, FrameStream, Sample, chunk_of, chunks, full_range
from emocli.media.probe import probe


def samples(path: Path, rate: float = 5.0) -> list[Sample]:
    return list(FrameStream(probe(path), rate))


def level(sample: Sample) -> float:
    return float(full_range(sample.grey, sample.narrow).mean())


def test_variable_rate_and_b_frames(tmp_path: Path) -> None:
    times = [0, 0.04, 0.08, 0.5, 1.3, 1.34, 1.38, 2.9, 3.0]
    path = write(tmp_path / "a.mp4", times, options={"bf": "3", "x264-params": "b-adapt=0"})
    taken = samples(path, 60)
    assert [s.time for s in taken] == pytest.approx(times, abs=1e-3)
    for index, sample in enumerate(taken):  # the picture belongs to its time
        assert abs(level(sample) - float(ramp(index).mean())) < 4


def test_skipping_keeps_times_exact(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", even(4, 30), options={"bf": "3"},
                 pictures=lambda i: np.full((64, 64, 3), 20 + i, np.uint8))
    stream = FrameStream(probe(path), 5)
    taken = list(stream)
    assert stream.decoded < 100
    assert len(taken) == pytest.approx(20, abs=1)
    for sample in taken:
        assert level(sample) == pytest.approx(20 + sample.time * 30, abs=3)


def noise(index: int) -> np.ndarray:
    return np.random.default_rng(index).integers(0, 255, (48, 64, 3), np.uint8)


@pytest.mark.parametrize(("name", "times", "options", "parts"), [
    ("b_frames.mp4", even(9, 30), {"bf": "3", "g": "40"}, 5),
    ("open_groups.mkv", even(9, 30), {"bf": "3", "g": "40", "x264-params": "open-gop=1"}, 5),
    ("shifted.mp4", [t - 0.4 for t in even(9)], {"g": "12"}, 4),
    ("uneven.mkv", [i * 0.013 + (i // 7) * 0.21 for i in range(210)], {"g": "20"}, 4),
    ("one_key_frame.mp4", even(9, 30), {"g": "999", "sc_threshold": "0"}, 1),
    ("no_index.avi", even(9), {"g": "12"}, 1)])
@pytest.mark.parametrize("rate", [5.0, 30.0])
def test_chunks_give_the_same_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, rate: float,
                                         times: list[float], options: dict[str, str], parts: int) -> None:
    monkeypatch.setattr(frames, "CHUNK_SECONDS", 2.0)
    containers: list[Path] = []

    def counted(path: Path) -> object:
        containers.append(path)
        return opened(path)

    monkeypatch.setattr(frames, "opened", counted)
    info = probe(write(tmp_path / name, times, options=options, pictures=noise))
    with ContainerPool(info, rate) as pool:
        whole = FrameStream(info, rate)
        cut = [FrameStream(info, rate, chunk, pool) for chunk in chunks(info, rate)]
        expected = [(s.time, s.small.tobytes(), s.grey.tobytes()) for s in whole]
        assert [(s.time, s.small.tobytes(), s.grey.tobytes()) for part in cut for s in part] == expected
    assert len(containers) == 2  # of the whole, and of all chunks one after another
    assert len(cut) == parts
    assert max(part.end for part in cut) == whole.end
    assert sum(part.broken for part in cut) == whole.broken == 0
    assert chunks(info, rate)[0] == Chunk(beyond=cut[0].chunk.beyond)


def test_edit_list_hides_what_lies_before_the_start(tmp_path: Path) -> None:
    late_tone = np.concatenate([np.zeros(16000, np.float32), tone(1)])
    path = write(tmp_path / "a.mp4", [t - 0.4 for t in even(2.4)], sound=late_tone)
    assert b"elst" in path.read_bytes()
    taken = samples(path, 25)
    assert taken[0].time == pytest.approx(0, abs=1e-3)
    assert abs(level(taken[0]) - float(ramp(10).mean())) < 4
    assert onset(sound_of(path)) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(("rotation", "corner"), [
    (90, "top right"), (180, "bottom right"), (270, "bottom left")])
def test_rotation(tmp_path: Path, rotation: int, corner: str) -> None:
    def picture(_: int) -> np.ndarray:
        image = np.zeros((120, 160, 3), np.uint8)
        image[:40, :40] = 255  # top left as stored
        return image

    path = write(tmp_path / "a.mp4", even(1), pictures=picture)
    _turn(path, rotation)
    info = probe(path)
    assert info.rotation == rotation
    assert (info.width, info.height) == ((160, 120) if rotation == 180 else (120, 160))
    grey = samples(path)[0].grey
    assert grey.shape == (info.height, info.width)
    spots = {"top left": grey[:20, :20], "top right": grey[:20, -20:], "bottom left": grey[-20:, :20],
             "bottom right": grey[-20:, -20:]}
    assert max(spots, key=lambda k: spots[k].mean()) == corner


def _turn(path: Path, clockwise: int) -> None:
    """Write a display matrix into the track header of an mp4, as phones do."""
    raw = bytearray(path.read_bytes())
    at = raw.index(b"tkhd") + 4 + 40
    matrix = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[clockwise]
    for slot, value in zip((0, 4, 12, 16), matrix, strict=True):
        raw[at + slot:at + slot + 4] = (value * 65536).to_bytes(4, "big", signed=True)
    path.write_bytes(raw)


def test_pixel_shape(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", even(1), aspect=Fraction(4, 3))
    assert probe(path).width == 213
    assert samples(path)[0].grey.shape == (120, 213)


@pytest.mark.parametrize(("pixels", "codec"), [
    ("yuv420p10le", "libx265"), ("yuv444p", "libx264"), ("yuv422p", "libx264")])
def test_pixel_formats(tmp_path: Path, pixels: str, codec: str) -> None:
    path = write(tmp_path / "a.mkv", even(0.5), codec=codec, pixels=pixels)
    assert level(samples(path)[0]) == pytest.approx(20, abs=4)


def test_odd_size(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", even(0.5), pixels="yuv444p",
                 pictures=lambda i: np.full((101, 77, 3), 100, np.uint8))
    assert samples(path)[0].grey.shape == (101, 77)


def test_one_picture(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", [0.0])
    stream = FrameStream(probe(path), 5)
    assert len(list(stream)) == 1
    assert stream.end > 0


def test_broken_packet_is_counted_and_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", even(4), options={"g": "10"},
                 pictures=lambda i: np.random.default_rng(i).integers(0, 255, (120, 160, 3), np.uint8))
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2
    raw[middle:middle + 4000] = b"\xff" * 4000
    path.write_bytes(raw)
    stream = FrameStream(probe(path), 5)
    taken = list(stream)
    assert stream.broken > 0
    assert taken[-1].time > 3
    assert stream.end == pytest.approx(4, abs=0.05)


def test_truncated(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.mkv", even(4), sound=tone(4))
    part = tmp_path / "b.mkv"
    part.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    stream = FrameStream(probe(part), 5)
    assert list(stream)
    assert 0.5 < stream.end < 3.5


@pytest.mark.parametrize(("name", "least"), [("a.mp4", 1), ("a.mkv", 1), ("a.ts", 0)])
def test_a_stretch_without_colour_is_the_same_frames(tmp_path: Path, name: str, least: int) -> None:
    path = write(tmp_path / name, even(12, 25), options={"bf": "3", "g": "50"},
                 pictures=lambda i: np.full((64, 64, 3), 20 + i % 200, np.uint8))
    info = probe(path)
    whole = {round(s.time, 3): s.grey.copy() for s in FrameStream(info, 12.5)}
    with ContainerPool(info, 12.5) as pool:
        for start, end in ((7.0, 8.0), (9.1, 9.9)) if least else ((7.0, 8.0),):
            chunk = chunk_of(info, 12.5, start, end)
            assert (chunk.seek is not None) == bool(least)
            stream = FrameStream(info, 12.5, chunk, pool, colour=False)
            taken = [(s.time, s.grey.copy(), s.small.size) for s in stream]
            assert [time for time, _, _ in taken] == pytest.approx(
                [t for t in sorted(whole) if start - 1e-3 <= t <= end + 1e-3], abs=2e-3)
            assert all((grey == whole[round(time, 3)]).all() and not size for time, grey, size in taken)
            assert stream.decoded < 110 if least else stream.decoded < 250
