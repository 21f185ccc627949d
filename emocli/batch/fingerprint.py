"""What a result depends on, as one short text: when it changes, the result is out of date."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import emocli
from emocli import weights
from emocli.errors import InputError
from emocli.options import AnalyzeOptions
from emocli.transcript.sidecar import find_beside

#: Bytes at a file's head and at its tail that stand for its content, with its size.
ENDS = 1 << 20


def of_settings(options: AnalyzeOptions, formats: Iterable[str], *more: object) -> str:
    """Of everything but the video: options, the files that they name, files wanted, version, weights."""
    used = {w.name: w.sha256 for w in weights.manifest().values()}
    named = [of_file(path) for name in (options.transcript, options.voice_baseline) if (path := Path(name)).is_file()]
    plain = json.dumps([asdict(options), named, sorted(formats), [str(m) for m in more], emocli.__version__, used],
                       sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()


def of_file(path: Path) -> str:
    """Of a file's head, tail and size.  Raises `InputError` when it cannot be read."""
    try:
        with path.open("rb") as file:
            seen = hashlib.sha256(file.read(ENDS))
            size = file.seek(0, 2)
            file.seek(max(ENDS, size - ENDS))
            seen.update(file.read())
    except OSError as error:
        raise InputError(str(path), "no such file" if isinstance(error, FileNotFoundError) else
                         f"cannot be read ({error.strerror or error})", "check the path") from error
    seen.update(str(size).encode())
    return seen.hexdigest()


def of_job(path: Path, settings: str) -> str:
    """Of a video, the subtitle file beside it, and the settings."""
    beside = find_beside(path)
    parts = [settings, of_file(path), *([f"{beside[0].name} {of_file(beside[0])}"] if beside else [])]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
