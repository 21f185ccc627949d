"""What a person sees in the terminal: progress bars while it runs, a summary after (rich).

Nothing of it is shown when standard output is not a terminal, so that scripts stay quiet.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emocli.emotions import CLASSES, INDEX

if TYPE_CHECKING:
    from emocli.timeline.types import Row, Timeline

#: Surest moments, and moments of disagreement, that the summary lists.
MOMENTS = 5
#: Seconds that an estimate of the time left looks back; recognition tells of its windows four at a time.
SPEED_PERIOD = 300.0
_LABELS = {"faces": "faces", "sound": "sound", "speech": "speech", "transcript": "words",
           "speakers": "speakers", "voice": "voice",
           "download": "fetching", "video": "video"}


def show_log(level: int = logging.WARNING) -> None:
    """Show what the library logs, on standard error."""
    logging.basicConfig(format="%(name)s: %(message)s")
    logging.getLogger("emocli").setLevel(level)


def clock(seconds: float) -> str:
    """`1:02:03.4`, without the hours when there are none."""
    minutes, rest = divmod(max(0.0, seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"


@contextmanager
def progress(path: Path) -> Iterator[Callable[[str, float], None]]:
    """A bar a stage with the time left; yields what the analyzer reports to."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda stage, share: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    with Progress(TextColumn("{task.description:>10}"), BarColumn(), TaskProgressColumn(),
                  TimeRemainingColumn(), console=console, transient=True,
                  speed_estimate_period=SPEED_PERIOD) as bars:
        console.print(f"[bold]{escape(path.name)}[/]")
        tasks: dict[str, Any] = {}

        def report(stage: str, share: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(_LABELS.get(stage, stage), total=1.0)
            bars.update(tasks[stage], completed=share)

        yield report


@contextmanager
def bar(name: str) -> Iterator[Callable[[float], None]]:
    """One bar on a terminal; yields what is told the share that is done."""
    with progress(Path(name)) as report:
        yield lambda share: report("video", share)


def escape(text: str) -> str:
    """Text as it is: no rich markup, and no control characters of a file name."""
    from rich.markup import escape as escaped

    return escaped("".join(c if c.isprintable() else "?" for c in text))


def strip(timeline: Timeline, width: int) -> Any:
    """The whole video as one coloured line of `width` characters."""
    from rich.text import Text

    text, rows, at = Text(), timeline.rows, 0
    for i in range(width):
        middle = (i + 0.5) / width * timeline.media.duration
        while at < len(rows) - 1 and rows[at].end <= middle:
            at += 1
        text.append("█", style=CLASSES[INDEX[rows[at].emotion]].colour)
    return text


def moments(timeline: Timeline) -> list[Row]:
    """The rows that are surest, at most MOMENTS, neutral ones last, then in order of time."""
    ranked = sorted(timeline.rows, key=lambda r: (r.emotion == "neutral", -r.confidence))
    return sorted(ranked[:MOMENTS], key=lambda r: r.start)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _print_mixed(timeline: Timeline, console: Any, wide: int) -> None:
    """The rows in which sure modalities disagree, the surest of them, and what each says."""
    from rich.table import Table

    from emocli.timeline.flags import SURE

    mixed = [row for row in timeline.rows if "mixed" in row.flags]
    if not mixed:
        return
    console.print(f"[bold]Mixed[/] ({_count(len(mixed), 'row')} in which modalities that are sure disagree)")
    table = Table.grid(padding=(0, 2))

    def sureness(row: Row) -> float:
        return sum(r.confidence for r in row.readings.values() if r.present)

    for row in sorted(sorted(mixed, key=sureness)[-MOMENTS:], key=lambda r: r.start):
        said = ", ".join(f"{name} {r.emotion} {r.confidence:.0%}" for name, r in row.readings.items()
                         if r.present and r.confidence >= SURE)
        table.add_row(f"  {clock(row.start)}", said[:wide])
    console.print(table)


def summary(timeline: Timeline, written: list[Path], console: Any = None) -> None:
    """Print what was found; nothing unless on a terminal."""
    from rich.console import Console
    from rich.table import Table

    console = console or Console()
    if not console.is_terminal:
        return
    media = timeline.media
    wide = min(console.width - 2, 76)
    persons = len({o.face_id for o in timeline.faces})
    console.print(f"[bold]{escape(media.path.name)}[/]  {clock(media.duration)}, "
                  f"{_count(len(timeline.rows), 'row')}, {_count(persons, 'face')}")
    console.print(strip(timeline, wide))
    table = Table.grid(padding=(0, 1))
    for name, share in sorted(timeline.shares().items(), key=lambda kv: -kv[1]):
        if share > 0:
            own = CLASSES[INDEX[name]]
            length = max(1, round(share * 40))
            table.add_row(own.emoji, name, f"{share:4.0%}", f"[{own.colour}]{'█' * length}[/]")
    console.print(table)
    console.print("[bold]Surest moments[/]")
    table = Table.grid(padding=(0, 2))
    for row in moments(timeline):
        own = CLASSES[INDEX[row.emotion]]
        said = row.utterance.text if row.utterance else ""
        table.add_row(f"  {clock(row.start)}", f"[{own.colour}]{row.emotion}[/]", f"{row.confidence:.0%}",
                      escape(said[:wide - 34] + ("…" if len(said) > wide - 34 else "")))
    console.print(table)
    _print_mixed(timeline, console, wide)
    used = timeline.provenance
    source = f"{timeline.transcript_source} ({used['transcript']})"
    words = ", ".join(filter(None, [source, timeline.language]))
    models = ", ".join(f"{name} {weight['sha256'][:8]}" for name, weight in used["weights"].items())
    console.print(f"[dim]words: {escape(words)} · faces: {used['detector']} · models: {models}[/]",
                  highlight=False)
    for note in timeline.notes:
        console.print(f"[yellow]note:[/] {escape(note)}", highlight=False)
    for path in written:
        console.print(f"[green]wrote[/] {escape(str(path))}", highlight=False)
