"""What the commands that work on an analysis are given: its JSON, or the video that it lies beside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from emocli.errors import InputError, UsageError
from emocli.outputs.base import ENDING
from emocli.plaintext import printable

if TYPE_CHECKING:
    from emocli.timeline.types import Timeline


def of_document(path: Path, video: Path | None = None) -> Timeline:
    """The timeline of `<stem>.emotions.json`; `video` says where the video lies, if not beside it."""
    from emocli.outputs.document import read

    if video is not None and not video.is_file():
        raise InputError(video, "no such file", "check --video")
    return read(path, video)


def of_video(video: Path, document: Path | None) -> Timeline:
    """The timeline of a video: of `document`, or `<stem>.emotions.json` beside it, or else analysed now."""
    if not video.is_file():
        raise InputError(video, "no such file", "check the path")
    beside = document or video.with_name(video.stem + ENDING)
    if document or beside.is_file():
        return of_document(beside, video)
    from emocli.analyzer import Analyzer
    from emocli.cli import console
    from emocli.options import AnalyzeOptions

    with Analyzer(AnalyzeOptions()) as analyzer, console.progress(video) as report:
        return analyzer.analyze(video, report)


def target(out: Path | None, usual: Path, *, overwrite: bool, source: Path | None = None) -> Path:
    """Where a result goes; raises `UsageError` when something is there already, or it is the `source`."""
    path = out or usual
    if source and source.exists() and path.exists() and path.samefile(source):
        raise UsageError(path, "is the video itself", "give another name with -o")
    if path.exists() and not overwrite:
        raise UsageError(path, "exists already", "pass --overwrite to replace it, or another -o")
    return path


def say_written(path: Path) -> None:
    """Name a file that was written."""
    print(f"wrote {printable(path)}")


def documents(paths: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """The analyses that are named, or lie in folders that are, and what each is called: its path below the
    folder, or its stem.  Raises `InputError` for a folder without any."""
    for path in paths:
        if not path.is_dir():
            yield path.name.removesuffix(ENDING), path
            continue
        found = sorted(path.rglob("*" + ENDING))
        if not found:
            raise InputError(path, "holds no analysis", "run `emocli analyze ... -f csv,json` into it first")
        for document in found:
            yield document.relative_to(path).as_posix().removesuffix(ENDING), document
