"""Which videos a run is about, and what each one's results are called."""

from __future__ import annotations

from collections import Counter
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
    """One video; `name` is what its results are called, a path below the output folder without their endings."""

    path: Path
    name: str


def discover(paths: Sequence[Path], *, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[Job]:
    """Every video that `paths` name, once, in the order given.

    A folder gives the media files below it, by name, hidden ones left out; a `.txt` the paths that it lists, a line
    each, relative to itself, `#` for remarks; anything else is taken for a video.  `include` and `exclude` are
    patterns as the shell's, for a file's name or its path below the folder.

    The tree is mirrored: names are relative to the folder, to which its own name is put in front where several folders
    are given; single files are relative to the folder that they share.  Where two videos differ by nothing but their
    ending, the ending stays in the name.

    Raises `InputError` where nothing is found, or a list cannot be read.
    """
    folders = [p for p in paths if p.is_dir()]
    found: dict[Path, PurePath] = {}
    single: list[Path] = []
    for path in paths:
        if path.is_dir():
            front = PurePosixPath(path.resolve().name) if len(folders) > 1 else PurePosixPath()
            below = {p: posix(p).relative_to(posix(path)) for p in _media(path)}
            inside = {p: front / name for p, name in below.items() if _wanted(name, include, exclude)}
            if not inside:
                which = "no video that is wanted" if include or exclude else "no video"
                raise InputError(str(path), f"the folder holds {which}",
                                 "give a folder with videos, or the files themselves")
            found |= {p: name for p, name in inside.items() if p not in found}
        else:
            single += _listed(path) if path.suffix.lower() in LISTS else [path]
    single = [p for p in single if _wanted(posix(p), include, exclude)]
    found |= {p: name for p, name in _together(single).items() if p not in found}
    return list(_named(found))


def _together(single: Sequence[Path]) -> dict[Path, PurePath]:
    """Single files relative to the folder that they share; by their names alone where they share none."""
    wholes = {p: posix(p) if remote(p) else posix(p.absolute().parent.resolve() / p.name) for p in single}
    try:
        shared = commonpath([whole.parent for whole in wholes.values()])
    except ValueError:  # none are given, or they lie in several stores
        return {p: PurePosixPath(whole.name) for p, whole in wholes.items()}
    return {p: whole.relative_to(shared) for p, whole in wholes.items()}


def _media(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir(), key=str):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _media(path)
        elif path.suffix.lower() in VIDEO_ENDINGS | AUDIO_ENDINGS:
            yield path


def _wanted(path: PurePath, include: Iterable[str], exclude: Iterable[str]) -> bool:
    def matches(patterns: Iterable[str]) -> bool:
        return any(fnmatch(path.name, p) or fnmatch(path.as_posix(), p) for p in patterns)

    return (not include or matches(include)) and not matches(exclude)


def _listed(path: Path) -> list[Path]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(path), f"the list cannot be read ({error})",
                         "check the path, and that it is UTF-8") from error
    found = [place(line) if "://" in line else path.parent / line
             for raw in lines if (line := raw.strip()) and not line.startswith("#")]
    if not found:
        raise InputError(str(path), "the list names no video", "write a path a line")
    return found


def _named(found: dict[Path, PurePath]) -> Iterator[Job]:
    # Upper and lower case are one to some file systems.
    stems = Counter(str(name.with_suffix("")).lower() for name in found.values())
    wholes = Counter(str(name).lower() for name in found.values())
    for path, name in found.items():
        if wholes[str(name).lower()] > 1:
            raise InputError(str(path), f"its results would be called {name}, as another's",
                             "rename one of them, or analyse them into different folders")
        alone = stems[str(name.with_suffix("")).lower()] == 1
        yield Job(path, PurePosixPath(name.with_suffix("") if alone else name).as_posix())
