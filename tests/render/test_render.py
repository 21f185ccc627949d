"""Annotated videos, clips and subtitle tracks, read back with PyAV."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from support.media import even, tone, write
from support.timelines import made_up, row

from emocli.errors import EmocliError, InputError, UsageError
from emocli.media.probe import probe
from emocli.outputs import document
from emocli.outputs.base import OutputOptions
from emocli.render import clips, text_overlay
from emocli.render.annotate import Drawing, annotate
from emocli.render.mux import mux
from emocli.render.face_positions import FacePositions
from emocli.render.overlay import pixelate
from emocli.render.text_overlay import TextOverlay, alpha_blend
from emocli.timeline.types import FaceObservation, Timeline, Utterance
from emocli.transcript import choose

BOX = (100.0, 60.0, 80.0, 90.0)
RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (240, 320, 3)).astype(np.uint8)
COARSE = np.kron(RNG.integers(0, 256, (60, 80, 3)), np.ones((4, 4, 1))).astype(np.uint8)


def of_video(path: Path, face_ids: tuple[int, ...] = (1,)) -> Timeline:
    """A made-up analysis of a video: sad faces side by side, sadness, then happiness with words."""
    info = probe(path)
    half = info.duration / 2
    faces = tuple(FaceObservation(t, (BOX[0] - 90 * (i - 1), *BOX[1:]), np.zeros((5, 2)), 0.9, i,
                                  scores=np.eye(7)[6])
                  for t in np.arange(0, info.duration, 0.2) for i in face_ids)
    said = Utterance(half, info.duration, "So happy.", (), "en", "sidecar")
    rows = (row(0, half, 6), row(half, info.duration, 0, said))
    return replace(made_up(), media=info, rows=rows, faces=faces)


def pictures(path: Path) -> tuple[list[float], list[np.ndarray]]:
    with av.open(str(path)) as container:
        found = [(float(f.pts * f.time_base), f.to_ndarray(format="bgr24")) for f in container.decode(video=0)]
    return [t for t, _ in found], [p for _, p in found]


@pytest.fixture
def grey(tmp_path: Path) -> Path:
    """Three seconds of plain grey, 320x240, with a tone."""
    plain = np.full((240, 320, 3), 128, np.uint8)
    return write(tmp_path / "grey.mp4", even(3), pictures=lambda i: plain, sound=tone(3))


def test_boxes_bars_and_captions_are_burnt_in(grey: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    annotate(of_video(grey), out, Drawing())
    times, found = pictures(out)
    assert times == pytest.approx(even(3), abs=1e-3)
    blue = np.array([178, 114, 0])  # sadness, BGR
    edge = found[10][100:150, 99:102].astype(int)
    assert np.abs(np.median(edge, (0, 1)) - blue).max() < 40
    assert np.abs(found[10][40:60, 20:60].astype(int) - 128).max() < 12  # nothing there
    low = [float(p[190:].std()) for p in found]
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
    assert pictures(tmp_path / "out.mkv")[0] == pytest.approx(times, abs=2e-3)


def test_preview_is_short_and_sound_that_mp4_cannot_hold_is_encoded(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mkv", even(3), pictures=lambda i: NOISE, sound=tone(3), audio_codec="pcm_s16le")
    annotate(of_video(source), tmp_path / "out.mp4", Drawing(), seconds=1.0)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [s.codec_context.name for s in container.streams] == ["h264", "aac"]
        assert float(container.duration) / 1e6 == pytest.approx(1, abs=0.1)


def test_turned_video_is_written_upright(grey: Path, tmp_path: Path) -> None:
    wide = of_video(grey)
    info = replace(wide.media, path=grey)
    assert (info.width, info.height, info.rotation) == (320, 240, 0)
    from emocli.render.ffmpeg import run_ffmpeg

    turned = tmp_path / "turned.mp4"
    run_ffmpeg(["-display_rotation", "90", "-i", str(grey), "-c", "copy", str(turned)], about=grey)
    assert probe(turned).rotation in (90, 270)
    annotate(of_video(turned), tmp_path / "out.mp4", Drawing())
    assert pictures(tmp_path / "out.mp4")[1][0].shape == (320, 240, 3)


def test_blur_hides_all_but_the_chosen(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mp4", even(1), pictures=lambda i: COARSE, options={"crf": "10"})
    timeline = of_video(source, (1, 2))
    drawing = Drawing(faces=False, captions=False, blur=True, keep=frozenset({1}))
    annotate(timeline, tmp_path / "out.mp4", drawing)
    before, after = pictures(source)[1][10], pictures(tmp_path / "out.mp4")[1][10]

    def detail(picture: np.ndarray, left: int) -> float:
        part = picture[75:135, left + 10:left + 70].astype(float)
        return float(np.abs(np.diff(part, axis=1)).mean())

    assert detail(after, 10) < 0.3 * detail(before, 10)  # face 2
    assert detail(after[:, 120:], 0) > 0.7 * detail(before[:, 120:], 0)  # face 1


def test_hidden_is_hidden_in_every_picture(tmp_path: Path) -> None:
    """Also between sightings, at the edge, and a moment before the first."""
    source = write(tmp_path / "a.mp4", even(2), pictures=lambda i: COARSE, options={"crf": "10"})
    timeline = of_video(source)
    seen = tuple(o for o in timeline.faces if 0.5 <= o.time <= 0.7 or o.time >= 1.7)
    annotate(replace(timeline, faces=seen), tmp_path / "out.mp4", Drawing(faces=False, captions=False, blur=True))
    for time, picture in zip(*pictures(tmp_path / "out.mp4"), strict=True):
        part = picture[75:135, 110:170].astype(float)
        assert np.abs(np.diff(part, axis=1)).mean() < 8, time
    image = NOISE.copy()
    pixelate(image, (-50, -50, 80, 80))
    pixelate(image, (1000, 1000, 10, 10))
    assert image[:40, :40].std() < NOISE[:40, :40].std() / 2


def test_people_between_sightings() -> None:
    scores = np.eye(7)
    faces = tuple(FaceObservation(t, (x, 0, 10, 10), np.zeros((5, 2)), 0.9, 1, scores=scores[c])
                  for t, x, c in ((1.0, 0.0, 0), (1.4, 40.0, 0), (9.0, 0.0, 5)))
    people = FacePositions(replace(made_up(), faces=faces))
    (face,) = people.at(1.1)
    assert face.box[0] == pytest.approx(10)
    assert face.scores is not None
    assert face.scores.argmax() == 0
    assert [len(list(people.at(t))) for t in (0.7, 0.9, 1.5, 2.0, 8.9)] == [0, 1, 1, 0, 1]
    assert len(list(people.at(5.0, joined=10))) == 1


def test_lettering_with_and_without_fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(text_overlay, "_installed", dict)
    plain = TextOverlay()
    sprite = plain.sprite(("sad 😢",), 20)
    assert sprite.shape[2] == 4
    assert sprite[..., :3].max() == 255
    assert any("--emoji-font" in note for note in plain.notes)
    plain.sprite(("슬픔",), 20)
    assert any("--font" in note for note in plain.notes)
    (tmp_path / "a.ttf").write_bytes(b"no font")
    with pytest.raises(InputError, match="is no font"):
        TextOverlay(font=str(tmp_path / "a.ttf"))


def test_emoji_are_drawn_in_colour() -> None:
    found = TextOverlay()
    if found.notes:
        pytest.skip("wants a font with colour emoji (apt install fonts-noto-color-emoji)")
    sprite = found.sprite(("😊",), 40, back=(0, 0, 0, 0)).astype(int)
    assert (np.abs(sprite[..., 0] - sprite[..., 2])[sprite[..., 3] > 200] > 80).mean() > 0.5  # yellow


def test_laying_over_an_edge() -> None:
    image = np.zeros((10, 10, 3), np.uint8)
    sprite = np.full((4, 4, 4), 255, np.uint8)
    for x, y in ((-2, -2), (8, 8), (20, 0), (0, -9)):
        alpha_blend(image, sprite, x, y)
    assert int((image[..., 0] > 0).sum()) == 8
    sprite[..., :] = (200, 100, 0, 128)
    alpha_blend(image, sprite, 4, 4)
    assert image[5, 5].tolist() == pytest.approx([0, 50, 100], abs=1)  # RGB over BGR


def test_moments() -> None:
    plan = [(0, 1, 6), (1, 2, 6), (2, 3, 2), (3, 3.4, 6), (5, 7, 6), (7, 9, 5)]
    timeline = replace(made_up(), rows=tuple(row(a, b, c) for a, b, c in plan))

    def spans(*emotions: str, **options: float) -> list[tuple[float, float, str]]:
        return [(m.start, m.end, m.emotion) for m in clips.moments(timeline, emotions, **options)]

    assert spans("sadness") == [(0, 2, "sadness"), (3, 3.4, "sadness"), (5, 7, "sadness")]
    assert spans("sadness", min_length=1) == [(0, 2, "sadness"), (5, 7, "sadness")]
    assert spans("sadness", pad=0.5) == [(0, 3.9, "sadness"), (4.5, 7.5, "sadness")]
    assert spans("anger", "sadness", min_length=2, pad=0.5) == [(0, 2.5, "sadness"), (4.5, 7.5, "sadness"),
                                                               (6.5, 9.5, "anger")]
    assert spans("sadness", min_confidence=0.71) == []


def test_clips_are_copied_only_where_that_is_exact(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mp4", even(4), sound=tone(4), options={"g": "25", "bf": "0", "sc_threshold": "0"})
    info, keys = probe(source), clips.key_times(probe(source))
    assert keys.tolist() == pytest.approx([0, 1, 2, 3], abs=1e-3)
    for start, end, copied in ((1.0, 2.5, True), (1.32, 2.0, False)):
        out = tmp_path / "out.mp4"
        assert clips.cut(info, clips.Moment(start, end, "anger", 1.0, ""), out, keys) is copied
        times, found = pictures(out)
        assert len(times) == pytest.approx((end - start) * 25, abs=1)
        levels = 20 + 10 * (round(start * 25) % 20)  # `ramp` says which picture it is
        assert int(np.median(found[0])) == pytest.approx(levels, abs=4)
        assert probe(out).duration == pytest.approx(end - start, abs=0.13)  # packets of sound are long


def test_reel(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mp4", even(4), pictures=lambda i: np.full((240, 320, 3), 60, np.uint8), sound=tone(4))
    found = [clips.Moment(0.5, 1.5, "anger", 0.9, ""), clips.Moment(2.0, 3.5, "sadness", 0.8, "")]
    clips.reel(probe(source), found, tmp_path / "reel.mp4")
    assert probe(tmp_path / "reel.mp4").duration == pytest.approx(2.5, abs=0.15)
    shown = pictures(tmp_path / "reel.mp4")[1]
    assert shown[10][8:30, 10:100].max() > 180  # the title
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4", "reel.mp4"]


@pytest.mark.parametrize(("ending", "codec"), [("mkv", "ssa"), ("mp4", "mov_text")])
def test_subtitles_inside(grey: Path, tmp_path: Path, ending: str, codec: str) -> None:
    once, twice = tmp_path / f"once.{ending}", tmp_path / f"twice.{ending}"
    mux(of_video(grey), once, OutputOptions(), title="feelings")
    mux(replace(of_video(grey), media=probe(once), language="ko"), twice, OutputOptions(srt_style="hi"), default=False)
    with av.open(str(twice)) as container:
        first, second = container.streams.subtitles
        assert (first.codec_context.name, second.codec_context.name) == (codec, codec)
        assert first.metadata["language"] == "eng"
        assert "feelings" in first.metadata.values()
        assert second.metadata["language"] == "kor"
        assert first.disposition & av.stream.Disposition.default
        assert not second.disposition & av.stream.Disposition.default
        packets = [bytes(p) for p in container.demux(second) if p.size > 2]
    assert any(b"[happily] So happy." in p for p in packets)
    with av.open(str(once)) as container, av.open(str(grey)) as before:
        streams = [[bytes(p) for p in c.demux(video=0)] for c in (container, before)]
    assert len(streams[0]) == len(streams[1])
    if ending == "mkv":
        found = choose.written(probe(once), "auto")  # what emocli itself makes of it
        assert found is not None
        assert found.source == "embedded"
        assert "So happy." in found.utterances[0].text


def test_containers_that_cannot(grey: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in \.mkv"):
        mux(of_video(grey), tmp_path / "a.avi", OutputOptions())
    with pytest.raises(EmocliError, match="ffmpeg could not"):
        mux(of_video(grey), tmp_path / "a.webm", OutputOptions())  # H.264 is not for webm
    with pytest.raises(UsageError, match="no such container"):
        annotate(of_video(grey), tmp_path / "a.nothing", Drawing())
    sound = write(tmp_path / "a.wav", sound=tone(1), audio_codec="pcm_s16le")
    with pytest.raises(InputError, match="no frames"):
        annotate(replace(of_video(grey), media=probe(sound)), tmp_path / "b.mp4", Drawing())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.wav", "grey.mp4"]


def emocli(*args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "emocli", *map(str, args)], capture_output=True, text=True)


def test_commands(grey: Path, tmp_path: Path) -> None:
    (tmp_path / "grey.emotions.json").write_text(document.to_json(of_video(grey), OutputOptions()), encoding="utf-8")
    done = emocli("annotate", grey, "--preview", "1s")
    assert done.returncode == 0, done.stderr
    assert probe(tmp_path / "grey.annotated.mp4").duration == pytest.approx(1, abs=0.1)
    for args, words in ((["annotate", grey], "--overwrite"), (["annotate", grey, "-o", grey, "--overwrite"], "itself"),
                        (["annotate", grey, "--preview", "soon", "--overwrite"], "10s or 1m"),
                        (["annotate", grey, "--blur-except", "9", "--overwrite"], "number 9"),
                        (["clips", grey, "--emotion", "boredom"], "Choose from happiness"),
                        (["clips", grey, "--emotion", "fear"], "holds no such moment"),
                        (["mux", grey, "--srt-style", "loud"], "--srt-style")):
        failed = emocli(*args)
        assert failed.returncode in (2, 3), args
        assert words in failed.stderr, args
    assert emocli("mux", grey).returncode == 0
    done = emocli("clips", grey, "--emotion", "sad,happy", "--pad", "0", "-o", tmp_path / "cut")
    assert done.returncode == 0, done.stderr
    assert "encoded again" in done.stdout
    assert sorted(p.name for p in (tmp_path / "cut").iterdir()) == ["grey.001.sadness.mp4", "grey.002.happiness.mp4"]
    assert Fraction(1, 2) < probe(tmp_path / "cut" / "grey.001.sadness.mp4").duration < 2
