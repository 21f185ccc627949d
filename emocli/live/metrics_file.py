"""The log of a live session, read back: one JSON object a line, perhaps a stranger's, perhaps cut off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from emocli.errors import InputError
from emocli.live.events import Load, Notice
from emocli.plaintext import printable

#: Stages of an utterance in their order: its end is noticed, its voice read, its words, both fused, shown.
STAGES = ("activity", "voice", "words", "fused", "caption")
PERCENTILES = (50, 95, 99)
#: Bounds of what is read: bytes a line, lines, names (of queues, say) a line and their characters, s, bytes.
LONGEST_LINE, MOST_LINES, MOST_NAMES, LONGEST_NAME = 2**16, 500_000, 16, 40
MOST_SECONDS, MOST_BYTES, MOST = 1e7, 2.0**50, 1e9
#: Most and least of a latency, s: what is read as fast as can be may be done before it would have been heard.
_LATENCIES = MOST_SECONDS, -MOST_SECONDS
_STEP = "give what `emocli live --log FILE` wrote"


@dataclass(frozen=True)
class Latency:
    """The PERCENTILES of `count` utterances, s."""

    count: int
    percentiles: tuple[float, ...]


@dataclass
class Metrics:
    """What a log holds: by stage, (end of the utterance, latency) in s; the load about once a second;
    notices; the session's own `summary` by stage, once it has `ended`; whether the last line was `cut`."""

    latency: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: {s: [] for s in STAGES})
    loads: list[Load] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    summary: dict[str, Latency] = field(default_factory=dict)
    ended: bool = False
    cut: bool = False

    def percentiles(self, stage: str) -> Latency | None:
        """The latency of a stage, of `summary` if it is there; None where no utterance has it."""
        values = [latency for _, latency in self.latency[stage]]
        if stage in self.summary or not values:
            return self.summary.get(stage)
        return Latency(len(values), tuple(map(float, np.percentile(values, PERCENTILES))))


def read(path: Path) -> Metrics:
    """The log in `path`.  Raises `InputError` with the line that is wrong."""
    metrics, number = Metrics(), 0
    try:
        with path.open("rb") as file:
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE or number > MOST_LINES:
                    raise InputError(path, f"line {number}: too long a line, or too many", _STEP)
                try:
                    _take(metrics, _object(line))
                except (ValueError, RecursionError) as error:
                    metrics.cut = not line.endswith(b"\n")
                    if not metrics.cut:
                        raise InputError(path, f"line {number}: {error}", _STEP) from error
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", _STEP) from error
    if not any((metrics.loads, *metrics.latency.values())):
        raise InputError(path, "holds no utterance and no load", _STEP)
    return metrics


def _take(metrics: Metrics, record: dict[str, Any]) -> None:
    """Add an event; those that this version does not know are passed over."""
    match record.get("event"):
        case "utterance":
            end, latency = _number(record, "end", MOST_SECONDS), _numbers(record, "latency", *_LATENCIES)
            for stage in latency.keys() & metrics.latency.keys():
                metrics.latency[stage].append((end, latency[stage]))
        case "load":
            metrics.loads.append(Load(
                _number(record, "time", MOST_SECONDS), _number(record, "real_time_factor", MOST),
                _numbers(record, "queues", MOST), _numbers(record, "lost", MOST),
                int(_number(record, "memory", MOST_BYTES)), _names(record, "shed")))
        case "notice":
            metrics.notices.append(Notice(_text(record.get("kind")), _number(record, "time", MOST_SECONDS),
                                          _text(record.get("text"), LONGEST_LINE)))
        case "end":
            metrics.ended, summary = True, _table(record, "latency")
            metrics.summary = {stage: Latency(int(_number(summary[stage], "n", MOST)), tuple(
                _number(summary[stage], f"p{p}", *_LATENCIES) for p in PERCENTILES))
                for stage in STAGES if _table(summary, stage)}
        case str():
            pass
        case _:
            raise ValueError("no event is named")


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line, parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise ValueError("no UTF-8") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON ({error.msg})") from error
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    return found


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _number(record: Mapping[str, Any], key: str, most: float, least: float = 0.0) -> float:
    value = record.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ValueError(f"{printable(key)[:LONGEST_NAME]} is no number from {least:g} to {most:g}")
    return float(value)


def _numbers(record: Mapping[str, Any], key: str, most: float, least: float = 0.0) -> dict[str, float]:
    table = _table(record, key)
    return {_text(name): _number(table, name, most, least) for name in table}


def _table(record: Mapping[str, Any], key: str) -> dict[str, Any]:
    table = record.get(key, {})
    if not isinstance(table, dict) or len(table) > MOST_NAMES:
        raise ValueError(f"{key} is no table of at most {MOST_NAMES} entries")
    return table


def _names(record: Mapping[str, Any], key: str) -> tuple[str, ...]:
    names = record.get(key, [])
    if not isinstance(names, list) or len(names) > MOST_NAMES:
        raise ValueError(f"{key} is no list of at most {MOST_NAMES} names")
    return tuple(map(_text, names))


def _text(value: object, longest: int = LONGEST_NAME) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError(f"a name or text is missing, or has more than {longest} characters")
    return printable(value)
