"""Where videos come from and results go: paths, and URLs that fsspec knows (`s3://`, `gs://`, `memory://`, `file://`)."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path, PurePosixPath
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from emocli.errors import InputError, OutputError, UsageError


def place(text: str) -> Path:
    """A path; or for a URL a `upath.UPath`, which answers as a path does (PEP 428).

    Raises `UsageError` where the package for URLs, or for that kind of URL, is missing.
    """
    if text.startswith("file://"):
        return Path(unquote(urlsplit(text).path))
    if "://" not in text:
        return Path(text)
    try:
        from upath import UPath

        return cast(Path, UPath(text))
    except (ImportError, ValueError) as error:
        raise UsageError(text, f"cannot be reached ({error})",
                         'install the extra for URLs: pip install "emocli[remote]"') from error


#: Protocols of stores in which a file appears when it is whole.
_WHOLE = ("s3", "s3a", "gs", "gcs", "az", "abfs")


def remote(where: Path) -> bool:
    """Whether it is a URL."""
    return not isinstance(where, Path)


def posix(where: Path) -> PurePosixPath:
    """A path to compare with others: absolute, a URL's with its protocol in front."""
    if not remote(where):
        return PurePosixPath(where.absolute().as_posix())
    url: Any = where
    return PurePosixPath(f"/{url.protocol}", url.path.lstrip("/"))


def home(out: Path) -> Path:
    """The folder for what a run keeps of itself: the output folder, or for a URL one of this user's."""
    if not remote(out):
        return out
    import platformdirs

    return Path(platformdirs.user_state_dir("emocli")) / hashlib.sha256(str(out).encode()).hexdigest()[:16]


def fetch(video: Path, folder: Path) -> Path:
    """A local copy of a video at a URL, and of the subtitles beside it; a path as it is.

    Raises `InputError` when it cannot be had.
    """
    if not remote(video):
        return video
    from emocli.transcript.subtitles import find_beside

    beside = find_beside(video)
    try:
        for one in (video, *([beside[0]] if beside else [])):
            with one.open("rb") as source, (folder / one.name).open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
    except Exception as error:  # each kind of store has errors of its own
        raise InputError(str(video), f"cannot be fetched ({type(error).__name__}: {error})",
                         "check the address and the rights") from error
    return folder / video.name


def put(source: Path, target: Path) -> None:
    """Copy a finished file to a URL, under a temporary name first where a store shows half a file.

    Raises `OutputError` when it cannot be written.
    """
    url: Any = target
    store, path = url.fs, url.path
    part = path if url.protocol in _WHOLE else str(PurePosixPath(path).with_name(f".emocli-{source.name}.part"))
    try:
        store.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
        store.put_file(str(source), part)
        if part != path:
            store.mv(part, path)
    except Exception as error:
        raise OutputError(str(target), f"cannot be written ({type(error).__name__}: {error})",
                          "check the address and the rights") from error
