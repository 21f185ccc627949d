"""Where Whisper's weights lie, and fetching them: folders for faster-whisper, `.pt` for openai-whisper."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from emocli import weights
from emocli.errors import WeightsError

#: The sizes that `models list` names; openai-whisper knows more.
SIZES = ("tiny", "base", "small", "medium", "large-v3", "turbo")
#: Who turned OpenAI's weights into files of CTranslate2 keeps them here.
_ADDRESS = "https://huggingface.co/{repository}/resolve/{revision}/{file}"
_SOURCE = "OpenAI Whisper (Radford et al. 2022)"


@dataclass(frozen=True)
class Converted:
    """An entry of `whisper.toml`: a size of Whisper as files of CTranslate2, with their sha256."""

    repository: str
    revision: str
    size: int
    files: Mapping[str, str]


@cache
def converted() -> dict[str, Converted]:
    """The sizes that faster-whisper can be given by name.  Raises `WeightsError`."""
    path = weights.folder() / "whisper.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise WeightsError(path, f"cannot be read ({error})", "install emocli again") from error
    return {size: Converted(**entry) for size, entry in table.items()}


def folder_files(size: str) -> list[weights.Weight]:
    """The files of a size for faster-whisper, the largest first."""
    entry, folder = converted()[size], f"faster-whisper-{size}"
    files = [weights.Weight(
        name=f"whisper-{size}", file=f"{folder}/{file}", sha256=sha256, size=0, licence="MIT",
        source=_SOURCE, mirror=f"whisper/{folder}/{file}",
        url=_ADDRESS.format(repository=entry.repository, revision=entry.revision, file=file))
        for file, sha256 in entry.files.items()]
    return sorted(files, key=lambda weight: not weight.file.endswith(".bin"))


def checkpoint(size: str) -> weights.Weight:
    """The entry that would stand in the manifest for one of Whisper's own checkpoints."""
    import whisper

    url = whisper._MODELS.get(size)
    if url is None:
        raise WeightsError(size, "Whisper has no model of this name",
                           f"give a folder, a .pt or one of {', '.join(whisper.available_models())}")
    *_, sha256, file = url.split("/")  # its address holds its checksum
    return weights.Weight(name=f"whisper-{size}", file=f"whisper/{file}", sha256=sha256, size=0,
                          licence="MIT", source=_SOURCE, url=url, mirror=f"whisper/{file}")


def cached_folder(size: str) -> Path | None:
    """Where a size for faster-whisper lies already."""
    files = folder_files(size) if size in converted() else []
    return files[0].path.parent if files and all(file.path.is_file() for file in files) else None


def cached_checkpoint(size: str) -> Path | None:
    """Where a checkpoint lies already: in our cache, or in that of the `whisper` program."""
    ours = checkpoint(size).path
    return next((p for p in (ours, Path.home() / ".cache" / "whisper" / ours.name) if p.is_file()), None)


def locate(name: str, engine: str, *, offline: bool, progress: bool | weights.Report = False) -> Path:
    """A folder for the engine "faster" or a `.pt` for "openai": by its path, from the cache, or fetched.

    Raises `WeightsError` when it cannot be had.
    """
    local = Path(name)
    if is_path(name):
        if not (local.is_dir() if engine == "faster" else local.is_file()):
            raise WeightsError(name, "no such Whisper model", "check the path given to --asr-model")
        return local
    if engine == "faster" and name not in converted():
        raise WeightsError(name, "faster-whisper has no weights of this name here",
                           f"give a folder, one of {', '.join(converted())}, or --asr-engine openai")
    path = cached_folder(name) if engine == "faster" else cached_checkpoint(name)
    if not path and offline:
        raise WeightsError(f"whisper {name}", "is not in the cache, and --offline forbids fetching it",
                           f"run `emocli models pull whisper-{name}` with a network")
    if path:
        return path
    if engine == "openai":
        return weights.fetch(checkpoint(name), progress=progress)
    first, *others = folder_files(name)
    for small in others:
        weights.fetch(small)
    return weights.fetch(first, progress=progress).parent


def is_path(name: str) -> bool:
    """Whether `--asr-model` was given a file or a folder, not a size; a folder here that is called as a size
    does not count."""
    return name.endswith(".pt") or "/" in name or "\\" in name


def engine_for(name: str, wanted: str, device: str) -> str:
    """"faster" or "openai": what "auto" stands for with this `--asr-model` on "cpu" or "cuda"."""
    if wanted != "auto":
        return wanted
    if device == "cuda" or name.endswith(".pt"):
        return "openai"
    if is_path(name):
        return "faster"
    if name not in converted() or (not cached_folder(name) and cached_checkpoint(name)):
        return "openai"  # that is here, or the only one there is
    return "faster"
