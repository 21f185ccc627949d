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
_STEP = "give what `emocli live --log FILE` wrote"


@dataclass
class Metrics:
    """What a log holds: by stage, (end of the utterance, latency) in s; the load about once a second;
    notices; how many utterances; whether the session `ended`, and whether the last line was `cut` off."""

    latency: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: {s: [] for s in STAGES})
    loads: list[Load] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    utterances: int = 0
    ended: bool = False
    cut: bool = False

    def percentiles(self, stage: str) -> tuple[float, ...]:
        """The PERCENTILES of a stage's latency, s; nothing where no utterance has it."""
        values = [latency for _, latency in self.latency[stage]]
        return tuple(map(float, np.percentile(values, PERCENTILES))) if values else ()

    @property
    def lost(self) -> Mapping[str, float]:
        """What was not read in the whole session, by kind (`sound` in s, other things counted)."""
        return self.loads[-1].lost if self.loads else {}


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
    if not metrics.utterances and not metrics.loads:
        raise InputError(path, "holds no utterance and no load", _STEP)
    return metrics


def _take(metrics: Metrics, record: dict[str, Any]) -> None:
    """Add an event; those that this version does not know are passed over."""
    match record.get("event"):
        case "utterance":
            end, latency = _number(record, "end", MOST_SECONDS), _numbers(record, "latency", MOST_SECONDS)
            metrics.utterances += 1
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
            metrics.ended = True
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


def _number(record: Mapping[str, Any], key: str, most: float) -> float:
    value = record.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ValueError(f"{printable(key)[:LONGEST_NAME]} is no number from 0 to {most:g}")
    return float(value)


def _numbers(record: Mapping[str, Any], key: str, most: float) -> dict[str, float]:
    table = record.get(key, {})
    if not isinstance(table, dict) or len(table) > MOST_NAMES:
        raise ValueError(f"{key} is no table of at most {MOST_NAMES} numbers")
    return {_text(name): _number(table, name, most) for name in table}


def _names(record: Mapping[str, Any], key: str) -> tuple[str, ...]:
    names = record.get(key, [])
    if not isinstance(names, list) or len(names) > MOST_NAMES:
        raise ValueError(f"{key} is no list of at most {MOST_NAMES} names")
    return tuple(map(_text, names))


def _text(value: object, longest: int = LONGEST_NAME) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError(f"a name or text is missing, or has more than {longest} characters")
    return printable(value)
