"""`emocli annotate`, `emocli mux` and `emocli clips`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emocli.cli.inputs import of_video, target
from emocli.errors import InputError, UsageError

_DOCUMENT = typer.Option("--emotions", help="The analysis (.emotions.json); the one beside the video if left out, and "
                                            "if there is none the video is analysed.")
_OVERWRITE = typer.Option("--overwrite", help="Replace files that are there.")
_LANG = typer.Option(help="Language of labels: en or ko.")


def annotate_command(
    video: Annotated[Path, typer.Argument(help="The video.")],
    out: Annotated[Path | None, typer.Option(
        "-o", "--out", help="The video to write; <stem>.annotated.mp4 if left out.")] = None,
    document: Annotated[Path | None, _DOCUMENT] = None,
    boxes: Annotated[bool, typer.Option("--boxes/--no-boxes", help="Boxes, names and scores of faces.")] = True,
    captions: Annotated[bool, typer.Option("--captions/--no-captions", help="What is said, with its emotion.")] = True,
    blur_faces: Annotated[bool, typer.Option(
        "--blur-faces", help="Make all faces that were found unrecognisable. Look at the result before you share it: "
                             "faces that were not found stay.")] = False,
    blur_except: Annotated[list[int] | None, typer.Option(
        help="The same for all but the face of this number; may be repeated.")] = None,
    preview: Annotated[str, typer.Option(help="Only the beginning, as 10s or 1m.")] = "",
    lang: Annotated[str, _LANG] = "en",
    font: Annotated[str, typer.Option(help="A font file for text.")] = "",
    emoji_font: Annotated[str, typer.Option(help="A font file for emoji.")] = "",
    overwrite: Annotated[bool, _OVERWRITE] = False,
) -> None:
    """Write the video with faces, emotions and captions on the pictures, or with faces hidden.

    Example: emocli annotate interview.mp4 --preview 10s

    Example: emocli annotate interview.mp4 --blur-except 1 -o shareable.mp4
    """
    from emocli.outputs.base import OutputOptions
    from emocli.render.annotate import Drawing, annotate
    from emocli.render.text_overlay import TextOverlay

    OutputOptions(lang=lang)
    seconds = _seconds(preview)
    path = target(out, video.with_name(video.stem + ".annotated.mp4"), overwrite=overwrite)
    if path.absolute() == video.absolute():
        raise UsageError(path, "is the video itself", "give another name with -o")
    text_overlay = TextOverlay(font, emoji_font)
    timeline = of_video(video, document)
    drawing = Drawing(faces=boxes, captions=captions, blur=blur_faces or bool(blur_except),
                      keep=frozenset(blur_except or ()), lang=lang, text_overlay=text_overlay)
    unknown = drawing.keep - {o.face_id for o in timeline.faces}
    if unknown:
        raise UsageError("--blur-except", f"no face has the number {min(unknown)}",
                         "look at the boxes of `emocli annotate` without blurring for the numbers")
    from emocli.cli.console import bar

    with bar("annotate") as progress:
        annotate(timeline, path, drawing, seconds=seconds, progress=progress)
    for note in text_overlay.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"wrote {path}")


def _seconds(text: str) -> float | None:
    if not text:
        return None
    units = {"s": 1.0, "m": 60.0}
    number = text.rstrip("sm")
    try:
        found = float(number) * units.get(text[len(number):] or "s", 0.0)
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise UsageError("--preview", f"{text} is no length", "give it as 10s or 1m")
    return found


def mux_command(
    video: Annotated[Path, typer.Argument(help="The video.")],
    out: Annotated[Path | None, typer.Option(
        "-o", "--out", help="The video to write (.mkv, .mp4, .mov, .webm); <stem>.emotions.mkv if left out.")] = None,
    document: Annotated[Path | None, _DOCUMENT] = None,
    title: Annotated[str, typer.Option(help="What players call the track.")] = "emocli",
    default: Annotated[bool, typer.Option("--default/--no-default", help="Whether players show it unasked.")] = True,
    srt_style: Annotated[str, typer.Option(help="both, emoji, tag, plain, or hi (\\[sadly] text).")] = "both",
    lang: Annotated[str, _LANG] = "en",
    overwrite: Annotated[bool, _OVERWRITE] = False,
) -> None:
    """Write a copy of the video with the emotion subtitles as a track inside; nothing is encoded again.

    Example: emocli mux interview.mp4 -o interview.subtitled.mkv --srt-style hi
    """
    from emocli.outputs.base import OutputOptions
    from emocli.render.mux import mux

    options = OutputOptions(srt_style=srt_style, lang=lang)
    path = target(out, video.with_name(video.stem + ".emotions.mkv"), overwrite=overwrite)
    mux(of_video(video, document), path, options, title=title, default=default)
    typer.echo(f"wrote {path}")


def clips_command(
    video: Annotated[Path, typer.Argument(help="The video.")],
    emotion: Annotated[str, typer.Option(help="Which emotions, with commas between.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder of the clips; beside the video if left "
                                                                 "out.")] = None,
    document: Annotated[Path | None, _DOCUMENT] = None,
    min_confidence: Annotated[float, typer.Option(min=0, max=1, help="Only rows at least so sure.")] = 0.5,
    min_length: Annotated[float, typer.Option(min=0, help="Only moments of so many seconds.")] = 1.0,
    pad: Annotated[float, typer.Option(min=0, help="Seconds to add on either side.")] = 0.5,
    reel: Annotated[Path | None, typer.Option(help="One video of all of them, with titles, instead.")] = None,
    lang: Annotated[str, _LANG] = "en",
    overwrite: Annotated[bool, _OVERWRITE] = False,
) -> None:
    """Cut the moments of chosen emotions out of a video.

    Example: emocli clips interview.mp4 --emotion anger,sadness --min-confidence 0.7 --reel moments.mp4
    """
    from rich.console import Console
    from rich.table import Table

    from emocli.cli.console import clock, escape
    from emocli.emotions import EMOTIONS, index_of
    from emocli.outputs.base import OutputOptions
    from emocli.render import clips as cutting
    from emocli.render.text_overlay import TextOverlay

    OutputOptions(lang=lang)
    wanted = [index_of(name) for name in emotion.split(",") if name.strip()]
    if None in wanted or not wanted:
        raise UsageError("--emotion", f"{emotion} is unknown", f"choose from {', '.join(EMOTIONS)}")
    timeline = of_video(video, document)
    found = cutting.moments(timeline, [EMOTIONS[i] for i in wanted if i is not None], min_confidence=min_confidence,
                            min_length=min_length, pad=pad)
    if not found:
        raise InputError(video, "holds no such moment", "lower --min-confidence or --min-length")
    info, folder = timeline.media, out or video.parent
    ending = video.suffix if video.suffix.lower() in (".mp4", ".mkv", ".mov", ".webm") or not info.has_video else ".mp4"
    names = [folder / f"{video.stem}.{n:03d}.{m.emotion}{ending}" for n, m in enumerate(found, 1)]
    for path in [reel] if reel else names:
        target(path, path, overwrite=overwrite)
    table = Table("", "from", "to", "emotion", "sure", "words", "", box=None)
    if reel:
        if not info.has_video:
            raise UsageError("--reel", "needs pictures", "leave it out to get the moments one by one")
        text_overlay = TextOverlay()
        cutting.reel(info, found, reel, lang=lang, text_overlay=text_overlay)
        for note in text_overlay.notes:
            typer.echo(f"note: {note}", err=True)
    keys = cutting.key_times(info)
    for number, (moment, path) in enumerate(zip(found, names, strict=True), 1):
        how = "in the reel" if reel else "copied" if cutting.cut(info, moment, path, keys) else "encoded again"
        table.add_row(str(number), clock(moment.start), clock(moment.end), moment.emotion, f"{moment.confidence:.0%}",
                      escape(moment.text[:40]), how)
    Console().print(table)
    for path in [reel] if reel else names:
        typer.echo(f"wrote {path}")
