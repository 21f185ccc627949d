"""`emocli report`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emocli.cli import parameters as options
from emocli.cli.inputs import ENDING, of_document, say_written, target
from emocli.errors import InputError, UsageError

if TYPE_CHECKING:
    from emocli.batch.ledger import Entry
    from emocli.outputs.base import OutputOptions
    from emocli.outputs.video_list import Listed


def report_command(
    path: Annotated[Path, typer.Argument(help="An analysis (.emotions.json), or the folder of a batch.")],
    out: Annotated[Path | None, options.out_file("beside the analysis, index.html for a folder")] = None,
    video: Annotated[Path | None, typer.Option(
        help="Where the video lies, if not beside the analysis; of a batch, the folder of its "
             "videos.")] = None,
    embed: Annotated[bool, typer.Option(
        "--embed", help="Put the video into the page.")] = options.WRITING.embed,
    lang: options.Lang = options.WRITING.lang,
    overwrite: options.Overwrite = False,
) -> None:
    """Write a page to look at: video, timeline, transcript; of a folder, a page a video and a list of all.

    Example: emocli report interview.emotions.json -o interview.html

    Example: emocli report results/ --video videos/
    """
    from emocli.outputs.base import OutputOptions
    from emocli.outputs.report import html
    from emocli.outputs.video_list import index
    from emocli.storage import write_text

    writing = OutputOptions(lang=lang, embed=embed)
    if path.is_dir():
        page = target(out, path / "index.html", overwrite=overwrite)
        if video and not video.is_dir():
            raise UsageError(video, "is no folder", "give --video the folder of the batch's videos")
        videos = list(report_folder(path, page, writing, video, overwrite=overwrite))
        if not videos:
            raise InputError(path, "holds no analysis", "run `emocli analyze ... -f csv,json` into it first")
        write_text(page, index(videos, lang))
        typer.echo(f"{len(videos)} videos, {sum(bool(v.report) for v in videos)} with a report")
    else:
        page = target(out, path.with_name(path.name.removesuffix(".json") + ".html"), overwrite=overwrite)
        timeline = of_document(path, video)
        write_text(page, html(timeline, replace(writing, folder=str(page.parent))))
    say_written(page)


def report_folder(folder: Path, page: Path, writing: OutputOptions, videos: Path | None, *,
                  overwrite: bool) -> Iterator[Listed]:
    """Every video of a batch; writes the reports that are missing or older than their analysis.

    The batch's own account names the videos.  It may be a stranger's: a page may point to what it names, but
    thumbnails or the whole of a video go into a page only from beside the analysis or from the folder
    `videos`.
    """
    from emocli.outputs.report import html, link
    from emocli.outputs.video_list import Listed, strip
    from emocli.storage import write_text
    from emocli.summary.compute import summarize

    account = _account(folder)
    for document in sorted(folder.rglob("*" + ENDING)):
        name = document.relative_to(folder).as_posix().removesuffix(ENDING)
        named = entry.path if (entry := account.pop(name, None)) else ""
        place = Path(named)
        known = videos is not None and place.is_file() and place.resolve().is_relative_to(videos.resolve())
        report = document.with_suffix(".html")
        try:
            timeline = of_document(document, place if known else None)
            if overwrite or not report.exists() or report.stat().st_mtime < document.stat().st_mtime:
                own = replace(writing, folder=str(report.parent))
                if not timeline.media.path.is_file():
                    own = replace(own, address=_address(named, own.folder))
                write_text(report, html(timeline, own))
        except InputError as error:
            yield Listed(name, "failed", str(error))
            continue
        yield Listed(name, report=link(report, str(page.parent)), duration=timeline.media.duration,
                     shares=timeline.shares(), strip=strip(timeline),
                     summary=summarize(timeline, video=name))
    for entry in account.values():
        yield Listed(entry.name, entry.status, entry.error or "", duration=entry.duration,
                     shares=entry.summary.get("shares"))


def _address(video: str, folder: str) -> str:
    """Where a page in `folder` finds a video: a URL as it is, a relative link to a file that is there."""
    from emocli.outputs.report import link

    return video if "://" in video else link(Path(video), folder) if Path(video).is_file() else ""


def _account(folder: Path) -> dict[str, Entry]:
    """What a batch kept account of."""
    from emocli.batch.ledger import FILE, Ledger

    if not (folder / FILE).is_file():
        return {}
    with Ledger(folder) as ledger:
        return {entry.name: entry for entry in ledger.entries()}
