"""`emocli compare` of two folders: groups of videos."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emocli.cli.inputs import documents, of_document, say_written
from emocli.plaintext import printable

if TYPE_CHECKING:
    from emocli.summary.groups import Groups


def compare_groups(first: Path, second: Path, person: str = "", out: Path | None = None) -> None:
    """Print what differs between the analyses in two folders, and write it to `out`; of everybody, or of one
    `person`.

    Raises `InputError` for an analysis that cannot be read, `UsageError` where videos are too few.
    """
    from emocli.storage import write_text
    from emocli.summary.groups import compare

    found = compare(*([video for _, path in documents([folder]) if (video := _shares(path, person))]
                      for folder in (first, second)))
    _show(found, str(first), str(second))
    if out:
        figures = _figures(found, first, second, person)
        write_text(out, json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
        say_written(out)


def _shares(path: Path, person: str) -> dict[str, float] | None:
    """The share of each class in a video, None where that person has no rows in it, which is said."""
    from emocli.timeline.persons import everybody
    from emocli.timeline.records import person_of
    from emocli.timeline.types import shares

    timeline = of_document(path)
    if not person:
        return timeline.shares()
    people = [other for other in everybody(timeline) if person == other.label()]
    rows = [row for row in timeline.rows if person_of(row, people)]
    if not rows:
        print(f"emocli: {printable(path)}: left out, nothing in it is {printable(person)}'s", file=sys.stderr)
    return shares(rows) if rows else None


def _show(found: Groups, first: str, second: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from emocli.cli.console import escape
    from emocli.emotions import CLASSES
    from emocli.summary.groups import SURE

    console = Console()
    console.print(f"[bold]{escape(first)}[/] ({found.videos[0]} videos) and [bold]{escape(second)}[/] "
                  f"({found.videos[1]} videos): mean shares of time", highlight=False)
    table = Table("class", "first", "second", "difference (95%)", "p", "p, Holm", box=None)
    for own, difference in zip(CLASSES, found.differences, strict=True):
        interval = "" if difference.low is None or difference.high is None else (
            f" ({100 * difference.low:+.1f} to {100 * difference.high:+.1f})")
        table.add_row(f"{own.emoji} {own.name}", f"{difference.first:.1%}", f"{difference.second:.1%}",
                      f"{100 * difference.difference:+.1f}{interval}", f"{difference.p:.3f}",
                      f"[bold]{difference.corrected:.3f}[/]" if difference.corrected < SURE
                      else f"{difference.corrected:.3f}")
    console.print(table)
    sure = [f"{d.emotion} {100 * d.difference:+.1f} points" for d in found.differences if d.corrected < SURE]
    console.print(f"sure at {SURE:.0%}: {', '.join(sure) or 'nothing'}", highlight=False)
    if not found.enough:
        print(f"emocli: with so few videos nothing can be sure at {SURE:.0%}, however much it differs (no "
              f"corrected p is below {found.smallest:.2f}); six in each group would do", file=sys.stderr)


def _figures(found: Groups, first: Path, second: Path, person: str) -> dict[str, Any]:
    return {"groups": [printable(first), printable(second)], "videos": found.videos,
            "person": printable(person) or None, "smallest_corrected_p": found.smallest,
            "differences": [asdict(own) | {"difference": own.difference} for own in found.differences]}
