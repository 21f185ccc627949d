"""`emocli live-report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emocli.cli.inputs import say_written, target
from emocli.cli.parameters import Overwrite, out_file

if TYPE_CHECKING:
    from emocli.live.metrics_file import Metrics

#: Notices that are listed, the last ones.
LISTED = 20


def live_report_command(
    log: Annotated[Path, typer.Argument(metavar="METRICS.jsonl", help="What `emocli live --log` wrote.")],
    out: Annotated[Path | None, out_file("beside the log, as .png")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Plot how a live session kept up: latency per stage, queues, real-time factor, memory, what was lost and
    what was shed.

    Example: emocli live-report metrics.jsonl -o session.png
    """
    from emocli.live import metrics_file, metrics_plot

    picture = target(out, log.with_suffix(".png"), overwrite=overwrite, source=log)
    metrics = metrics_file.read(log)
    _show(metrics)
    metrics_plot.write(metrics, picture)
    say_written(picture)


def _show(metrics: Metrics) -> None:
    from rich.console import Console
    from rich.table import Table

    from emocli.live.captions import notice, state
    from emocli.live.metrics_file import PERCENTILES, STAGES

    console = Console(highlight=False)
    table = Table("latency after speech", "utterances", *(f"p{p}, s" for p in PERCENTILES), box=None)
    for stage in STAGES:
        if latency := metrics.percentiles(stage):
            table.add_row(stage, str(latency.count), *(f"{value:.3f}" for value in latency.percentiles))
    console.print(table)
    if metrics.loads:
        factors = [one.real_time_factor for one in metrics.loads]
        memory = [one.memory / 2**20 for one in metrics.loads]
        mean = sum(factors) / len(factors)
        console.print(f"real-time factor: mean {mean:.2f}, at most {max(factors):.2f}\n"
                      f"memory: {memory[0]:.0f} MB at first, at most {max(memory):.0f} MB")
        console.print("at the end:", state(metrics.loads[-1]), soft_wrap=True)
    for one in metrics.notices[-LISTED:]:
        console.print(notice(one), soft_wrap=True)
    if not metrics.ended:
        console.print("The log has no end: the session goes on, or was killed.")
