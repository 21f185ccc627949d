"""Weights: what the manifest lists, where a file lies, whether it is whole, how to fetch it.

Our own files are inside the package and checked by sha256 before use.  Larger or foreign ones
are fetched once into the user's cache, by pinned address and sha256.  `EMOCLI_WEIGHTS_MIRROR`
(a folder or a URL) replaces the address; `EMOCLI_CACHE` moves the cache.
"""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from emocli import storage
from emocli.errors import OutputError, WeightsError

MIRROR, CACHE = "EMOCLI_WEIGHTS_MIRROR", "EMOCLI_CACHE"
#: Seconds to wait for a server before doing without.
TIMEOUT = 15
#: Takes the share done, 0..1.
Report = Callable[[float], None]


@dataclass(frozen=True)
class Weight:
    """One entry of `manifest.toml`.  `url` is empty for a file that ships with emocli; `mirror`
    is its path below a mirror."""

    name: str
    file: str
    sha256: str
    size: int
    licence: str
    source: str
    temperature: float = 1.0
    url: str = ""
    mirror: str = ""

    @property
    def bundled(self) -> bool:
        """Whether it ships inside the package."""
        return not self.url

    @property
    def commercial(self) -> bool:
        """Whether the licence allows commercial use."""
        return "NC" not in self.licence

    @property
    def path(self) -> Path:
        """Where it lies, or would lie once fetched."""
        return (folder() if self.bundled else cache_folder()) / self.file


def folder() -> Path:
    """The folder of the weights that ship: inside the wheel, or beside the package in a checkout."""
    installed = Path(__file__).parent / "_weights"
    return installed if installed.is_dir() else Path(__file__).parents[1] / "weights"


def cache_folder() -> Path:
    """Where fetched files are kept."""
    if os.environ.get(CACHE):
        return Path(os.environ[CACHE])
    import platformdirs

    return Path(platformdirs.user_cache_dir("emocli"))


@cache
def manifest() -> dict[str, Weight]:
    """All entries by name."""
    path = folder() / "manifest.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise WeightsError(path, f"cannot be read ({error})", "install emocli again") from error
    return {name: Weight(name=name, **entry) for name, entry in table.items()}


def state(weight: Weight) -> str:
    """"ok", "absent" or "damaged"."""
    if not weight.path.is_file():
        return "absent"
    return "ok" if storage.sha256(weight.path) == weight.sha256 else "damaged"


def record(*names: str) -> dict[str, Mapping[str, str]]:
    """Entries of the manifest as the provenance tells of them."""
    entries = ((name, manifest()[name]) for name in names)
    return {name: {"file": w.file, "sha256": w.sha256, "licence": w.licence} for name, w in entries}


def of_file(name: str, path: Path, licence: str = "unknown") -> dict[str, Mapping[str, str]]:
    """The same of a file that the manifest does not list."""
    return {name: {"file": path.name, "sha256": storage.sha256(path), "licence": licence}}


@cache
def of_package(package: str, *files: str, licence: str = "MIT") -> dict[str, Mapping[str, str]]:
    """The same of files that come inside another package."""
    spec = find_spec(package)
    (folder,) = spec.submodule_search_locations if spec and spec.submodule_search_locations else [""]
    records: dict[str, Mapping[str, str]] = {}
    for path in (Path(folder, file) for file in files):
        name = path.stem if path.stem.startswith(package) else f"{package}-{path.stem}"
        records |= of_file(name.replace("_", "-"), path, licence) if path.is_file() else {}
    return records


