"""What was said so far, in files that are whole at any moment, with the rows that an analysis would have."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from emocli.fusion.head import unknown
from emocli.live.events import Event, Load, Quiet, Tagged
from emocli.outputs import formats
from emocli.outputs.base import OutputOptions
from emocli.timeline.flags import flags_of
from emocli.timeline.gaps import evenly
from emocli.timeline.run import SILENCE
from emocli.timeline.segments import tile
from emocli.timeline.types import MODALITIES, MediaInfo, Reading, Row, Segment, Timeline

#: Share of the time that writing may take: the files of a long session are long, and written anew each time.
SHARE = 0.1


class Record:
    """A sink that keeps the rows and writes `files` (format -> path) anew with them, so that whoever reads
    them, or kills the program, always has whole ones.  Called, or closed, it raises `OutputError`."""

    def __init__(self, files: Mapping[str, Path], options: OutputOptions | None = None, *,
                 now: Callable[[], float] = time.monotonic) -> None:
        self._files, self._options, self._now = dict(files), options or OutputOptions(), now
        self._rows: list[Row] = []
        self._quiet: list[Row] = []
        self._duration, self._written = 0.0, True
        self._write()
        self._due = now()  # the first time takes longer, for its imports

    def __call__(self, event: Event) -> None:
        """Take in an event; not every row is written at once where that would take long."""
        match event:
            case Tagged(row=Row() as row):
                self._rows.append(_light(row))
                self._duration, self._written = max(self._duration, row.end), False
            case Quiet(rows=rows):
                self._quiet += map(_light, rows)
                self._duration, self._written = max(self._duration, rows[-1].end), False
            case Load(time=time):
                self._duration = max(self._duration, time)
        if not self._written and self._now() >= self._due:
            self._write()

    def close(self) -> None:
        """Write all that there is."""
        self._write()

    def _write(self) -> None:
        if not self._files:
            return
        began = self._now()
        source = "whisper" if any(r.utterance and r.utterance.text for r in self._rows) else "speech"
        media = MediaInfo(Path("live"), self._duration, has_video=False, has_audio=True)
        formats.write(Timeline(media, self._tiled(), transcript_source=source), self._files, self._options)
        took = self._now() - began
        self._due, self._written = self._now() + took / SHARE, True

    def _tiled(self) -> tuple[Row, ...]:
        """The rows, and those between them, in which nobody speaks."""
        if not self._duration:
            return ()
        said = iter(self._rows)
        quiet = {round(row.start, 3): row for row in self._quiet}
        starts = sorted(quiet)

        def as_read(start: float, end: float) -> list[float]:
            within = starts[bisect_left(starts, start - 1e-3):bisect_left(starts, end - 1e-3)]
            return [start, *(s for s in within if s > start + 1e-3), end] if within else evenly(start, end)

        return tuple(replace(next(said) if s.utterance else quiet.get(round(s.start, 3)) or _unread(s),
                             start=s.start, end=s.end)
                     for s in tile([r.utterance for r in self._rows if r.utterance], self._duration,
                                   as_read))


def _light(row: Row) -> Row:
    """Without the features, which no file shows."""
    return replace(row, readings={name: replace(r, features=None) for name, r in row.readings.items()})


def _unread(segment: Segment) -> Row:
    """A stretch in which nobody speaks, and nobody was looked for."""
    silent = {m: Reading(m, reason=SILENCE) for m in MODALITIES}
    return Row(segment.start, segment.end, None, unknown(), silent, flags_of(segment, unknown(), silent))
