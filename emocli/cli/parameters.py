"""Arguments and options that several commands take, each described once; their defaults are those of the
options that they become (`OutputOptions`, `AnalyzeOptions`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emocli.emotions import LANGUAGES
from emocli.outputs.base import SRT_STYLES, OutputOptions

#: Where the defaults of `Lang`, `SrtStyle` and the like come from.
WRITING = OutputOptions()

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")]
Lang = Annotated[str, typer.Option(help=f"Language of labels: {' or '.join(LANGUAGES)}.")]
SrtStyle = Annotated[str, typer.Option(
    help=f"How subtitles show emotions: {', '.join(SRT_STYLES)} (\\[sadly] text).")]
SrtGaps = Annotated[bool, typer.Option("--srt-gaps", help="Subtitle the stretches without words, too.")]
SafeCsv = Annotated[bool, typer.Option(
    "--safe-csv", help="Put ' before words that a spreadsheet would run as a formula.")]
Video = Annotated[Path, typer.Argument(help="The video.")]
Document = Annotated[Path, typer.Argument(help="An analysis (.emotions.json).")]
DocumentOfVideo = Annotated[Path | None, typer.Option(
    "--emotions", help="The analysis (.emotions.json); the one beside the video if left out, and if there is "
                       "none the video is analysed.")]
OutFolder = Annotated[Path | None, typer.Option("-o", "--out", help="Folder; beside the input if left out.")]
Recipe = Annotated[Path | None, typer.Option(help="A recipe; the shipped one if left out.")]


def out_file(usual: str) -> typer.models.OptionInfo:
    """The `-o` of a command that writes one file, `usual` if left out."""
    return typer.Option("-o", "--out", help=f"The file to write; {usual} if left out.")
