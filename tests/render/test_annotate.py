"""Annotated videos, read back with PyAV."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from support.media import even, tone, write
from support.videos import COARSE, NOISE, frames_of, of_video

from emocli.errors import InputError, UsageError
from emocli.media.probe import probe
from emocli.render.annotate import Drawing, annotate
from emocli.render.ffmpeg import run_ffmpeg
from emocli.render.overlay import pixelate


def test_boxes_bars_and_captions_are_burnt_in(grey: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    annotate(of_video(grey), out, Drawing())
    times, shown = frames_of(out)
    assert times == pytest.approx(even(3), abs=1e-3)
    blue = np.array([178, 114, 0])  # sadness, BGR
    edge = shown[10][100:150, 99:102].astype(int)
    assert np.abs(np.median(edge, (0, 1)) - blue).max() < 40
    assert np.abs(shown[10][40:60, 20:60].astype(int) - 128).max() < 12  # nothing there
    low = [float(p[190:].std()) for p in shown]
    assert low[10] < 6 < low[60]  # the caption comes with the words
    with av.open(str(out)) as container, av.open(str(grey)) as before:
        assert [s.type for s in container.streams] == ["video", "audio"]
        sounds = [np.concatenate([f.to_ndarray() for f in c.decode(audio=0)], 1) for c in (container, before)]
    np.testing.assert_array_equal(*sounds)  # copied, not encoded again
    assert list(tmp_path.glob(".emocli-*")) == []


def test_stamps_of_a_varying_rate_stay(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.5, 0.533, 1.2, 1.9]
    source = write(tmp_path / "odd.mkv", times, pictures=lambda i: np.full((240, 320, 3), 90, np.uint8))
    annotate(of_video(source), tmp_path / "out.mkv", Drawing())
    assert frames_of(tmp_path / "out.mkv")[0] == pytest.approx(times, abs=2e-3)


def test_preview_is_short_and_sound_that_mp4_cannot_hold_is_encoded(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mkv", even(3), pictures=lambda i: NOISE, sound=tone(3),
                   audio_codec="pcm_s16le")
    annotate(of_video(source), tmp_path / "out.mp4", Drawing(), seconds=1.0)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [s.codec_context.name for s in container.streams] == ["h264", "aac"]
        assert float(container.duration) / 1e6 == pytest.approx(1, abs=0.1)


def test_turned_video_is_written_upright(grey: Path, tmp_path: Path) -> None:
    wide = of_video(grey)
    info = replace(wide.media, path=grey)
    assert (info.width, info.height, info.rotation) == (320, 240, 0)

    turned = tmp_path / "turned.mp4"
    run_ffmpeg(["-display_rotation", "90", "-i", str(grey), "-c", "copy", str(turned)], about=grey)
    assert probe(turned).rotation in (90, 270)
    annotate(of_video(turned), tmp_path / "out.mp4", Drawing())
    assert frames_of(tmp_path / "out.mp4")[1][0].shape == (320, 240, 3)


def test_blur_hides_all_but_the_chosen(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mp4", even(1), pictures=lambda i: COARSE, options={"crf": "10"})
    timeline = of_video(source, (1, 2))
    drawing = Drawing(faces=False, captions=False, blur=True, keep=frozenset({1}))
    annotate(timeline, tmp_path / "out.mp4", drawing)
    before, after = frames_of(source)[1][10], frames_of(tmp_path / "out.mp4")[1][10]

    def detail(frame: np.ndarray, left: int) -> float:
        part = frame[75:135, left + 10:left + 70].astype(float)
        return float(np.abs(np.diff(part, axis=1)).mean())

    assert detail(after, 10) < 0.3 * detail(before, 10)  # face 2
    assert detail(after[:, 120:], 0) > 0.7 * detail(before[:, 120:], 0)  # face 1


def test_hidden_is_hidden_in_every_picture(tmp_path: Path) -> None:
    """Also between sightings, at the edge, and a moment before the first."""
    source = write(tmp_path / "a.mp4", even(2), pictures=lambda i: COARSE, options={"crf": "10"})
    timeline = of_video(source)
    seen = tuple(o for o in timeline.faces if 0.5 <= o.time <= 0.7 or o.time >= 1.7)
    drawing = Drawing(faces=False, captions=False, blur=True)
    annotate(replace(timeline, faces=seen), tmp_path / "out.mp4", drawing)
    for time, frame in zip(*frames_of(tmp_path / "out.mp4"), strict=True):
        part = frame[75:135, 110:170].astype(float)
        assert np.abs(np.diff(part, axis=1)).mean() < 8, time
    image = NOISE.copy()
    pixelate(image, (-50, -50, 80, 80))
    pixelate(image, (1000, 1000, 10, 10))
    assert image[:40, :40].std() < NOISE[:40, :40].std() / 2


def test_annotate_refuses_containers_that_cannot(grey: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such container"):
        annotate(of_video(grey), tmp_path / "a.nothing", Drawing())
    sound = write(tmp_path / "a.wav", sound=tone(1), audio_codec="pcm_s16le")
    with pytest.raises(InputError, match="no frames"):
        annotate(replace(of_video(grey), media=probe(sound)), tmp_path / "b.mp4", Drawing())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.wav", "grey.mp4"]
