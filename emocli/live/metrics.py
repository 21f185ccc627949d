"""`--log`: what happened in a live session and how long it took, one JSON object a line.

    {"event": "start", "source": ..., "options": {...}, "libraries": {...}}
    {"event": "utterance", "start": s, "end": s, "latency": {"activity": s, "voice": s, ...}}
    {"event": "load", "time": s, "real_time_factor": ..., "queues": {...}, "lost": {...}, ...}
    {"event": "notice", "kind": ..., "time": s, "text": ...}
    {"event": "end", "latency": {"voice": {"p50": s, "p95": s, "p99": s, "n": ...}, ...}, "lost": {...}}

Latencies are seconds from the last sound of an utterance to the moment at which each stage was done:
"activity" (silence had lasted long enough), "voice", "words", "fused", and "caption", when it had been shown
and written.
"""

from __future__ import annotations

import errno
import json
import os
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from emocli.errors import OutputError
from emocli.live.events import Event, Load, Notice, Sink, Tagged
from emocli.live.metrics_file import PERCENTILES
from emocli.timeline.types import Row


class MetricsLog:
    """A sink, the last one.  A disk that is full ends the log, with one notice to `notify`, and not the
    session.  Raises `OutputError` when it cannot be begun."""

    def __init__(self, path: Path, start: Mapping[str, Any], *, notify: Sink,
                 now: Callable[[], float] = time.monotonic) -> None:
        self._path, self._notify, self._now = path, notify, now
        self._latencies: dict[str, array[float]] = defaultdict(lambda: array("f"))
        self._load: Load | None = None
        self._spoken = 0.0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: int | None = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        except OSError as error:
            raise OutputError(path, f"cannot be written ({error.strerror})",
                              "give another place to --log") from error
        self._write("start", dict(start))

    def __call__(self, event: Event) -> None:
        """Write an event down."""
        match event:
            case Load():
                self._load = event
                self._write("load", asdict(event))
            case Notice():
                self._write("notice", asdict(event))
            case Tagged(row=Row()):
                self._utterance(event)

    def close(self) -> None:
        """Write the summary."""
        latency = {stage: percentiles(values) for stage, values in self._latencies.items()}
        self._write("end", {"latency": latency, "lost": self._load.lost if self._load else {},
                            "time": self._load.time if self._load else 0.0})
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _utterance(self, event: Tagged) -> None:
        latency = {**event.latency, "caption": self._now() - event.spoken}
        said = event.utterance
        self._write("utterance", {"start": round(said.start, 3), "end": round(said.end, 3), "latency": {
            stage: round(seconds, 4) for stage, seconds in latency.items()}})
        if event.spoken != self._spoken:  # of several sentences that were said in one go the first counts
            self._spoken = event.spoken
            for stage, seconds in latency.items():
                self._latencies[stage].append(seconds)

    def _write(self, kind: str, values: Mapping[str, Any]) -> None:
        """One line, which is there as a whole or not at all whenever the program is killed."""
        if self._file is None:
            return
        line = json.dumps({"event": kind, **values}, ensure_ascii=False).encode() + b"\n"
        try:
            written = os.write(self._file, line)
            if written < len(line):
                os.ftruncate(self._file, os.lseek(self._file, -written, os.SEEK_CUR))
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            with suppress(OSError):
                os.close(self._file)
            self._file = None
            self._notify(Notice("note", self._load.time if self._load else 0.0,
                                f"{self._path}: the log ends here ({error.strerror}); the session goes on"))


def percentiles(seconds: Sequence[float] | array[float]) -> dict[str, float]:
    """{"p50": s, "p95": s, "p99": s, "n": how many}."""
    return {**{f"p{share}": round(float(np.percentile(seconds, share)), 4) for share in PERCENTILES},
            "n": len(seconds)}
