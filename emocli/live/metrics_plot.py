"""The log of a live session as a picture: how late captions came, how the session kept up (matplotlib)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emocli.live.metrics_file import PERCENTILES, STAGES, Metrics
from emocli.storage import atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from emocli.live.events import Load

#: Lines of their own in a plot, those that come first.
MOST_LINES = 8
#: Shortest latency on the logarithmic axis, s.
SHORTEST = 0.001
MINUTE, MEGABYTE = 60, 2**20


def write(metrics: Metrics, target: Path) -> None:
    """Draw the plots as PNG.  Raises `OutputError`."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"text.parse_math": False, "axes.grid": True, "grid.alpha": 0.3}):
        figure = Figure(figsize=(13, 12), layout="constrained")
        axes: Any = figure.subplot_mosaic([["percentiles", "latency"], ["factor", "queues"],
                                           ["memory", "lost"], ["modes", "modes"]])
        _percentiles(axes["percentiles"], metrics)
        _latency(axes["latency"], metrics)
        _factor(axes["factor"], metrics)
        _memory(axes["memory"], metrics)
        _lines(axes["queues"], metrics, lambda one: one.queues, "what waits (sound in s, others counted)")
        _lines(axes["lost"], metrics, lambda one: one.lost, "lost so far (sound in s, others counted)")
        _modes(axes["modes"], metrics)
        for name in axes.keys() - {"percentiles"}:
            axes[name].set_xlabel("time, min")
        with atomic(target) as part:
            figure.savefig(part, format="png", dpi=100)


def _percentiles(axes: Axes, metrics: Metrics) -> None:
    axes.set_title("latency after the end of speech, s: p50, p95, p99")
    known = {stage: latency for stage in STAGES if (latency := metrics.percentiles(stage))}
    for row, latency in enumerate(known.values()):
        values = latency.percentiles
        axes.plot(values, [row] * len(PERCENTILES), color="#888888", zorder=1)
        axes.scatter(values, [row] * len(PERCENTILES), c=["#009e73", "#e69f00", "#d55e00"], s=60, zorder=2)
        axes.annotate("  ".join(f"{value:.2f}" for value in values), (values[0], row), (0, 9),
                      textcoords="offset points")
    axes.set_yticks(range(len(known)), known)
    axes.set_ylim(len(known) - 0.4, -0.7)
    axes.set_xlim(0, 1.3 * axes.get_xlim()[1])  # room for the figures beside the last


def _latency(axes: Axes, metrics: Metrics) -> None:
    from matplotlib.ticker import LogLocator

    axes.set_title("latency of each utterance, s")
    for stage in STAGES:
        if points := metrics.latency[stage]:
            axes.scatter([end / MINUTE for end, _ in points], [max(SHORTEST, late) for _, late in points],
                         s=9, label=stage)
    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    _legend(axes)


def _factor(axes: Axes, metrics: Metrics) -> None:
    axes.set_title("real-time factor (from 1 on it falls behind)")
    axes.plot(_times(metrics), [one.real_time_factor for one in metrics.loads], linewidth=1)
    axes.axhline(1.0, color="#d55e00", linestyle="--", linewidth=1)
    _from_zero(axes)


def _memory(axes: Axes, metrics: Metrics) -> None:
    axes.set_title("memory of all processes, MB")
    axes.plot(_times(metrics), [one.memory / MEGABYTE for one in metrics.loads], linewidth=1)
    _from_zero(axes)


def _lines(axes: Axes, metrics: Metrics, values: Callable[[Load], dict[str, float]], title: str) -> None:
    """A line a name of `values`."""
    axes.set_title(title)
    for name in _first(name for one in metrics.loads for name in values(one)):
        axes.plot(_times(metrics), [values(one).get(name, 0.0) for one in metrics.loads], label=name,
                  linewidth=1)
    _from_zero(axes)
    _legend(axes)


def _modes(axes: Axes, metrics: Metrics) -> None:
    """When what was shed, and when there were notices."""
    axes.set_title("shed (bars), and notices (lines)")
    names = _first(name for one in metrics.loads for name in one.shed)
    for row, name in enumerate(names):
        spans = [(a.time / MINUTE, (b.time - a.time) / MINUTE) for a, b in pairwise(metrics.loads)
                 if name in a.shed and b.time > a.time]
        axes.broken_barh(spans, (row - 0.35, 0.7), color="#e69f00")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)
    colours = {"lost": "#d55e00", "mode": "#0072b2", "stalled": "#cc79a7", "resumed": "#009e73"}
    for kind, colour in colours.items():
        times = [one.time / MINUTE for one in metrics.notices if one.kind == kind]
        if times:
            axes.vlines(times, 0, 1, transform=axes.get_xaxis_transform(), colors=colour, linewidth=1,
                        label=kind)
    if metrics.loads:
        axes.set_xlim(0, max(max(_times(metrics)), 1 / MINUTE))
    _legend(axes)


def _first(names: Iterable[str]) -> list[str]:
    """The first MOST_LINES different names."""
    return list(dict.fromkeys(names))[:MOST_LINES]


def _from_zero(axes: Axes) -> None:
    axes.set_ylim(0, 1.05 * axes.get_ylim()[1])


def _times(metrics: Metrics) -> list[float]:
    return [one.time / MINUTE for one in metrics.loads]


def _legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="upper left", fontsize="small")