def resolve(name: str, *, offline: bool = False, commercial: bool = False,
            progress: bool | Report = False) -> Path:
    """Path of a whole, verified file; fetches it if need be and if allowed.

    Raises `WeightsError` when it is damaged or cannot be had, or when it is for `commercial` use and its
    licence bars that.
    """
    weight = manifest().get(name)
    if weight is None:
        raise WeightsError(name, "no weights of this name", "see `emocli models list`")
    if commercial and not weight.commercial:
        raise WeightsError(name, f"may not be used commercially ({weight.licence})",
                           "see `emocli models list` for weights that may")
    condition = state(weight)
    if condition == "ok":
        return weight.path
    if weight.bundled:
        cause = ("is missing from the installation" if condition == "absent"
                 else "is damaged (its sha256 differs)")
        raise WeightsError(weight.path, cause, "install emocli again, then run `emocli models verify`")
    if offline and not _mirror_folder():
        cause = ("is not in the cache, and --offline forbids fetching it" if condition == "absent"
                 else "is damaged")
        raise WeightsError(weight.path, cause, f"run `emocli models pull {name}` with a network")
    return pull(name, progress=progress)


def _mirror_folder() -> Path | None:
    mirror = os.environ.get(MIRROR, "")
    return Path(mirror) if mirror and "://" not in mirror else None


def pull(name: str, *, progress: bool | Report = False) -> Path:
    """Fetch one file into the cache, from the mirror if there is one; verified, then renamed."""
    weight = manifest().get(name)
    if weight is None:
        raise WeightsError(name, "no weights of this name", "see `emocli models list`")
    if weight.bundled:
        return resolve(name)
    return weight.path if state(weight) == "ok" else fetch(weight, progress=progress)


def fetch(weight: Weight, *, progress: bool | Report = False) -> Path:
    """Fetch what an entry says, whatever lies in the cache; `progress` is True for a bar on
    standard error, or a function that takes the share done."""
    target, mirror = weight.path, _mirror_folder()
    try:
        if mirror is None:
            target.parent.mkdir(parents=True, exist_ok=True)
            _download(weight, target, progress)
            return target
        source = mirror / weight.mirror
        source.stat()  # to say that it is the source that is missing
        with storage.atomic(target) as part:
            shutil.copyfile(source, part)
            if storage.sha256(part) != weight.sha256:
                raise WeightsError(source, "is not the file that is pinned (its sha256 differs)",
                                   "repair the mirror")
    except (OSError, ValueError, OutputError) as error:
        raise WeightsError(weight.name, f"cannot be fetched ({_reason(error)})",
                           f"connect to a network and run `emocli models pull {weight.name}`, or set "
                           f"{MIRROR} to a folder that holds it") from error
    return target


class _Meter:
    """What pooch asks of a progress bar, for a function that takes the share done."""

    def __init__(self, report: Report) -> None:
        self._report, self._done, self.total = report, 0, 0

    def update(self, size: int) -> None:
        self._done += size
        self._report(min(1.0, self._done / self.total) if self.total else 0.0)  # pooch counts whole chunks

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        self._report(1.0)


def _download(weight: Weight, target: Path, progress: bool | Report) -> None:
    import logging

    import pooch

    pooch.get_logger().setLevel(logging.WARNING)
    mirror = os.environ.get(MIRROR, "")
    url = f"{mirror.rstrip('/')}/{weight.mirror}" if mirror else weight.url
    target.unlink(missing_ok=True)
    bar = progress if isinstance(progress, bool) else _Meter(progress)
    pooch.retrieve(url, known_hash=f"sha256:{weight.sha256}", fname=target.name, path=target.parent,
                   downloader=pooch.HTTPDownloader(timeout=TIMEOUT, progressbar=bar))


def _reason(error: Exception) -> str:
    if isinstance(error, OutputError):
        return f"{error.subject} {error.cause}"
    return type(error).__name__ if "://" in str(error) or "HTTP" in str(error) else str(error)


def problems() -> Iterator[tuple[Weight, str]]:
    """The state of every entry that is not whole (a fetchable one may be absent)."""
    for weight in manifest().values():
        condition = state(weight)
        if condition == "damaged" or (condition == "absent" and weight.bundled):
            yield weight, condition
