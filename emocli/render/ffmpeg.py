"""The ffmpeg program that comes with `imageio-ffmpeg`."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from emocli.errors import EmocliError
from emocli.media.container import DEMUXERS, file_url

#: Of our own subtitle files, beside those of media.
SUBTITLES = ("srt", "ass", "webvtt")


def input_file(path: Path) -> list[str]:
    """The arguments that make a file an input, and nothing else that its name or content may point to."""
    formats = ",".join((*DEMUXERS, *SUBTITLES))
    return ["-protocol_whitelist", "file", "-format_whitelist", formats, "-i", file_url(path)]


def run_ffmpeg(arguments: Sequence[str], *, about: Path) -> None:
    """Run ffmpeg; raises `EmocliError` about a file with the last line that it said."""
    from imageio_ffmpeg import get_ffmpeg_exe

    program = [get_ffmpeg_exe(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y"]
    done = subprocess.run([*program, *arguments], capture_output=True, text=True, errors="replace")
    if done.returncode:
        message = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise EmocliError(about, f"ffmpeg could not do it ({message[:200]})",
                          "try another container, as .mkv, with -o")
