"""`emocli report` and `emocli convert`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emocli.cli.inputs import ENDING, of_document, target
from emocli.errors import InputError

if TYPE_CHECKING:
    from emocli.batch.ledger import Entry
    from emocli.outputs.base import OutputOptions
    from emocli.outputs.report import Listed


def report_command(
    path: Annotated[Path, typer.Argument(help="An analysis (.emotions.json), or the folder of a batch.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The page to write; beside the analysis if left out, "
                                                                 "index.html for a folder.")] = None,
    video: Annotated[Path | None, typer.Option(help="Where the video lies, if not beside the analysis.")] = None,
    embed: Annotated[bool, typer.Option("--embed", help="Put the video into the page.")] = False,
    lang: Annotated[str, typer.Option(help="en or ko.")] = "en",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a page that is there.")] = False,
) -> None:
    """Write a page to look at: video, timeline, transcript; of a folder, a page a video and a list of all.

    Example: emocli report interview.emotions.json -o interview.html

    Example: emocli report results/
    """
    from emocli.outputs.base import OutputOptions
    from emocli.outputs.report import html, index
    from emocli.storage import write_text

    options = OutputOptions(lang=lang, embed=embed)
    if path.is_dir():
        page = target(out, path / "index.html", overwrite=overwrite)
        listed = list(_list(path, page, options, overwrite=overwrite))
        if not listed:
            raise InputError(path, "holds no analysis", "run `emocli analyze ... -f csv,json` into it first")
        write_text(page, index(listed, lang))
        typer.echo(f"wrote {page}, {len(listed)} videos, {sum(bool(one.report) for one in listed)} with a report")
        return
    page = target(out, path.with_name(path.name.removesuffix(".json") + ".html"), overwrite=overwrite)
    timeline = of_document(path, video)
    write_text(page, html(timeline, OutputOptions(lang=lang, embed=embed, folder=str(page.parent))))
    typer.echo(f"wrote {page}")


def _list(folder: Path, page: Path, options: OutputOptions, *, overwrite: bool) -> Iterator[Listed]:
    """Every video of a folder; writes the reports that are missing or older than their analysis."""
    from dataclasses import replace

    from emocli.outputs.report import Listed, html, link, strip
    from emocli.storage import write_text

    account = _account(folder)
    for document in sorted(folder.rglob("*" + ENDING)):
        name = document.relative_to(folder).as_posix().removesuffix(ENDING)
        entry = account.pop(name, None)
        timeline = of_document(document, Path(entry.path) if entry and Path(entry.path).is_file() else None)
        report = document.with_suffix(".html")
        if overwrite or not report.exists() or report.stat().st_mtime < document.stat().st_mtime:
            write_text(report, html(timeline, replace(options, folder=str(report.parent))))
        yield Listed(name, report=link(report, str(page.parent)), duration=timeline.media.duration,
                     shares=timeline.shares(), strip=strip(timeline))
    for entry in account.values():
        yield Listed(entry.name, entry.status, entry.error or "", duration=entry.duration,
                     shares=entry.summary.get("shares"))


def _account(folder: Path) -> dict[str, Entry]:
    """What a batch kept account of."""
    from emocli.batch.ledger import FILE, Ledger

    if not (folder / FILE).is_file():
        return {}
    with Ledger(folder) as ledger:
        return {entry.name: entry for entry in ledger.entries()}


def convert_command(
    path: Annotated[Path, typer.Argument(help="An analysis (.emotions.json).")],
    formats: Annotated[str, typer.Option("-f", "--formats", help="csv, srt, vtt, ass, html, eaf, textgrid, audacity.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder; beside the analysis if left out.")] = None,
    srt_style: Annotated[str, typer.Option(help="both, emoji, tag, plain, or hi (\\[sadly] text).")] = "both",
    srt_gaps: Annotated[bool, typer.Option("--srt-gaps", help="Subtitle the stretches without words, too.")] = False,
    lang: Annotated[str, typer.Option(help="Language of labels: en or ko.")] = "en",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
) -> None:
    """Write an analysis in other formats, without analysing again.

    Example: emocli convert interview.emotions.json -f ass,eaf --lang ko
    """
    from emocli.cli.analyze import known_formats
    from emocli.outputs import formats as outputs
    from emocli.outputs.base import OutputOptions

    chosen = known_formats(formats, [name for name in outputs.FORMATS if name != "json"])
    timeline = of_document(path)
    stem = path.name.removesuffix(ENDING)
    files = outputs.targets(path.with_name(f"{stem}.x"), out, chosen)
    if not overwrite:
        outputs.refuse_existing(files.values())
    for written in outputs.write(timeline, files, OutputOptions(gaps=srt_gaps, srt_style=srt_style, lang=lang)):
        typer.echo(f"wrote {written}")
