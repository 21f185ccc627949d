"""The ffmpeg program that comes with `imageio-ffmpeg`."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from emocli.errors import EmocliError


def run_ffmpeg(arguments: Sequence[str], *, about: Path) -> None:
    """Run ffmpeg; raises `EmocliError` about a file with the last line that it said."""
    from imageio_ffmpeg import get_ffmpeg_exe

    done = subprocess.run([get_ffmpeg_exe(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *arguments],
                          capture_output=True, text=True, errors="replace")
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise EmocliError(about, f"ffmpeg could not do it ({said[0][:200]})",
                          "try another container, as .mkv, with -o")
