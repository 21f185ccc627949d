"""`emocli analyze` on many videos: what a person sees of a batch, and how it ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from emocli.cli.console import clock, escape
from emocli.errors import EXIT_SOME_FAILED, InputError

if TYPE_CHECKING:
    from emocli.batch.runner import Plan, State

#: Seconds between two pictures of the table.
REDRAW = 0.25
#: Stages that a video goes through, each as long as the others in the bar.
STAGES = ("faces", "sound", "transcript", "voice")
#: Failures that the table names.
NAMED = 3


def run(plan: Plan, *, quiet: bool) -> int:
    """Work a batch off; returns the exit code.  Failures go to standard error."""
    from emocli.batch import runner

    with display(enabled=not quiet) as show:
        state = runner.run(plan, show)
    for error in state.errors:
        print(f"emocli: {error}", file=sys.stderr)
    if state.failed:
        again = "" if plan.retry_failed else "; --retry-failed tries again those that failed before"
        print(f"emocli: {state.failed} of {state.total} inputs failed{again}", file=sys.stderr)
    if quiet:
        print("\n".join(state.written + state.gathered))
    if not state.failed:
        return 0
    return InputError.exit_code if state.failed == state.total else EXIT_SOME_FAILED


@contextmanager
def display(*, enabled: bool) -> Iterator[Callable[[State], None]]:
    """A live table on a terminal; yields what the runner reports to."""
    from rich.console import Console

    console = Console(stderr=True)
    if not enabled or not console.is_terminal:
        yield lambda state: None
        return
    from rich.live import Live

    last: list[State] = []
    drawn = 0.0
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def show(state: State) -> None:
            nonlocal drawn
            last[:] = [state]
            if time.monotonic() - drawn >= REDRAW:
                drawn = time.monotonic()
                live.update(table(state), refresh=True)

        yield show
    if last:
        console.print(sums(last[0]), highlight=False)
        for path in last[0].gathered:
            console.print(f"[green]wrote[/] {escape(path)}", highlight=False)


def table(state: State) -> Any:
    """Each worker's video and how far it is, what is left, what failed."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    rows = Table("worker", "video", "", "for", box=None, pad_edge=False, expand=True)
    rows.columns[1].ratio, rows.columns[2].width = 1, 24
    for worker in state.workers:
        if worker.job:
            share = sum(worker.shares.get(stage, 0.0) for stage in STAGES) / len(STAGES)
            rows.add_row(str(worker.number + 1), escape(worker.job.name), ProgressBar(1.0, share),
                         clock(time.monotonic() - worker.began))
        else:
            rows.add_row(str(worker.number + 1), "[dim]nothing left[/]", "", "")
    failures = [f"[red]failed[/] {escape(error[:200])}" for error in state.errors[-NAMED:]]
    return Group(rows, *failures, sums(state))


def sums(state: State) -> str:
    """One line for the whole batch."""
    parts = [f"{state.done + state.failed + state.skipped} of {state.total}"]
    if state.skipped:
        parts.append(f"{state.skipped} were done before")
    if state.failed:
        parts.append(f"[red]{state.failed} failed[/]")
    if state.done:
        parts.append(f"{state.rate:.1f} x real time")
    if state.left and state.bytes_left:
        parts.append(f"{clock(state.left)} left")
    return " · ".join(parts)
