"""`emocli analyze`."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emocli.cli.parameters import SafeCsv
from emocli.errors import EXIT_SOME_FAILED, EmocliError, UsageError
from emocli.options import AnalyzeOptions

if TYPE_CHECKING:
    from emocli.timeline.types import Timeline

_DEFAULTS = AnalyzeOptions()
#: The options of a batch, in the help.
_MANY = "Many videos, with -o"
ENGINES = ("local", "ray")


def analyze_command(
    paths: Annotated[list[str], typer.Argument(
        metavar="PATH...", help="Videos, sound files, folders of them, or .txt files that list them; paths or URLs "
                                "(s3://, gs://, ...).")],
    out: Annotated[str | None, typer.Option(
        "-o", "--out", help="Folder for the results; beside each video if left out. With several videos it also keeps "
                            "account, so that a second run does only what is left.")] = None,
    formats: Annotated[str, typer.Option(
        "-f", "--formats", help="Which files: csv, srt, vtt, ass, json, html (the report), eaf (ELAN), textgrid "
                                "(Praat), audacity.")] = "csv,srt",
    report: Annotated[bool, typer.Option(
        "--report", help="Also write the report page and the JSON behind it.")] = False,
    srt_style: Annotated[str, typer.Option(
        help="How subtitles show emotions: both (emoji and tag), emoji, tag, plain, or hi (\\[sadly] text).")] = "both",
    lang: Annotated[str, typer.Option(help="Language of labels in subtitles and report: en or ko.")] = "en",
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
    safe_csv: SafeCsv = False,
    smooth: Annotated[bool, typer.Option(
        "--smooth/--no-smooth", help="Blend each row lightly with its neighbours.")] = True,
    voice_mode: Annotated[str, typer.Option(
        help="fast (the small network), accurate, cascade (fast, and accurate where it is unsure), or auto (fast on "
             "a busy machine).")] = _DEFAULTS.voice_mode,
    voice_baseline: Annotated[Path | None, typer.Option(
        help="A recording of the speaker, talking neutrally; helps where the video holds little speech.")] = None,
    commercial: Annotated[bool, typer.Option("--commercial", help="Use only weights that may be used commercially: "
                                                                  "voice and words, not the face.")] = False,
    workers: Annotated[str, typer.Option(
        help="Videos at a time: auto (what cores and free memory bear), or a number.", rich_help_panel=_MANY)] = "auto",
    include: Annotated[list[str] | None, typer.Option(
        help="Only files that match, as '*.mkv' or 'day1/*'; may be repeated.", rich_help_panel=_MANY)] = None,
    exclude: Annotated[list[str] | None, typer.Option(
        help="No files that match; may be repeated.", rich_help_panel=_MANY)] = None,
    combine: Annotated[bool, typer.Option(
        "--combine", help="Also write all rows into all.emotions.csv.", rich_help_panel=_MANY)] = False,
    parquet: Annotated[bool, typer.Option(
        "--parquet", help="Also write batch.csv and all.emotions.csv as Parquet.", rich_help_panel=_MANY)] = False,
    retry_failed: Annotated[bool, typer.Option(
        "--retry-failed", help="Try again what failed in an earlier run.", rich_help_panel=_MANY)] = False,
    timeout: Annotated[float, typer.Option(
        min=0, help="Seconds that one video may take; 0 for any time.", rich_help_panel=_MANY)] = 0.0,
    engine: Annotated[str, typer.Option(
        help="local, or ray for several machines (docs/cluster.md).", rich_help_panel=_MANY)] = "local",
    ray_address: Annotated[str, typer.Option(
        help="Of the Ray cluster.", rich_help_panel=_MANY)] = "auto",
    wait: Annotated[bool, typer.Option(
        "--wait", help="Wait for another run on the same folder.", rich_help_panel=_MANY)] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print only the paths written.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say more on standard error.")] = False,
) -> None:
    """Write the timed emotions of videos as CSV and subtitles.

    Example: emocli analyze interview.mp4 -o results -f csv,srt,json

    Example: emocli analyze videos/ -o results --combine
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # on matrices this small its threads would only wait, busily
    from emocli.batch.discover import discover
    from emocli.media.memory import give_memory_back
    from emocli.outputs import formats as outputs
    from emocli.outputs.base import OutputOptions
    from emocli.storage import place, remote

    logging.basicConfig(level=logging.DEBUG if verbose else logging.ERROR, format="%(name)s: %(message)s")
    chosen = known_formats(formats + (",json,html" if report else ""), outputs.FORMATS)
    writing = OutputOptions(gaps=srt_gaps, srt_style=srt_style, lang=lang, safe_csv=safe_csv)
    options = AnalyzeOptions(face_fps=face_fps, transcript=transcript, asr_model=asr_model, language=language,
                             device=device, offline=offline, smooth=smooth, voice_mode=voice_mode,
                             voice_baseline=str(voice_baseline or ""), commercial=commercial)
    if engine not in ENGINES:
        raise UsageError("--engine", f"{engine} is unknown", f"give one of {', '.join(ENGINES)}")
    given = [place(path) for path in paths]
    jobs = discover(given, include=include or (), exclude=exclude or ())
    folder = place(out) if out else None
    if folder is not None and (len(jobs) > 1 or [job.path for job in jobs] != given or engine != "local"
                               or remote(folder) or remote(jobs[0].path)):
        from emocli.batch.runner import Plan
        from emocli.cli import batch

        raise typer.Exit(batch.run(Plan(
            jobs, folder, options, writing, chosen, faces=faces, workers=_workers(workers),
            timeout=timeout, retry_failed=retry_failed, overwrite=overwrite, wait=wait, combine=combine,
            parquet=parquet, engine=engine, ray_address=ray_address), quiet=quiet))
    many = [name for name, value in {"--workers": workers != "auto", "--combine": combine, "--parquet": parquet,
                                      "--retry-failed": retry_failed, "--timeout": timeout, "--wait": wait,
                                      "--engine": engine != "local", "URLs": any(remote(j.path) for j in jobs)}.items()
             if value]
    if many:
        raise UsageError(many[0], "needs several videos, or a folder, and -o", "give -o, or leave it out")
    media = [job.path for job in jobs]
    files = {path: outputs.targets(path, folder, chosen, faces=faces) for path in media}
    _refuse_collisions(files)
    if not overwrite:
        for mine in files.values():
            outputs.refuse_existing(mine.values())
    outputs.refuse_locked(target for mine in files.values() for target in mine.values())
    give_memory_back()
    failures = _run(media, files, options, writing, quiet=quiet)
    if failures:
        if len(media) == 1:
            raise failures[0]
        for error in failures:
            print(f"emocli: {error}", file=sys.stderr)
        print(f"emocli: {len(failures)} of {len(media)} inputs failed", file=sys.stderr)
        raise typer.Exit(failures[0].exit_code if len(failures) == len(media) else EXIT_SOME_FAILED)


def _workers(text: str) -> int:
    if text == "auto":
        return 0
    if not text.isdecimal() or not int(text):
        raise UsageError("--workers", f"{text} is no number of workers", "give auto, 1, 2, ...")
    return int(text)


def known_formats(text: str, known: Iterable[str]) -> list[str]:
    """The formats of a list with commas; raises `UsageError` for others."""
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
