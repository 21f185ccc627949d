"""`emocli clips`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emocli.cli import parameters as options
from emocli.cli.inputs import of_video, say_written, target
from emocli.errors import InputError, UsageError

if TYPE_CHECKING:
    from emocli.render.clips import Moment
    from emocli.timeline.types import MediaInfo

#: Containers that a clip keeps; others become mp4.
KEPT = (".mp4", ".mkv", ".mov", ".webm")
#: What a reel can be written as.
REELS = (".mp4", ".mkv", ".mov", ".m4v")


def clips_command(
    video: options.Video,
    emotion: Annotated[str, typer.Option(help="Which emotions, with commas between.")],
    out: options.OutFolder = None,
    document: options.DocumentOfVideo = None,
    min_confidence: Annotated[float, typer.Option(min=0, max=1, help="Only rows at least so sure.")] = 0.5,
    min_length: Annotated[float, typer.Option(min=0, help="Only moments of so many seconds.")] = 1.0,
    pad: Annotated[float, typer.Option(min=0, help="Seconds to add on either side.")] = 0.5,
    reel: Annotated[Path | None, typer.Option(help="One video of all of them, with titles, instead.")] = None,
    lang: options.Lang = options.WRITING.lang,
    overwrite: options.Overwrite = False,
) -> None:
    """Cut the moments of chosen emotions out of a video.

    Example: emocli clips interview.mp4 --emotion anger,sadness --min-confidence 0.7 --reel moments.mp4
    """
    from emocli.outputs.base import OutputOptions
    from emocli.render.clips import moments

    writing, wanted = OutputOptions(lang=lang), _emotions(emotion)
    if reel and reel.suffix.lower() not in REELS:
        raise UsageError("--reel", f"{reel} is no video that can be written",
                         f"give a name that ends in {', '.join(REELS)}")
    timeline = of_video(video, document)
    info = timeline.media
    if reel and not info.has_video:
        raise UsageError("--reel", "needs a video with frames", "leave it out to get the moments one by one")
    chosen = moments(timeline, wanted, min_confidence=min_confidence, min_length=min_length, pad=pad)
    if not chosen:
        raise InputError(video, "holds no such moment", "lower --min-confidence or --min-length")
    ending = video.suffix if video.suffix.lower() in KEPT or not info.has_video else ".mp4"
    paths = [reel] if reel else [(out or video.parent) / f"{video.stem}.{n:03d}.{m.emotion}{ending}"
                                 for n, m in enumerate(chosen, 1)]
    for path in paths:
        target(path, path, overwrite=overwrite, source=video)
    _show(chosen, _make_reel(info, chosen, reel, writing.lang) if reel else _cut(info, chosen, paths))
    for path in paths:
        say_written(path)


def _emotions(text: str) -> list[str]:
    from emocli.emotions import EMOTIONS, index_of

    wanted = [index_of(name) for name in text.split(",") if name.strip()]
    if None in wanted or not wanted:
        raise UsageError("--emotion", f"{text} is unknown", f"choose from {', '.join(EMOTIONS)}")
    return [EMOTIONS[i] for i in wanted if i is not None]


def _make_reel(info: MediaInfo, moments: Sequence[Moment], path: Path, lang: str) -> Iterator[str]:
    """Write the reel; yields how each moment came about."""
    from emocli.render.clips import reel
    from emocli.render.text_overlay import TextOverlay

    text_overlay = TextOverlay()
    reel(info, moments, path, lang=lang, text_overlay=text_overlay)
    for note in text_overlay.notes:
        typer.echo(f"note: {note}", err=True)
    yield from ["in the reel"] * len(moments)


def _cut(info: MediaInfo, moments: Sequence[Moment], paths: Sequence[Path]) -> Iterator[str]:
    """Write a clip each; yields how it came about."""
    from emocli.render.clips import cut, key_times

    keys = key_times(info)
    for moment, path in zip(moments, paths, strict=True):
        yield "copied" if cut(info, moment, path, keys) else "encoded again"


def _show(moments: Sequence[Moment], ways: Iterator[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    from emocli.cli.console import clock, escape

    table = Table("", "from", "to", "emotion", "sure", "words", "", box=None)
    for number, (moment, how) in enumerate(zip(moments, ways, strict=True), 1):
        table.add_row(str(number), clock(moment.start), clock(moment.end), moment.emotion,
                      f"{moment.confidence:.0%}", escape(moment.text[:40]), how)
    Console().print(table)
