"""`emocli summary`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emocli.cli import parameters as options
from emocli.cli.inputs import documents, of_document, say_written, target
from emocli.errors import EXIT_SOME_FAILED, InputError

if TYPE_CHECKING:
    from emocli.summary.compute import Figures, Share, Summary

#: Emotions that a line of the table names, the commonest.
NAMED = 3
#: Least widths of the table's columns; names get what is left.
WIDTHS = (9, 24, 24, 17)


def summary_command(
    paths: Annotated[list[Path], typer.Argument(
        metavar="PATH...", help="Analyses (.emotions.json), or folders of them.")],
    out: Annotated[Path | None, typer.Option(
        "-o", "--out", help="Folder for summary.json and summary.csv; that of the first path if left "
                            "out.")] = None,
    lang: options.Lang = options.WRITING.lang,
    safe_csv: options.SafeCsv = options.WRITING.safe_csv,
    overwrite: options.Overwrite = False,
) -> None:
    """Say what videos come to, for each video and person: the share of time of each emotion with its
    interval, changes, longest stretches, how far face, voice and words agree, words a minute.

    Example: emocli summary results/

    Example: emocli summary anna.emotions.json ben.emotions.json -o figures
    """
    from emocli.storage import write_text
    from emocli.summary.tables import as_csv, as_json

    home = out or (paths[0] if paths[0].is_dir() else paths[0].parent)
    files = [target(home / f"summary.{ending}", home, overwrite=overwrite) for ending in ("json", "csv")]
    failures: list[InputError] = []
    summaries = list(read(paths, failures))
    for error in failures:
        print(f"emocli: {error}", file=sys.stderr)
    if not summaries:
        raise typer.Exit(InputError.exit_code)
    _print(summaries, lang)
    for path, text in zip(files, (as_json(summaries), as_csv(summaries, safe=safe_csv)), strict=True):
        write_text(path, text)
        say_written(path)
    if failures:
        raise typer.Exit(EXIT_SOME_FAILED)


def read(paths: list[Path], failures: list[InputError]) -> Iterator[Summary]:
    """The summary of each analysis; what is wrong with others is put into `failures`."""
    from emocli.summary.compute import summarize

    for name, path in documents(paths):
        try:
            timeline = of_document(path)
        except InputError as error:
            failures.append(error)
        else:
            yield summarize(timeline, video=name)


def _print(summaries: list[Summary], lang: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from emocli.cli.console import clock, escape

    console = Console()
    head: tuple[str, ...] = ("", "share of time (95%)", "longest, pace", "agreement, kappa")
    for summary in summaries:
        console.print(f"\n[bold]{escape(summary.video)}[/], {clock(summary.duration)}", highlight=False)
        table = Table(*head, box=None, pad_edge=False, padding=(0, 1, 0, 0),
                      show_header=summary is summaries[0])
        for column, width in zip(table.columns, WIDTHS, strict=True):
            column.min_width, column.no_wrap = width, width != WIDTHS[0]
        table.columns[0].overflow = "fold"
        people = [(person.label(lang), own) for person, own in summary.persons]
        for name, own in [("", summary.whole), *people]:
            who = f"{escape(name)}\n[dim]{clock(own.seconds)}[/]" if name else ""
            table.add_row(who, *_cells(own, lang))
        console.print(table, highlight=False)


def _cells(own: Figures, lang: str) -> tuple[str, str, str]:
    """The commonest emotions; the longest stretch, changes and words; the kappas: a line each."""
    from emocli.cli.console import clock
    from emocli.emotions import CLASSES, INDEX

    def label(emotion: str) -> str:
        return CLASSES[INDEX[emotion]].label(lang)

    common = sorted(own.shares.items(), key=lambda item: -item[1].value)[:NAMED]
    shares = [f"{label(emotion)} {share.value:.0%}{_interval(share)}" for emotion, share in common
              if share.value]
    pace = [f"{label(s.emotion)} {s.seconds:.0f} s at {clock(s.start)}" for s in own.longest[:1]]
    pace.append(f"{own.changes_per_minute:.1f} changes/min")
    if own.words_per_minute is not None:
        pace.append(f"{own.words_per_minute:.0f} words/min")
    kappas = [f"{first}, {second} {kappa:.2f}" for (first, second), kappa in own.kappas.items()
              if kappa is not None]
    return "\n".join(shares), "\n".join(pace), "\n".join(kappas)


def _interval(share: Share) -> str:
    if share.low is None or share.high is None:
        return ""
    return f" ({100 * share.low:.0f}-{100 * share.high:.0f})"
