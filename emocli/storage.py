"""Where videos come from and results go: paths, and URLs that fsspec knows (`s3://`, `gs://`, `memory://`,
`file://`); the one way to write a file that appears whole or not at all; and temporary folders that no kill
leaves behind."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, TextIO, cast
from urllib.parse import unquote, urlsplit

from emocli.errors import InputError, OutputError, UsageError

#: How files that are not finished are called, beside the ones that they become, and temporary folders.
PART, SCRATCH = ".emocli-{}.part", "emocli-scratch-"
#: Such files and folders of this process.
UNFINISHED: set[Path] = set()


@contextmanager
def atomic(target: Path) -> Iterator[Path]:
    """A path beside `target`, of the same ending, to write to: flushed to the disk and renamed when all is
    well, else removed.  Its name is random, since two machines may share the folder and a process id.

    Raises `OutputError` when the folder cannot be written to.
    """
    part = target.with_name(PART.format(uuid.uuid4().hex) + target.suffix)
    UNFINISHED.add(part)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield part
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.replace(target)
    except OSError as error:
        raise OutputError(target, f"cannot be written ({error.strerror or error})",
                          "free some space or give another place with -o") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        UNFINISHED.discard(part)


@contextmanager
def atomic_text(target: Path) -> Iterator[TextIO]:
    """The same, as an open UTF-8 file; a byte of a file name that is no UTF-8 is written as `\\udcff`, which
    JSON reads back."""
    with atomic(target) as part, part.open(
            "w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        yield stream


def write_text(target: Path, text: str) -> None:
    """Write a whole text; raises `OutputError`."""
    with atomic_text(target) as stream:
        stream.write(text)


def remove_parts(folder: Path) -> None:
    """Remove what killed runs left unfinished below `folder`; for the run that holds its lock."""
    if remote(folder) and cast(Any, folder).protocol in _WHOLE:
        return  # there are none
    for part in folder.rglob(PART.format("*") + "*"):
        with suppress(OSError):
            part.unlink(missing_ok=True)


def remove_unfinished() -> None:
    """Remove what this process has not finished, before it ends without unwinding."""
    for path in list(UNFINISHED):
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


@contextmanager
def scratch() -> Iterator[Path]:
    """A temporary folder.  Its owner holds a lock in it, by which others know that it is not abandoned."""
    from filelock import FileLock

    remove_abandoned()
    while True:
        folder = Path(tempfile.mkdtemp(prefix=SCRATCH))
        UNFINISHED.add(folder)
        lock = FileLock(folder / "lock")
        with suppress(OSError):
            lock.acquire()
        if folder.exists():
            break
        UNFINISHED.discard(folder)  # taken for abandoned before it was locked
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()
        UNFINISHED.discard(folder)


def remove_abandoned() -> None:
    """Remove the temporary folders of processes that were killed."""
    abandoned = list(Path(tempfile.gettempdir()).glob(SCRATCH + "*"))
    if not abandoned:
        return
    from filelock import FileLock, Timeout

    for folder in abandoned:
        with suppress(OSError, Timeout), FileLock(folder / "lock", timeout=0):
            shutil.rmtree(folder, ignore_errors=True)


def sha256(path: Path) -> str:
    """Of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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


def fetch(video: Path, folder: Path, *beside: Path) -> Path:
    """A local copy of a video at a URL, and of files `beside` it; a path as it is.

    Raises `InputError` when it cannot be had.
    """
    if not remote(video):
        return video
    try:
        for file in (video, *beside):
            with file.open("rb") as source, (folder / file.name).open("wb") as target:
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
    beside = str(PurePosixPath(path).with_name(PART.format(uuid.uuid4().hex)))
    part = path if url.protocol in _WHOLE else beside
    try:
        store.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
        store.put_file(str(source), part)
        if part != path:
            store.mv(part, path)
    except Exception as error:
        raise OutputError(str(target), f"cannot be written ({type(error).__name__}: {error})",
                          "check the address and the rights") from error
