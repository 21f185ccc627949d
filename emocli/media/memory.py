"""How the process treats the memory that decoded pictures leave behind."""

from __future__ import annotations

import sys
from contextlib import suppress

#: glibc's settings (malloc.h): bytes from which memory goes back to the system as soon as it is
#: freed, and the number of arenas.
_MALLOC = {"M_MMAP_THRESHOLD": (-3, 4 << 20), "M_ARENA_MAX": (-8, 2)}


def give_memory_back() -> None:
    """Keep glibc from holding on to decoded pictures, which made long videos take a fifth more; for a whole
    process, at its start."""
    import ctypes

    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library
            for number, value in _MALLOC.values():
                ctypes.CDLL(None).mallopt(number, value)
