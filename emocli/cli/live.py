"""`emocli live`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emocli.cli import parameters as options
from emocli.errors import EXIT_INTERRUPTED
from emocli.options import AnalyzeOptions

if TYPE_CHECKING:
    from emocli.live.engine import Engine
    from emocli.live.events import Event, Sink

#: Seconds in which a session that is interrupted tells the rest.
PATIENCE = 0.6


def live_command(
    source: Annotated[str, typer.Argument(
        metavar="SOURCE", help="A file, rtsp://, http:// or udp://, mic, webcam:0, or - for raw sound on "
                               "standard input: mono, 16 bits, 16 kHz.")],
    srt: Annotated[Path | None, typer.Option(metavar="FILE", help="Subtitles, written as it goes.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Rows, written as it goes.")] = None,
    log: Annotated[Path | None, typer.Option(
        metavar="FILE", help="How long each stage took and what was shed or lost, as JSON lines.")] = None,
    realtime: Annotated[bool, typer.Option(
        "--realtime/--fast", help="Play a file at its own pace, or read it as fast as can be, as an analysis "
                                  "does.")] = True,
    words: Annotated[bool, typer.Option("--words/--no-words", help="Whether Whisper writes down what is "
                                                                   "said.")] = True,
    partials: Annotated[bool, typer.Option(
        "--partials/--no-partials", help="Whether words are shown while an utterance goes on.")] = True,
    face_fps: Annotated[float | None, typer.Option(
        min=0.0, max=60.0, help="Pictures a second that are searched for faces, 0 for none; 3 if left out, "
                                "with --fast 5.")] = None,
    asr_model: Annotated[str, typer.Option(help="Size or file of Whisper's weights.")] = "base",
    language: Annotated[str, typer.Option(help="Of the words: auto, or a code as en or ko.")] = "auto",
    speakers: Annotated[bool, typer.Option("--speakers/--no-speakers", help="Whether speakers are told "
                                                                            "apart.")] = True,
    overlay: Annotated[bool, typer.Option(
        "--overlay", help="Show captions on a page, too, for OBS or a second screen.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the page; any that is free if 0.")] = 0,
    lang: options.Lang = options.WRITING.lang,
    overwrite: options.Overwrite = False,
) -> None:
    """Caption sound while it comes: what is said, and with which emotion.  The voice is read when an
    utterance has ended, its words after that.

    Example: emocli live talk.mp4 --srt talk.srt --log talk.jsonl
    """
    from emocli.live.session import session
    from emocli.live.sources import source_of

    files = _writable({"srt": srt, "csv": csv, "log": log}, overwrite=overwrite)
    log = files.pop("log", None)
    rate = face_fps if face_fps is not None else 3.0 if realtime else AnalyzeOptions.face_fps
    settings = AnalyzeOptions(asr_model=asr_model, language=language, speakers="auto" if speakers else "off",
                              face_fps=rate or AnalyzeOptions.face_fps)
    came = source_of(source, sys.stdin.buffer, realtime=realtime, face_fps=rate)
    with ExitStack() as stack:
        shown = [*([_page(stack, port)] if overlay else []), *_sinks(stack, files, lang)]
        engine = stack.enter_context(session(came, settings, words=words, partials=partials))
        if log:
            told = {"realtime": realtime, "words": words, "partials": partials, **asdict(settings)}
            shown.append(_log(stack, log, source, told, shown))
        consume(engine, shown)


def _writable(wanted: dict[str, Path | None], *, overwrite: bool) -> dict[str, Path]:
    """The files that are wanted.  Raises `UsageError` or `OutputError` where one cannot be begun."""
    from emocli.outputs import formats

    files = {name: path for name, path in wanted.items() if path}
    if not overwrite:
        formats.refuse_existing(files.values())
    formats.refuse_locked(files.values())
    return files


def consume(engine: Engine, sinks: Sequence[Sink]) -> None:
    """Hand every event to each sink in turn; Ctrl-C or SIGTERM ends the session in order."""
    def tell(events: Iterable[Event]) -> None:
        for event in events:
            for sink in sinks:
                sink(event)

    signal.signal(signal.SIGTERM, _interrupt)
    try:
        tell(engine.events())
    except KeyboardInterrupt:
        tell(engine.stop(PATIENCE))
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


def _sinks(stack: ExitStack, files: dict[str, Path], lang: str) -> list[Sink]:
    """What shows and writes events; `stack` closes it."""
    from emocli.live.record import Record
    from emocli.live.terminal import Terminal
    from emocli.outputs.base import OutputOptions

    view, record = stack.enter_context(Terminal(lang)), Record(files, OutputOptions(lang=lang))
    stack.callback(record.close)
    return [view, record]


def _page(stack: ExitStack, port: int) -> Sink:
    """The page, whose address is said before the terminal is full of captions."""
    from emocli.live.overlay import Overlay

    page = stack.enter_context(Overlay(port))
    print(f"emocli: captions are shown at {page.url}", file=sys.stderr)
    return page


def _log(stack: ExitStack, path: Path, source: str, told: dict[str, Any], sinks: Sequence[Sink]) -> Sink:
    """The log, whose own end is told to the other sinks."""
    from emocli import __version__
    from emocli.live.metrics import MetricsLog
    from emocli.live.sources import ADDRESS
    from emocli.live.streams import shown

    def notify(event: Event) -> None:
        for sink in sinks:
            if not isinstance(sink, MetricsLog):
                sink(event)

    named = shown(source) if ADDRESS.match(source) else source
    log = MetricsLog(path, {"source": named, "emocli": __version__, "options": told}, notify=notify)
    stack.callback(log.close)
    return log
