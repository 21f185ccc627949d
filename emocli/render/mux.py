"""A copy of a video with the subtitles inside, every other track as it was (ffmpeg)."""

from __future__ import annotations

from pathlib import Path

from emocli.errors import UsageError
from emocli.media.container import file_url, opened
from emocli.media.probe import probe
from emocli.outputs import cues
from emocli.outputs.base import OutputOptions
from emocli.render.ffmpeg import input_file, run_ffmpeg
from emocli.render.remux import on_one_clock
from emocli.storage import atomic, scratch, write_text
from emocli.timeline.types import Timeline

#: The subtitle codec of each container, and the writer of what goes in.
CODECS = {".mkv": ("ass", cues.ass), ".mp4": ("mov_text", cues.srt), ".m4v": ("mov_text", cues.srt),
          ".mov": ("mov_text", cues.srt), ".webm": ("webvtt", cues.vtt)}


def mux(timeline: Timeline, target: Path, options: OutputOptions, *, title: str = "emocli",
        default: bool = True) -> None:
    """Write `timeline.media.path` with a subtitle track more: ASS in mkv, mov_text in mp4, WebVTT in webm.

    The track carries the language of the words, `title`, and the default flag.  Raises `UsageError` for
    another container, `EmocliError` when the container cannot hold the video's tracks.
    """
    if target.suffix.lower() not in CODECS:
        raise UsageError(target, "cannot hold subtitles here",
                         f"give a name that ends in {', '.join(CODECS)}")
    codec, write = CODECS[target.suffix.lower()]
    ending = {"ass": "ass", "webvtt": "vtt"}.get(codec, "srt")
    with scratch() as folder, atomic(target) as part:
        source = on_one_clock(probe(timeline.media.path), folder)
        with opened(source) as container:
            before = len(container.streams.subtitles)
            tracks = [f"0:{s.index}" for s in container.streams if s.type in ("video", "audio", "subtitle")]
        subtitles = folder / f"track.{ending}"
        write_text(subtitles, write(timeline, options))
        maps = [argument for track in [*tracks, "1:0"] for argument in ("-map", track)]
        run_ffmpeg([*input_file(source), *input_file(subtitles), *maps, "-c", "copy",
                    "-c:s" if not before else f"-c:s:{before}", codec,
                    f"-metadata:s:s:{before}", f"language={_language(timeline.language)}",
                    f"-metadata:s:s:{before}", f"title={title}",
                    f"-metadata:s:s:{before}", f"handler_name={title}",
                    f"-disposition:s:{before}", "default" if default else "0", file_url(part)],
                   about=timeline.media.path)


def _language(code: str) -> str:
    """The ISO 639-2 code, which containers want; `und` (undetermined) where there is none."""
    from langcodes import Language

    try:
        return Language.get(code).to_alpha3()
    except (LookupError, ValueError):
        return "und"
