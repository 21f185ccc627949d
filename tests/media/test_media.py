"""The clock: stamps of every kind of file come out right."""

import threading
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from support.media import even, ramp, tone, write

from emocli.errors import InputError
from emocli.media import frames
from emocli.media.audio import Sound, StampAligner, decode
from emocli.media.frames import Chunk, FrameStream, ContainerPool, Sample, chunks, full_range
from emocli.media.prefetch import Prefetch
from emocli.media.probe import probe


def samples(path: Path, rate: float = 5.0) -> list[Sample]:
    return list(FrameStream(probe(path), rate))


def sound_of(path: Path) -> np.ndarray:
    *_, (_, sound) = decode(probe(path))
    with sound:
        return sound.read(0, sound.duration)


def level(sample: Sample) -> float:
    return float(full_range(sample.grey, sample.narrow).mean())


def onset(sound: np.ndarray) -> float:
    return float(np.flatnonzero(np.abs(sound) > 0.1)[0]) / 16000


@pytest.mark.parametrize(("ending", "codec", "audio"), [
    (".mp4", "libx264", "aac"), (".mkv", "libx264", "libopus"), (".webm", "libvpx-vp9", "libopus"),
    (".mov", "libx264", "aac"), (".avi", "mpeg4", "mp3"), (".m2ts", "libx264", "aac"),
    (".ts", "libx264", "aac"), (".flv", "flv", "aac")])
def test_containers(tmp_path: Path, ending: str, codec: str, audio: str) -> None:
    path = write(tmp_path / f"a{ending}", even(2), codec=codec, audio_codec="libmp3lame" if audio == "mp3" else audio,
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


def test_variable_rate_and_b_frames(tmp_path: Path) -> None:
    times = [0, 0.04, 0.08, 0.5, 1.3, 1.34, 1.38, 2.9, 3.0]
    path = write(tmp_path / "a.mp4", times, options={"bf": "3", "x264-params": "b-adapt=0"})
    found = samples(path, 60)
    assert [s.time for s in found] == pytest.approx(times, abs=1e-3)
    for index, sample in enumerate(found):  # the picture belongs to its time
        assert abs(level(sample) - float(ramp(index).mean())) < 4


def test_skipping_keeps_times_exact(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", even(4, 30), options={"bf": "3"},
                 pictures=lambda i: np.full((64, 64, 3), 20 + i, np.uint8))
    stream = FrameStream(probe(path), 5)
    found = list(stream)
    assert stream.decoded < 100
    assert len(found) == pytest.approx(20, abs=1)
    for sample in found:
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
def test_stretches_give_the_same_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, rate: float,
                                         times: list[float], options: dict[str, str], parts: int) -> None:
    monkeypatch.setattr(frames, "CHUNK_SECONDS", 2.0)
    info = probe(write(tmp_path / name, times, options=options, pictures=noise))
    with ContainerPool(info, rate) as pool:
        whole, cut = FrameStream(info, rate), [FrameStream(info, rate, one, pool) for one in chunks(info, rate)]
        expected = [(s.time, s.small.tobytes(), s.grey.tobytes()) for s in whole]
        assert [(s.time, s.small.tobytes(), s.grey.tobytes()) for one in cut for s in one] == expected
        assert len(pool._free) == 1  # one after another they need but one container
    assert len(cut) == parts
    assert max(one.end for one in cut) == whole.end
    assert sum(one.broken for one in cut) == whole.broken == 0
    assert chunks(info, rate)[0] == Chunk(beyond=cut[0].chunk.beyond)


def test_edit_list_hides_what_lies_before_the_start(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", [t - 0.4 for t in even(2.4)], sound=np.concatenate([np.zeros(16000, np.float32),
                                                                                         tone(1)]))
    assert b"elst" in path.read_bytes()
    found = samples(path, 25)
    assert found[0].time == pytest.approx(0, abs=1e-3)
    assert abs(level(found[0]) - float(ramp(10).mean())) < 4
    assert onset(sound_of(path)) == pytest.approx(1, abs=0.01)


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


@pytest.mark.parametrize(("rotation", "corner"), [(90, "top right"), (180, "bottom right"), (270, "bottom left")])
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
    found = list(stream)
    assert stream.broken > 0
    assert found[-1].time > 3
    assert stream.end == pytest.approx(4, abs=0.05)


def test_truncated(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.mkv", even(4), sound=tone(4))
    part = tmp_path / "b.mkv"
    part.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    stream = FrameStream(probe(part), 5)
    assert list(stream)
    assert 0.5 < stream.end < 3.5


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


@pytest.mark.parametrize(("name", "content", "cause"), [
    ("missing.mp4", None, "no such file"), ("empty.mp4", b"", "empty"),
    ("text.mp4", b"hello there\n" * 50, "not a media file")])
def test_unreadable(tmp_path: Path, name: str, content: bytes | None, cause: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=cause) as caught:
        probe(path)
    assert caught.value.exit_code == 3
    assert name in str(caught.value)


@pytest.mark.shared
def test_phone_clip_with_late_sound(clips: Path) -> None:
    info = probe(clips / "face_noface.mov")
    assert info.audio_start == pytest.approx(2.43, abs=0.01)
    assert info.variable_rate
    *_, (_, sound) = decode(info)
    with sound:
        assert not np.any(sound.read(0, 2.4))
        assert np.any(sound.read(2.6, 3.5))


def test_ahead_keeps_order_passes_errors_on_and_stops() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for i in range(1000):
            made.append(i)
            yield i
        raise ValueError("the end is broken")

    assert list(islice(Prefetch(items(), 4), 50)) == list(range(50))
    assert len(made) < 60
    with pytest.raises(ValueError, match="the end is broken"):
        list(Prefetch(items(), 4))
    assert not [t for t in threading.enumerate() if t.name == "emocli-prefetch"]
