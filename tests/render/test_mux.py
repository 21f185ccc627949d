"""Subtitles inside a copy of the video."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import pytest
from media.zoo import joined
from support.videos import of_video

from emocli.errors import EmocliError, UsageError
from emocli.media.probe import probe
from emocli.outputs.base import OutputOptions
from emocli.render.mux import mux
from emocli.timeline.run import Run
from emocli.transcript import choose, embedded


@pytest.mark.parametrize(("ending", "codec"), [("mkv", "ssa"), ("mp4", "mov_text")])
def test_subtitles_inside(grey: Path, tmp_path: Path, ending: str, codec: str) -> None:
    once, twice = tmp_path / f"once.{ending}", tmp_path / f"twice.{ending}"
    mux(of_video(grey), once, OutputOptions(), title="feelings")
    korean = replace(of_video(grey), media=probe(once), language="ko")
    mux(korean, twice, OutputOptions(srt_style="hi"), default=False)
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
        # what emocli itself makes of it
        transcript = choose.from_subtitles(Run(probe(once)), "auto", (), "auto")
        assert transcript is not None
        assert transcript.source == "embedded"
        assert "So happy." in transcript.utterances[0].text


def test_containers_that_cannot(grey: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in \.mkv"):
        mux(of_video(grey), tmp_path / "a.avi", OutputOptions())
    with pytest.raises(EmocliError, match="ffmpeg could not"):
        mux(of_video(grey), tmp_path / "a.webm", OutputOptions())  # H.264 is not for webm


def test_subtitles_of_joined_parts_are_on_the_clock(tmp_path: Path) -> None:
    timeline = of_video(joined(tmp_path / "joined.ts"))
    mux(timeline, tmp_path / "out.mkv", OutputOptions())
    assert probe(tmp_path / "out.mkv").duration == pytest.approx(6.14, abs=0.1)
    assert not probe(tmp_path / "out.mkv").notes
    (cue,) = (u for track in embedded.read(tmp_path / "out.mkv").tracks
              for u in track.utterances if "So happy" in u.text)
    assert cue.start == pytest.approx(timeline.media.duration / 2, abs=0.01)


def test_a_name_with_a_colon_is_a_name(grey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    grey.rename("12:30 talk.mp4")
    mux(of_video(Path("12:30 talk.mp4")), Path("12:31 talk.mkv"), OutputOptions())
    assert probe(Path("12:31 talk.mkv")).duration == pytest.approx(3, abs=0.1)
