"""A file in memory that forgets its beginning, for sound that has no end."""

from __future__ import annotations


class RecentBytes:
    """Keeps at least the last `most` bytes that were written, at most twice as many; what lies before them,
    and holes, read as zeros.  It is only written at its end or beyond."""

    def __init__(self, most: int) -> None:
        self._most, self._first, self._at = most, 0, 0
        self._kept = bytearray()

    def seek(self, at: int) -> None:
        """Where to read or write next."""
        self._at = at

    def write(self, data: bytes) -> None:
        """Add at the end, after a hole of zeros if that is not where it was sought to."""
        hole = max(0, self._at - self._first - len(self._kept))
        if hole > self._most:
            self._kept.clear()
            self._first, hole = self._at - self._most, self._most
        self._kept += bytes(hole)
        self._kept += data
        if len(self._kept) > 2 * self._most:
            self._first += len(self._kept) - self._most
            del self._kept[:-self._most]

    def read(self, count: int) -> bytes:
        """So many bytes, fewer at the end."""
        forgotten = min(count, max(0, self._first - self._at))
        begin = max(0, self._at - self._first)
        return bytes(forgotten) + bytes(self._kept[begin:begin + count - forgotten])

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Forget all."""
        self._kept.clear()
