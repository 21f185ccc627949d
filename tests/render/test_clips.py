"""Moments cut out of videos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from media.zoo import joined
from support.media import even, onset, sound_of, tone, write
from support.timelines import made_up, row
from support.videos import frames_of

from emocli.cli.clips import REELS
from emocli.media.probe import probe
from emocli.render import clips


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
    source = write(tmp_path / "a.mp4", even(4), sound=tone(4),
                   options={"g": "25", "bf": "0", "sc_threshold": "0"})
    info, keys = probe(source), clips.key_times(probe(source))
    assert keys.tolist() == pytest.approx([0, 1, 2, 3], abs=1e-3)
    for start, end, copied in ((1.0, 2.5, True), (1.32, 2.0, False)):
        out = tmp_path / "out.mp4"
        assert clips.cut(info, clips.Moment(start, end, "anger", 1.0, ""), out, keys) is copied
        times, shown = frames_of(out)
        assert len(times) == pytest.approx((end - start) * 25, abs=1)
        levels = 20 + 10 * (round(start * 25) % 20)  # `ramp` says which frame it is
        assert int(np.median(shown[0])) == pytest.approx(levels, abs=4)
        assert probe(out).duration == pytest.approx(end - start, abs=0.13)  # packets of sound are long


def test_reel(tmp_path: Path) -> None:
    plain = np.full((240, 320, 3), 60, np.uint8)
    source = write(tmp_path / "a.mp4", even(4), pictures=lambda i: plain, sound=tone(4))
    chosen = [clips.Moment(0.5, 1.5, "anger", 0.9, ""), clips.Moment(2.0, 3.5, "sadness", 0.8, "")]
    clips.reel(probe(source), chosen, tmp_path / "reel.mp4")
    assert probe(tmp_path / "reel.mp4").duration == pytest.approx(2.5, abs=0.15)
    shown = frames_of(tmp_path / "reel.mp4")[1]
    assert shown[10][8:30, 10:100].max() > 180  # the title
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4", "reel.mp4"]


def test_a_reel_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(clip: object, *args: object, **kwargs: object) -> None:
        left.extend(p.name for p in tmp_path.iterdir())
        raise KeyboardInterrupt

    left = list[str]()
    source = write(tmp_path / "a.mp4", even(2), sound=tone(2))
    monkeypatch.setattr("moviepy.video.VideoClip.ffmpeg_write_video", interrupt)  # the sound is written first
    with pytest.raises(KeyboardInterrupt):
        clips.reel(probe(source), [clips.Moment(0.5, 1.5, "anger", 0.9, "")], tmp_path / "reel.mp4")
    assert left == ["a.mp4"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4"]


@pytest.mark.parametrize("ending", REELS)
def test_reels_of_every_kind(ending: str, tmp_path: Path) -> None:
    source = write(tmp_path / "a.mp4", even(1), sound=tone(1))
    clips.reel(probe(source), [clips.Moment(0, 1, "anger", 0.9, "")], tmp_path / f"reel{ending}")
    info = probe(tmp_path / f"reel{ending}")
    assert info.has_video
    assert info.has_audio


def test_clips_of_joined_parts_are_on_the_clock(tmp_path: Path) -> None:
    info = probe(joined(tmp_path / "joined.ts"))
    moment = clips.Moment(4.0, 5.0, "anger", 1.0, "")
    clips.cut(info, moment, tmp_path / "out.mp4", clips.key_times(info))
    times, shown = frames_of(tmp_path / "out.mp4")
    assert len(times) == pytest.approx(25, abs=1)
    # frame 0 is shown at 0.06 and 3.14 s
    assert int(np.median(shown[0])) == pytest.approx(20 + 10 * (22 % 20), abs=12)
    assert onset(sound_of(tmp_path / "out.mp4")) == pytest.approx(0, abs=0.1)
