"""Weights: what the manifest lists, where a file lies, whether it is whole, how to fetch it.

Our own files are inside the package and checked by sha256 before use.  Larger or foreign ones
are fetched once into the user's cache, by pinned address and sha256.  `EMOCLI_WEIGHTS_MIRROR`
(a folder or a URL) replaces the address; `EMOCLI_CACHE` moves the cache.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from emocli.errors import WeightsError

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


def sha256_of(path: Path) -> str:
    """Checksum of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def state(weight: Weight) -> str:
    """"ok", "absent" or "damaged"."""
    if not weight.path.is_file():
        return "absent"
    return "ok" if sha256_of(weight.path) == weight.sha256 else "damaged"


def resolve(name: str, *, offline: bool = False, commercial: bool = False) -> Path:
    """Path of a whole, verified file; fetches it if need be and if allowed.

    Raises `WeightsError` when it is damaged or cannot be had, or when it is for `commercial` use and its licence
    bars that.
    """
    weight = manifest().get(name)
    if weight is None:
        raise WeightsError(name, "no weights of this name", "see `emocli models list`")
    if commercial and not weight.commercial:
        raise WeightsError(name, f"may not be used commercially ({weight.licence})",
                           "see `emocli models list` for weights that may")
    found = state(weight)
    if found == "ok":
        return weight.path
    if weight.bundled:
        cause = "is missing from the installation" if found == "absent" else "is damaged (its sha256 differs)"
        raise WeightsError(weight.path, cause, "install emocli again, then run `emocli models verify`")
    if offline and not _mirror_folder():
        cause = "is not in the cache, and --offline forbids fetching it" if found == "absent" else "is damaged"
        raise WeightsError(weight.path, cause, f"run `emocli models pull {name}` with a network")
    return pull(name)


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
        target.parent.mkdir(parents=True, exist_ok=True)
        if mirror is not None:
            part = target.with_name(target.name + f".{os.getpid()}.part")
            try:
                shutil.copyfile(mirror / weight.mirror, part)
                if sha256_of(part) != weight.sha256:
                    raise WeightsError(mirror / weight.mirror, "is not the file that is pinned "
                                       "(its sha256 differs)", "repair the mirror")
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
        else:
            _download(weight, target, progress)
    except (OSError, ValueError) as error:
        raise WeightsError(weight.name, f"cannot be fetched ({_reason(error)})",
                           f"connect to a network and run `emocli models pull {weight.name}`, or set {MIRROR} "
                           "to a folder that holds it") from error
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
    return type(error).__name__ if "://" in str(error) or "HTTP" in str(error) else str(error)


def problems() -> Iterator[tuple[Weight, str]]:
    """The state of every entry that is not whole (a fetchable one may be absent)."""
    for weight in manifest().values():
        found = state(weight)
        if found == "damaged" or (found == "absent" and weight.bundled):
            yield weight, found
