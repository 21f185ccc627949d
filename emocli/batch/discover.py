"""Which videos a run is about, and what each one's results are called."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from os.path import commonpath
from pathlib import Path, PurePath, PurePosixPath

from emocli.errors import InputError
from emocli.media.probe import AUDIO_ENDINGS, VIDEO_ENDINGS
from emocli.storage import place, posix, remote

#: Endings of lists of videos.
LISTS = frozenset((".txt", ".lst"))


@dataclass(frozen=True)
class Job:
    """One video; `name` is what its results are called, a path below the output folder without their endings;
    `error` is why it cannot even be tried."""

    path: Path
    name: str
    error: InputError | None = None


@dataclass(frozen=True)
class _File:
    path: Path
    name: PurePath
    error: InputError | None = None


def discover(paths: Sequence[Path], *, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[Job]:
    """Every video that `paths` name, once, in the order given.

    A folder gives the media files below it, by name, hidden ones left out, and a job with an error for each
    folder inside that cannot be searched; a `.txt` the paths that it lists, a line each, relative to itself,
    `#` for remarks; anything else is taken for a video.  `include` and `exclude` are patterns as the shell's,
    for a file's name or its path below the folder.

    The tree is mirrored: names are relative to the folder, to which its own name is put in front where
    several folders are given; single files are relative to the folder that they share.  Where two videos
    differ by nothing but their ending, the ending stays in the name.

    Raises `InputError` where nothing is found, or a list cannot be read.
    """
    folders = [path for path in paths if _is_folder(path)]
    videos: list[_File] = []
    single: list[Path] = []
    for path in paths:
        if path in folders:
            inside = [file for file in _search(path) if file.error or _wanted(file.name, include, exclude)]
            if not inside:
                which = "no video that is wanted" if include or exclude else "no video"
                raise InputError(str(path), f"the folder holds {which}",
                                 "give a folder with videos, or the files themselves")
            front = PurePosixPath(path.resolve().name) if len(folders) > 1 else PurePosixPath()
            videos += [_File(file.path, front / file.name, file.error) for file in inside]
        else:
            single += _listed(path) if path.suffix.lower() in LISTS else [path]
    single = [p for p in single if _wanted(posix(p), include, exclude)]
    if paths and not videos and not single:
        raise InputError(str(paths[0]), "no video is wanted of what is given",
                         "change --include and --exclude, or leave them out")
    once: dict[PurePath, _File] = {}
    for video in (*videos, *_together(single)):
        once.setdefault(_real(video.path), video)
    return list(_named(list(once.values())))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except Exception:  # a name too long, or what a store raises: reading it will say so
        return False


def _real(path: Path) -> PurePath:
    """Where a file lies, whatever links lead there."""
    try:
        return posix(path) if remote(path) else PurePosixPath(os.path.realpath(path.parent), path.name)
    except (OSError, ValueError):  # no name that a file can have: reading it will say so
        return posix(path)


def _search(top: Path) -> list[_File]:
    """Media files below a folder, by name.  Links to folders are followed last, so that each folder is
    searched once, and under its own name."""
    folders, links, visited = deque([top]), deque[Path](), set[object]()
    files = []
    while folders or links:
        folder = (folders or links).popleft()
        real = folder if remote(folder) else os.path.realpath(folder)
        if real in visited:
            continue
        visited.add(real)
        try:
            inside = [path for path in folder.iterdir() if not path.name.startswith(".")]
        except Exception as error:  # each kind of store has errors of its own
            reason = getattr(error, "strerror", None) or error
            files.append(_File(folder, posix(folder).relative_to(posix(top)), InputError(
                folder, f"the folder cannot be searched ({reason})", "check its permissions")))
            continue
        for path in inside:
            if _is_folder(path):
                (links if not remote(path) and path.is_symlink() else folders).append(path)
            elif path.suffix.lower() in VIDEO_ENDINGS | AUDIO_ENDINGS:
                files.append(_File(path, posix(path).relative_to(posix(top))))
    return sorted(files, key=lambda file: file.path.parts)


def _together(single: Sequence[Path]) -> list[_File]:
    """Single files relative to the folder that they share; by their names alone where they share none."""
    wholes = [posix(path) if remote(path) else _real(path) for path in single]
    try:
        shared = commonpath([whole.parent for whole in wholes])
    except ValueError:  # none are given, or they lie in several stores
        return [_File(path, PurePosixPath(whole.name)) for path, whole in zip(single, wholes, strict=True)]
    return [_File(path, whole.relative_to(shared)) for path, whole in zip(single, wholes, strict=True)]


def _wanted(path: PurePath, include: Iterable[str], exclude: Iterable[str]) -> bool:
    def matches(patterns: Iterable[str]) -> bool:
        return any(fnmatch(path.name, p) or fnmatch(path.as_posix(), p) for p in patterns)

    return (not include or matches(include)) and not matches(exclude)


def _listed(path: Path) -> list[Path]:
    try:
        if path.exists() and not path.is_file():
            raise InputError(path, "is no file but a pipe or device", "give a list as a file")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise InputError(str(path), f"the list cannot be read ({error})",
                         "check the path, and that it is UTF-8") from error
    videos = [place(line) if "://" in line else path.parent / line
              for raw in lines if (line := raw.strip()) and not line.startswith("#")]
    if not videos:
        raise InputError(str(path), "the list names no video", "write a path a line")
    return videos


def _named(videos: Sequence[_File]) -> Iterator[Job]:
    """A video is called as its file without the ending, unless another would be called so, too."""
    def folded(name: PurePath) -> str:
        return str(name).lower()  # upper and lower case are one to some file systems

    videos = [video if video.name.name else _File(video.path, PurePosixPath("unnamed"), InputError(
        video.path, "is no file", "give a video or sound file")) for video in videos]
    wholes = Counter(folded(video.name) for video in videos)
    stems = Counter(folded(video.name.with_suffix("")) for video in videos if not video.error)
    taken: set[str] = set()
    for video in videos:
        if video.error:
            yield Job(video.path, str(video.name), video.error)
            continue
        stem = video.name.with_suffix("")
        name = video.name if stems[folded(stem)] > 1 or folded(stem) in wholes else stem
        if folded(name) in taken:
            yield Job(video.path, str(posix(video.path)), InputError(
                video.path, f"its results would be called {name}, as another's",
                "rename one of them, or analyse them into different folders"))
        else:
            taken.add(folded(name))
            yield Job(video.path, name.as_posix())
