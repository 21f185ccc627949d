"""`emocli analyze`: what a person sees of a run, and how it ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emocli.cli import console as terminal
from emocli.errors import EXIT_SOME_FAILED

if TYPE_CHECKING:
    from emocli.batch.plan import Plan, State

#: Seconds between two drawings of the table.
REDRAW = 0.25
#: Stages that a video goes through, each as long as the others in the bar.
STAGES = ("faces", "sound", "transcript", "voice")
#: Failures that the table names.
NAMED = 3


def run(plan: Plan, *, quiet: bool) -> int:
    """Work a plan off; returns the exit code.  Failures go to standard error."""
    from emocli.batch import runner
    from emocli.media.memory import give_memory_back

    give_memory_back()
    with display(plan, enabled=not quiet) as show:
        state = runner.run(plan, show)
    for error, _ in state.failures:
        print(f"emocli: {error}", file=sys.stderr)
    if state.failed and state.total > 1:
        offered = plan.account and not plan.retry_failed
        again = "; --retry-failed tries again those that failed before" if offered else ""
        print(f"emocli: {state.failed} of {state.total} inputs failed{again}", file=sys.stderr)
    if quiet:
        for path in state.written + state.gathered:
            print(path)
    elif state.timeline and state.total == 1 and not plan.account:
        terminal.summary(state.timeline, list(map(Path, state.written)))
    if not state.failed:
        return 0
    return state.failures[0][1] if state.failed == state.total else EXIT_SOME_FAILED


@contextmanager
def display(plan: Plan, *, enabled: bool) -> Iterator[Callable[[State], None]]:
    """On a terminal, bars for a single video and a table for many; yields what the runner reports to."""
    from rich.console import Console

    console = Console(stderr=True)
    if not enabled or not console.is_terminal:
        yield lambda state: None
    elif len(plan.jobs) == 1 and not plan.account:
        with terminal.progress(plan.jobs[0].path) as report:
            def show_stages(state: State) -> None:
                for worker in state.workers:
                    for stage, share in list(worker.shares.items()):
                        report(stage, share)

            yield show_stages
    else:
        with _live(console) as show:
            yield show


@contextmanager
def _live(console: Any) -> Iterator[Callable[[State], None]]:
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
    for state in last:
        console.print(sums(state), highlight=False)
        for path in state.gathered:
            console.print(f"[green]wrote[/] {terminal.escape(path)}", highlight=False)


def table(state: State) -> Any:
    """Each worker's video and how far it is, what is left, what failed."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    rows = Table("worker", "video", "", "for", box=None, pad_edge=False, expand=True)
    rows.columns[1].ratio, rows.columns[2].width = 1, 24
    for worker in state.workers:
        number = str(worker.number + 1)
        if worker.job:
            share = sum(worker.shares.get(stage, 0.0) for stage in STAGES) / len(STAGES)
            rows.add_row(number, terminal.escape(worker.job.name), ProgressBar(1.0, share),
                         terminal.clock(0.0 if worker.began is None else time.monotonic() - worker.began))
        else:
            rows.add_row(number, "[dim]nothing left[/]" if worker.ready else "[dim]starting[/]", "", "")
    failures = [f"[red]failed[/] {terminal.escape(error[:200])}" for error, _ in state.failures[-NAMED:]]
    return Group(rows, *failures, sums(state))


def sums(state: State) -> str:
    """One line for the whole run."""
    parts = [f"{state.done + state.failed + state.skipped} of {state.total}"]
    if state.skipped:
        parts.append(f"{state.skipped} were done before")
    if state.failed:
        parts.append(f"[red]{state.failed} failed[/]")
    if state.done:
        parts.append(f"{len(state.written)} files written")
        parts.append(f"{state.rate:.1f} x real time")
    if state.left and state.bytes_left:
        parts.append(f"{terminal.clock(state.left)} left")
    return " · ".join(parts)
