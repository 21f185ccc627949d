"""`emocli live`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from emocli.cli import parameters as options
from emocli.errors import UsageError
from emocli.options import AnalyzeOptions


def live_command(
    source: Annotated[str, typer.Argument(
        metavar="SOURCE", help="A file, or - for raw sound on standard input: mono, 16 bits, 16 kHz.")],
    srt: Annotated[Path | None, typer.Option(metavar="FILE", help="Subtitles, written as it goes.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Rows, written as it goes.")] = None,
    realtime: Annotated[bool, typer.Option(
        "--realtime/--fast", help="Play a file at its own pace, or read it as fast as can be.")] = True,
    words: Annotated[bool, typer.Option("--words/--no-words", help="Whether Whisper writes down what is "
                                                                   "said.")] = True,
    asr_model: Annotated[str, typer.Option(help="Size or file of Whisper's weights.")] = "base",
    language: Annotated[str, typer.Option(help="Of the words: auto, or a code as en or ko.")] = "auto",
    lang: options.Lang = options.WRITING.lang,
    overwrite: options.Overwrite = False,
) -> None:
    """Caption sound while it comes: what is said, and with which emotion.  The voice is read when an
    utterance has ended, its words after that.

    Example: emocli live talk.mp4 --fast --srt talk.srt
    """
    from rich.console import Console
    from rich.live import Live

    from emocli.live import captions, sources
    from emocli.live.engine import Engine
    from emocli.live.record import Record
    from emocli.outputs import formats
    from emocli.outputs.base import OutputOptions

    files = {name: path for name, path in (("srt", srt), ("csv", csv)) if path}
    if not overwrite:
        formats.refuse_existing(files.values())
    formats.refuse_locked(files.values())
    if source != "-" and not Path(source).is_file():
        raise UsageError(source, "no such file", "give a file, or - for standard input")
    sounds = sources.from_pcm(sys.stdin.buffer) if source == "-" else sources.from_file(Path(source))
    if source != "-" and realtime:
        sounds = sources.paced(sounds)
    console, record = Console(), Record(files, OutputOptions(lang=lang))
    errors = Console(stderr=True)
    engine = Engine(AnalyzeOptions(asr_model=asr_model, language=language), words=words,
                    dynamic=realtime or source == "-", note=lambda text: errors.print(f"emocli: {text}"))
    record.write()
    with Live(console=console, transient=True) as view:
        for tagged in engine.run(sounds):
            view.update(captions.status(tagged))
            if tagged.row:
                console.print(captions.caption(tagged.row, lang))
                record.add(tagged.row)
    record.write(engine.heard)
