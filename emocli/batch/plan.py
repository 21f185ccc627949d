"""What a run is to do, and how far it is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from emocli.options import AnalyzeOptions
from emocli.outputs.base import OutputOptions

if TYPE_CHECKING:
    from emocli.batch.discover import Job
    from emocli.batch.engine import Worker
    from emocli.timeline.types import Timeline


@dataclass(frozen=True)
class Plan:
    """Jobs, where results go (`out` None: beside each video), and how.  `account` is whether `out` keeps the
    ledger, by which a second run does only what is left; `workers` is 0 for as many as the machine bears;
    `timeout` is seconds for one video, 0 for any; `wait` is for another run on the same folder; `engine` is
    "local" or "ray"."""

    jobs: Sequence[Job]
    out: Path | None = None
    options: AnalyzeOptions = field(default_factory=AnalyzeOptions)
    writing: OutputOptions = field(default_factory=OutputOptions)
    formats: Sequence[str] = ("csv", "srt")
    faces: bool = False
    account: bool = False
    workers: int = 0
    timeout: float = 0.0
    retry_failed: bool = False
    overwrite: bool = False
    wait: bool = False
    combine: bool = False
    parquet: bool = False
    engine: str = "local"
    ray_address: str = "auto"


@dataclass
class State:
    """How far a run is; what a display shows.  `skipped` were done before; `failed` counts those that did so
    in an earlier run, too; `failures` are their messages and exit codes; `written` are the videos' files of
    this run, `gathered` those of the whole batch; `timeline` is the result of a single video."""

    total: int
    skipped: int = 0
    done: int = 0
    began: float = field(default_factory=time.monotonic)
    media_seconds: float = 0.0
    bytes_done: int = 0
    bytes_left: int = 0
    workers: list[Worker] = field(default_factory=list)
    failures: list[tuple[str, int]] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    gathered: list[str] = field(default_factory=list)
    timeline: Timeline | None = None

    @property
    def failed(self) -> int:
        """Videos that failed."""
        return len(self.failures)

    @property
    def rate(self) -> float:
        """Seconds of video a second, since the beginning."""
        return self.media_seconds / max(1e-9, time.monotonic() - self.began)

    @property
    def left(self) -> float | None:
        """Seconds that are left, judged by bytes; None before anything is done."""
        if not self.bytes_done:
            return None
        return (time.monotonic() - self.began) / self.bytes_done * self.bytes_left
