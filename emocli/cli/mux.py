"""`emocli mux`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emocli.cli import parameters as options
from emocli.cli.inputs import of_video, say_written, target


def mux_command(
    video: options.Video,
    out: Annotated[Path | None, options.out_file("<stem>.emotions.mkv (or .mp4, .mov, .webm)")] = None,
    document: options.DocumentOfVideo = None,
    title: Annotated[str, typer.Option(help="What players call the track.")] = "emocli",
    default: Annotated[bool, typer.Option("--default/--no-default",
                                          help="Whether players show it unasked.")] = True,
    srt_style: options.SrtStyle = options.WRITING.srt_style,
    lang: options.Lang = options.WRITING.lang,
    overwrite: options.Overwrite = False,
) -> None:
    """Write a copy of the video with the emotion subtitles as a track inside; nothing is encoded again.

    Example: emocli mux interview.mp4 -o interview.subtitled.mkv --srt-style hi
    """
    from emocli.outputs.base import OutputOptions
    from emocli.render.mux import mux

    writing = OutputOptions(srt_style=srt_style, lang=lang)
    path = target(out, video.with_name(video.stem + ".emotions.mkv"), overwrite=overwrite, source=video)
    mux(of_video(video, document), path, writing, title=title, default=default)
    say_written(path)
