"""`emocli analyze`."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from emocli.batch.plan import Plan
from emocli.cli import analyze_options as option
from emocli.cli.console import show_log
from emocli.cli.parameters import Lang, SafeCsv, SrtGaps, SrtStyle
from emocli.errors import UsageError
from emocli.options import AnalyzeOptions
from emocli.outputs.base import OutputOptions

if TYPE_CHECKING:
    from emocli.batch.discover import Job

ENGINES, FORMATS = ("local", "ray"), ",".join(Plan.formats)


def analyze_command(
    paths: option.Paths, out: option.Out = None, formats: option.Formats = FORMATS,
    report: option.Report = False, srt_style: SrtStyle = OutputOptions.srt_style,
    lang: Lang = OutputOptions.lang, face_fps: option.FaceFps = AnalyzeOptions.face_fps,
    transcript: option.Transcript = AnalyzeOptions.transcript,
    asr_model: option.AsrModel = AnalyzeOptions.asr_model,
    asr_engine: option.AsrEngine = AnalyzeOptions.asr_engine,
    language: option.Language = AnalyzeOptions.language, device: option.Device = AnalyzeOptions.device,
    offline: option.Offline = AnalyzeOptions.offline, overwrite: option.Overwrite = Plan.overwrite,
    faces: option.Faces = Plan.faces, blendshapes: option.Blendshapes = AnalyzeOptions.blendshapes,
    srt_gaps: SrtGaps = OutputOptions.gaps,
    safe_csv: SafeCsv = OutputOptions.safe_csv,
    smooth: option.Smooth = AnalyzeOptions.smooth, voice_mode: option.VoiceMode = AnalyzeOptions.voice_mode,
    voice_baseline: option.VoiceBaseline = AnalyzeOptions.voice_baseline,
    speakers: option.Speakers = AnalyzeOptions.speakers,
    text_mode: option.TextMode = AnalyzeOptions.text_mode,
    commercial: option.Commercial = AnalyzeOptions.commercial,
    face: option.Face = AnalyzeOptions.face, voice: option.Voice = AnalyzeOptions.voice,
    text: option.Text = AnalyzeOptions.text, labels: option.Labels = AnalyzeOptions.labels,
    weights: option.Weights = "", features: option.Features = AnalyzeOptions.features,
    fusion: option.Fusion = AnalyzeOptions.fusion, trust: option.Trust = AnalyzeOptions.trust,
    workers: option.Workers = "auto", include: option.Include = None, exclude: option.Exclude = None,
    timeout: option.Timeout = Plan.timeout, combine: option.Combine = Plan.combine,
    parquet: option.Parquet = Plan.parquet, retry_failed: option.RetryFailed = Plan.retry_failed,
    wait: option.Wait = Plan.wait, engine: option.Engine = Plan.engine,
    ray_address: option.RayAddress = Plan.ray_address, quiet: option.Quiet = False,
    verbose: option.Verbose = False,
) -> None:
    """Write the timed emotions of videos as CSV and subtitles.

    Example: emocli analyze interview.mp4 -o results -f csv,srt,json

    Example: emocli analyze videos/ -o results --combine
    """
    # On matrices this small its threads would only wait, busily.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from emocli.adapters import selection
    from emocli.batch.discover import discover
    from emocli.cli import batch
    from emocli.outputs import formats as outputs
    from emocli.storage import place

    show_log(logging.DEBUG if verbose else logging.WARNING)
    options = AnalyzeOptions(face_fps=face_fps, transcript=transcript, asr_model=asr_model,
                             asr_engine=asr_engine, language=language, device=device, offline=offline,
                             smooth=smooth, voice_mode=voice_mode,
                             voice_baseline=voice_baseline, speakers=speakers, text_mode=text_mode,
                             commercial=commercial, blendshapes=blendshapes, face=face, voice=voice,
                             text=text, labels=labels, weights=option.shares(weights),
                             features=features, fusion=fusion, trust=trust)
    selection.check(options)
    writing = OutputOptions(gaps=srt_gaps, srt_style=srt_style, lang=lang, safe_csv=safe_csv)
    chosen = known_formats(formats + (",json,html" if report else ""), outputs.FORMATS)
    plan = Plan((), place(out) if out else None, options, writing, chosen, faces or blendshapes,
                workers=_count(workers), timeout=timeout, retry_failed=retry_failed, overwrite=overwrite,
                wait=wait, combine=combine, parquet=parquet, engine=engine, ray_address=ray_address)
    inputs = [place(path) for path in paths]
    jobs = discover(inputs, include=include or (), exclude=exclude or ())
    raise typer.Exit(batch.run(checked(plan, jobs, inputs), quiet=quiet))


def checked(plan: Plan, jobs: Sequence[Job], inputs: Sequence[Path]) -> Plan:
    """The plan for these jobs; `inputs` are the paths of the command line.  Without `-o`, and for a single
    video that is named itself, no account is kept.

    Raises `UsageError` for options that do not go together.
    """
    from dataclasses import replace

    from emocli.storage import remote

    if plan.engine not in ENGINES:
        raise UsageError("--engine", f"{plan.engine} is unknown", f"give one of {', '.join(ENGINES)}")
    alone = [job.path for job in jobs] == list(inputs)[:1] == list(inputs)
    if not alone and plan.options.transcript not in ("auto", "none"):
        raise UsageError("--transcript", f"{plan.options.transcript} belongs to one video, and these are "
                         f"{len(jobs)} or a folder", "put a subtitle file of the same stem beside each video")
    if not alone and Path(plan.options.speakers).is_file():
        raise UsageError("--speakers", f"{plan.options.speakers} belongs to one video, and these are "
                         f"{len(jobs)} or a folder", "give auto, off or a number")
    urls = any(remote(path) for path in (*(job.path for job in jobs), *([plan.out] if plan.out else [])))
    wants = [name for name, used in {
        "--combine": plan.combine, "--parquet": plan.parquet, "--retry-failed": plan.retry_failed,
        "--wait": plan.wait, "--engine": plan.engine != Plan.engine, "URLs": urls}.items() if used]
    if wants and plan.out is None:
        raise UsageError(wants[0], "needs a folder for the results", "give -o, or leave it out")
    return replace(plan, jobs=jobs, account=plan.out is not None and (not alone or bool(wants)))


def _count(text: str) -> int:
    if text == "auto":
        return Plan.workers
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
