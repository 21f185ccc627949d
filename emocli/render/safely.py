"""Media files that appear whole or not at all, and the ffmpeg program that comes with `imageio-ffmpeg`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from emocli.errors import EmocliError, OutputError


@contextmanager
def finished(target: Path) -> Iterator[Path]:
    """A path beside `target`, of the same ending, to write to; it is renamed once all is well, else removed.

    Raises `OutputError` when the folder cannot be written to.
    """
    part = target.with_name(f".emocli-{os.getpid()}-{target.stem}.part{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(target)
    except OSError as error:
        raise OutputError(target, f"cannot be written ({error.strerror or error})",
                          "free some space or give another place with -o") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def ffmpeg(arguments: Sequence[str], *, about: Path) -> None:
    """Run ffmpeg; raises `EmocliError` about a file with the last line that it said."""
    from imageio_ffmpeg import get_ffmpeg_exe

    done = subprocess.run([get_ffmpeg_exe(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *arguments],
                          capture_output=True, text=True, errors="replace")
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise EmocliError(about, f"ffmpeg could not do it ({said[0][:200]})",
                          "try another container, as .mkv, with -o")
