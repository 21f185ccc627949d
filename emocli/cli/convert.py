"""`emocli convert`."""

from __future__ import annotations

from typing import Annotated

import typer

from emocli.cli import parameters as options
from emocli.cli.analyze import known_formats
from emocli.cli.inputs import ENDING, of_document, say_written


def convert_command(
    path: options.Document,
    formats: Annotated[str, typer.Option(
        "-f", "--formats", help="csv, srt, vtt, ass, html, eaf, textgrid, audacity.")],
    out: options.OutFolder = None,
    srt_style: options.SrtStyle = options.WRITING.srt_style,
    srt_gaps: options.SrtGaps = options.WRITING.gaps,
    lang: options.Lang = options.WRITING.lang,
    safe_csv: options.SafeCsv = options.WRITING.safe_csv,
    overwrite: options.Overwrite = False,
) -> None:
    """Write an analysis in other formats, without analysing again.

    Example: emocli convert interview.emotions.json -f ass,eaf --lang ko
    """
    from emocli.outputs import formats as outputs
    from emocli.outputs.base import OutputOptions

    chosen = known_formats(formats, [name for name in outputs.FORMATS if name != "json"])
    writing = OutputOptions(gaps=srt_gaps, srt_style=srt_style, lang=lang, safe_csv=safe_csv)
    timeline = of_document(path)
    files = outputs.targets(path.with_name(path.name.removesuffix(ENDING) + ".x"), out, chosen)
    if not overwrite:
        outputs.refuse_existing(files.values())
    for written in outputs.write(timeline, files, writing):
        say_written(written)
