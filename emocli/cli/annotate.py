"""`emocli annotate`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from emocli.cli import parameters as options
from emocli.cli.inputs import of_video, say_written, target
from emocli.errors import UsageError


def annotate_command(
    video: options.Video,
    out: Annotated[Path | None, options.out_file("<stem>.annotated.mp4")] = None,
    document: options.DocumentOfVideo = None,
    boxes: Annotated[bool, typer.Option(
        "--boxes/--no-boxes", help="Boxes, names and scores of faces.")] = True,
    captions: Annotated[bool, typer.Option(
        "--captions/--no-captions", help="What is said, with its emotion.")] = True,
    blur_faces: Annotated[bool, typer.Option(
        "--blur-faces", help="Make all faces that were found unrecognisable. Look at the result before you "
                             "share it: faces that were not found stay.")] = False,
    blur_except: Annotated[list[int] | None, typer.Option(
        help="The same for all but the face of this number; may be repeated.")] = None,
    preview: Annotated[str, typer.Option(help="Only the beginning, as 10s or 1m.")] = "",
    lang: options.Lang = options.WRITING.lang,
    font: Annotated[Path | None, typer.Option(help="A font file for text.")] = None,
    emoji_font: Annotated[Path | None, typer.Option(help="A font file for emoji.")] = None,
    overwrite: options.Overwrite = False,
) -> None:
    """Write the video with faces, emotions and captions on its frames, or with faces hidden.

    Example: emocli annotate interview.mp4 --preview 10s

    Example: emocli annotate interview.mp4 --blur-except 1 -o shareable.mp4
    """
    from emocli.cli.console import bar
    from emocli.outputs.base import OutputOptions
    from emocli.render.annotate import Drawing, annotate
    from emocli.render.text_overlay import TextOverlay

    writing, seconds = OutputOptions(lang=lang), _seconds(preview)
    path = target(out, video.with_name(video.stem + ".annotated.mp4"), overwrite=overwrite, source=video)
    text_overlay = TextOverlay(str(font or ""), str(emoji_font or ""))
    timeline = of_video(video, document)
    drawing = Drawing(faces=boxes, captions=captions, blur=blur_faces or bool(blur_except),
                      keep=frozenset(blur_except or ()), lang=writing.lang, text_overlay=text_overlay)
    if unknown := drawing.keep - {o.face_id for o in timeline.faces}:
        raise UsageError("--blur-except", f"no face has the number {min(unknown)}",
                         "look at the boxes of `emocli annotate` without blurring for the numbers")
    with bar("annotate") as progress:
        annotate(timeline, path, drawing, seconds=seconds, progress=progress)
    for note in text_overlay.notes:
        typer.echo(f"note: {note}", err=True)
    say_written(path)


def _seconds(text: str) -> float | None:
    if not text:
        return None
    number = text.rstrip("sm")
    try:
        length = float(number) * {"": 1.0, "s": 1.0, "m": 60.0}[text[len(number):]]
    except (ValueError, KeyError):
        length = 0.0
    if not 0 < length < math.inf:
        raise UsageError("--preview", f"{text} is no length", "give it as 10s or 1m")
    return length
