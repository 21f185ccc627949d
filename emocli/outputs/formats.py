"""The formats by name, and writing a timeline's files in one go."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from emocli.errors import OutputError, UsageError
from emocli.outputs import cues, document, report, tables, tiers
from emocli.outputs.base import OutputOptions, Render
from emocli.storage import sha256, write_text
from emocli.timeline.types import Timeline

FORMATS: dict[str, Render] = {
    "csv": tables.emotions_csv, "srt": cues.srt, "vtt": cues.vtt, "ass": cues.ass, "json": document.to_json,
    "html": report.html, "eaf": tiers.eaf, "textgrid": tiers.textgrid, "audacity": tiers.audacity}
#: Endings that are not the format's name.
ENDINGS = {"textgrid": "TextGrid", "audacity": "txt"}


def targets(media: Path, folder: Path | None, formats: Iterable[str], *,
            faces: bool = False) -> dict[str, Path]:
    """The file of each format, beside the media or in `folder`; "faces" is the faces' CSV."""
    home = folder or media.parent
    files = {name: home / f"{media.stem}.emotions.{ENDINGS.get(name, name)}" for name in formats}
    return files | ({"faces": home / f"{media.stem}.faces.csv"} if faces else {})


def refuse_existing(paths: Iterable[Path]) -> None:
    """Raise `UsageError` when one is there already."""
    for path in paths:
        if path.exists():
            raise UsageError(path, "exists already",
                             "pass --overwrite to replace it, or -o for another folder")


def refuse_locked(paths: Iterable[Path]) -> None:
    """Raise `OutputError` before the work when a folder cannot be written to."""
    for folder in {path.parent.absolute() for path in paths}:
        there = next(p for p in (folder, *folder.parents) if p.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            raise OutputError(folder, "cannot be written to", "give another folder with -o")


def write(timeline: Timeline, files: dict[str, Path],
          options: OutputOptions | None = None) -> dict[Path, str]:
    """Render all, then write all: a fault in one leaves none half done.  Returns the sha256 of each file."""
    chosen = options or OutputOptions()
    rendered = {path: (tables.faces_csv if name == "faces" else FORMATS[name])(
        timeline, replace(chosen, folder=str(path.parent))) for name, path in files.items()}
    for path, text in rendered.items():
        write_text(path, text)
    return {path: sha256(path) for path in rendered}
