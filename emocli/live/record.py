"""What was said so far, in files that are whole at any moment, with the rows that an analysis would have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from emocli.fusion.head import unknown
from emocli.outputs import formats
from emocli.outputs.base import OutputOptions
from emocli.timeline.flags import flags_of
from emocli.timeline.run import SILENCE
from emocli.timeline.segments import tile
from emocli.timeline.types import MODALITIES, MediaInfo, Reading, Row, Timeline


class Record:
    """Keeps the rows and writes `files` (format -> path) anew with each of them, so that whoever reads them,
    or kills the program, always has whole ones."""

    def __init__(self, files: Mapping[str, Path], options: OutputOptions | None = None) -> None:
        self._files, self._options = dict(files), options or OutputOptions()
        self._rows: list[Row] = []

    def add(self, row: Row) -> None:
        """Add a row that has an utterance.  Raises `OutputError`."""
        self._rows.append(row)
        self.write(row.end)

    def write(self, duration: float = 0.0) -> None:
        """Write what there is of `duration` s, even if that is nothing.  Raises `OutputError`."""
        source = "whisper" if any(r.utterance and r.utterance.text for r in self._rows) else "speech"
        media = MediaInfo(Path("live"), duration, has_video=False, has_audio=True)
        formats.write(Timeline(media, self._tiled(duration), transcript_source=source), self._files,
                      self._options)

    def _tiled(self, duration: float) -> tuple[Row, ...]:
        """The rows, and those between them, in which nobody speaks."""
        said = iter(self._rows)
        silent = {m: Reading(m, reason=SILENCE) for m in MODALITIES}
        return tuple(replace(next(said), start=s.start, end=s.end) if s.utterance
                     else Row(s.start, s.end, None, unknown(), silent, flags_of(s, unknown(), silent))
                     for s in tile([r.utterance for r in self._rows if r.utterance], duration))
