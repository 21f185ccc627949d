"""`emocli analyze`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emocli.errors import EXIT_SOME_FAILED, EmocliError, InputError, UsageError
from emocli.media.probe import AUDIO_ENDINGS, VIDEO_ENDINGS
from emocli.options import AnalyzeOptions

if TYPE_CHECKING:
    from emocli.timeline.types import Timeline

_DEFAULTS = AnalyzeOptions()
#: glibc's settings (malloc.h): bytes from which memory goes back to the system as soon as it is
#: freed, and the number of arenas.
_MALLOC = {"M_MMAP_THRESHOLD": (-3, 512 * 1024), "M_ARENA_MAX": (-8, 1)}


def inputs(paths: Iterable[Path]) -> list[Path]:
    """Files as given, folders as the media files directly in them, in order of name.

    Raises `InputError` for a folder that holds none.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith(".")
                        and p.suffix.lower() in VIDEO_ENDINGS | AUDIO_ENDINGS)
        if not inside:
            raise InputError(path, "the folder holds no video", "give a folder with videos, or the files themselves")
        found += inside
    return list(dict.fromkeys(found))


def analyze_command(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Videos, sound files, or folders of them.")],
    out: Annotated[Path | None, typer.Option(
        "-o", "--out", help="Folder for the results; beside each video if left out.")] = None,
    formats: Annotated[str, typer.Option("-f", "--formats", help="Which files: csv, srt, vtt, json.")] = "csv,srt",
    face_fps: Annotated[float, typer.Option(
        help="Pictures a second that are searched for faces.")] = _DEFAULTS.face_fps,
    transcript: Annotated[str, typer.Option(help="auto, none, or a subtitle file.")] = _DEFAULTS.transcript,
    asr_model: Annotated[str, typer.Option(help="Whisper size, or a .pt file.")] = _DEFAULTS.asr_model,
    language: Annotated[str, typer.Option(help="auto, or the code of the spoken language.")] = _DEFAULTS.language,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = _DEFAULTS.device,
    offline: Annotated[bool, typer.Option("--offline", help="Fetch nothing.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that are there.")] = False,
    faces: Annotated[bool, typer.Option("--faces", help="Also write <stem>.faces.csv.")] = False,
    srt_gaps: Annotated[bool, typer.Option("--srt-gaps", help="Subtitle the stretches without words, too.")] = False,
    smooth: Annotated[bool, typer.Option(
        "--smooth/--no-smooth", help="Blend each row lightly with its neighbours.")] = True,
    voice_mode: Annotated[str, typer.Option(
        help="fast (the small network), accurate, cascade (fast, and accurate where it is unsure), or auto (fast on "
             "a busy machine).")] = _DEFAULTS.voice_mode,
    voice_baseline: Annotated[Path | None, typer.Option(
        help="A recording of the speaker, talking neutrally; helps where the video holds little speech.")] = None,
    commercial: Annotated[bool, typer.Option("--commercial", help="Use only weights that may be used commercially: "
                                                                  "voice and words, not the face.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print only the paths written.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say more on standard error.")] = False,
) -> None:
    """Write the timed emotions of videos as CSV and subtitles.

    Example: emocli analyze interview.mp4 -o results -f csv,srt,json
    """
    from emocli.outputs import formats as outputs
    from emocli.outputs.base import OutputOptions

    logging.basicConfig(level=logging.DEBUG if verbose else logging.ERROR, format="%(name)s: %(message)s")
    chosen = _formats(formats, outputs.FORMATS)
    options = AnalyzeOptions(face_fps=face_fps, transcript=transcript, asr_model=asr_model, language=language,
                             device=device, offline=offline, smooth=smooth, voice_mode=voice_mode,
                             voice_baseline=str(voice_baseline or ""), commercial=commercial)
    media = inputs(paths)
    files = {path: outputs.targets(path, out, chosen, faces=faces) for path in media}
    _refuse_collisions(files)
    if not overwrite:
        for mine in files.values():
            outputs.refuse_existing(mine.values())
    outputs.refuse_locked(target for mine in files.values() for target in mine.values())
    _give_memory_back()
    failures = _run(media, files, options, OutputOptions(gaps=srt_gaps), quiet=quiet)
    if failures:
        if len(media) == 1:
            raise failures[0]
        for error in failures:
            print(f"emocli: {error}", file=sys.stderr)
        print(f"emocli: {len(failures)} of {len(media)} inputs failed", file=sys.stderr)
        raise typer.Exit(failures[0].exit_code if len(failures) == len(media) else EXIT_SOME_FAILED)


def _give_memory_back() -> None:
    """Keep glibc from holding on to decoded pictures, which made long videos take a fifth more."""
    import ctypes

    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library
            for number, value in _MALLOC.values():
                ctypes.CDLL(None).mallopt(number, value)


def _formats(text: str, known: Iterable[str]) -> list[str]:
    chosen = [name.strip().lower() for name in text.split(",") if name.strip()]
    wrong = [name for name in chosen if name not in known]
    if wrong or not chosen:
        raise UsageError("--formats", f"unknown: {', '.join(wrong) or 'nothing given'}",
                         f"choose from {', '.join(known)}")
    return list(dict.fromkeys(chosen))


def _refuse_collisions(files: dict[Path, dict[str, Path]]) -> None:
    owner: dict[Path, Path] = {}
    for path, mine in files.items():
        for target in mine.values():
            if target in owner:
                raise UsageError(path, f"would write the same {target.name} as {owner[target]}",
                                 "rename one of them or analyse them into different folders")
            owner[target] = path


def _run(media: list[Path], files: dict[Path, dict[str, Path]], options: AnalyzeOptions, writing: object,
         *, quiet: bool) -> list[EmocliError]:
    from emocli.analyzer import Analyzer
    from emocli.cli import console
    from emocli.errors import WeightsError
    from emocli.outputs import formats as outputs

    failures: list[EmocliError] = []
    with Analyzer(options) as analyzer:
        for path in media:
            try:
                with console.progress(path, enabled=not quiet) as report:
                    timeline: Timeline = analyzer.analyze(path, report)
                written = outputs.write(timeline, files[path], writing)  # type: ignore[arg-type]
            except WeightsError:
                raise
            except EmocliError as error:
                failures.append(error)
                continue
            if quiet:
                for target in written:
                    print(target)
            else:
                console.summary(timeline, written)
    return failures
