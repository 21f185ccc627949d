"""What a result depends on, as one short text: when it changes, the result is out of date."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import emocli
from emocli import storage, weights
from emocli.adapters import selection
from emocli.adapters.reference import Reference
from emocli.errors import InputError
from emocli.options import AnalyzeOptions, baseline_of
from emocli.timeline.types import MODALITIES
from emocli.transcript.sidecar import all_beside

#: Bytes at a file's head and at its tail that stand for its content, with its size.
ENDS = 1 << 20


def of_settings(options: AnalyzeOptions, formats: Iterable[str], *more: object) -> str:
    """Of everything but the video: options, the files that they name, files wanted, version, weights."""
    used = {w.name: w.sha256 for w in weights.manifest().values()}
    models = (model.path for modality in MODALITIES for model in selection.chosen(modality, options)
              if isinstance(model, Reference))
    paths = (Path(options.transcript), baseline_of(options.voice_baseline)[1], Path(options.speakers),
             Path(options.labels), Path(options.fusion),
             *(file for path in models for file in (sorted(path.iterdir()) if path.is_dir() else [path])))
    named = [of_file(path) for path in paths if path.is_file()]
    plain = json.dumps([asdict(options), named, sorted(formats), list(map(str, more)), emocli.__version__,
                        used], sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()


def of_file(path: Path) -> str:
    """Of a file's head, tail and size.  Raises `InputError` when it cannot be read, or has no end, as a pipe
    or a device."""
    try:
        if not storage.remote(path) and path.exists() and not path.is_file():
            raise InputError(path, "is no file but a folder, pipe or device", "give a video or sound file")
        with path.open("rb") as file:
            digest = hashlib.sha256(file.read(ENDS))
            size = file.seek(0, 2)
            file.seek(max(ENDS, size - ENDS))
            digest.update(file.read())
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(path, "no such file", "check the path") from error
    except Exception as error:  # each kind of store has errors of its own
        raise InputError(path, f"cannot be read ({getattr(error, 'strerror', None) or error})",
                         "check the path and the rights") from error
    digest.update(str(size).encode())
    return digest.hexdigest()


def of_job(path: Path, settings: str) -> str:
    """Of a video, the subtitle files beside it, and the settings."""
    video = of_file(path)
    parts = [settings, video, *(f"{b.path.name} {of_file(b.path)}" for b in all_beside(path))]
    return hashlib.sha256("\n".join(parts).encode(errors="backslashreplace")).hexdigest()
