"""Defaults of options from a file: `--config`, else `emocli.toml` in this folder, else in the user's.

The command line goes before environment variables (`EMOCLI_ANALYZE_FACE_FPS`), and those before the file.
The file in this folder may be a stranger's, who sent it with the videos: it can say how to analyse, but not
what is read, written or overwritten, or which machine is asked.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emocli.errors import InputError, UsageError
from emocli.options import MOST_SPEAKERS
from emocli.plaintext import printable

FILE = "emocli.toml"
#: A table of this file that holds no options: the names that `emocli name` gives.
PERSONS = "persons"
#: Options that are said each time.
UNSET = frozenset(("help", "out", "config", "version", "link-people",
                   "install-completion", "show-completion"))
#: Switches that a stranger could do harm with.
GUARDED = frozenset(("overwrite", "embed", "trust", "overlay"))
#: Options that take words and name no file, folder or address.  Those that are not here are guarded, too.
WORDS = frozenset(("formats", "srt-style", "lang", "language", "device", "voice-mode", "text-mode",
                   "asr-engine", "workers", "include", "exclude", "preview", "title", "emotion", "quantize",
                   "format", "corrupt", "seed", "epochs", "threads"))
#: Options that take one of these words, or else a file.
_COUNTS = range(1, MOST_SPEAKERS + 1)
WORDS_OR_FILE = {"transcript": ("auto", "none"), "speakers": ("auto", "off", *_COUNTS, *map(str, _COUNTS)),
                 "asr-model": ("tiny", "base", "small", "medium", "large-v3", "turbo")}


def defaults(named: Path | None, root: Any) -> dict[str, Any] | None:
    """The defaults that count, as click's `default_map` for the command group `root`: those of the file
    `named`, or of `emocli.toml` here (which is said on standard error), or in the user's configuration
    folder.  Raises as `load`."""
    from platformdirs import user_config_path

    here, own = Path(FILE), user_config_path("emocli") / FILE
    path = named or next((p for p in (here, own) if p.is_file()), None)
    if path is None:
        return None
    foreign = path is here and here.resolve() != own.resolve()
    if foreign:
        print(f"emocli: options are taken from {printable(here.absolute())}", file=sys.stderr)
    return load(path, root, foreign=foreign)


def load(path: Path, root: Any, *, foreign: bool = False) -> dict[str, Any]:
    """The file as click's `default_map`.

    Raises `InputError` when it cannot be read, `UsageError` for a table or key that no command has, a value
    that its option cannot take, or what a `foreign` file must not set.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(path, f"cannot be read ({error})", "write a new one with `emocli init`") from error
    tables.pop(PERSONS, None)
    return _defaults(path, tables, root, (), foreign)


def _defaults(path: Path, table: dict[str, Any], command: Any, above: tuple[str, ...],
              foreign: bool) -> dict[str, Any]:
    commands, options = getattr(command, "commands", {}), dict(options_of(command))
    made: dict[str, Any] = {}
    for key, value in table.items():
        name, place = key.replace("_", "-"), f"[{'.'.join(above)}] {key}" if above else key
        if key in commands and isinstance(value, dict):
            made[key] = _defaults(path, value, commands[key], (*above, key), foreign)
        elif above and name in options:
            if not _fits(value, options[name]):
                raise UsageError(path, f"{place} cannot be {value!r}",
                                 f"see `emocli {' '.join(above)} --help`")
            if foreign and _guarded(name, value, options[name]):
                raise UsageError(path, f"{place} cannot be set by a file in the current folder",
                                 "give it on the command line, or name the file with --config")
            made[options[name].name] = value
        else:
            known = [*commands, *(options if above else ())]
            raise UsageError(path, f"{place} is unknown", f"choose from {', '.join(known)}")
    return made


def _guarded(name: str, value: Any, option: Any) -> bool:
    if name in WORDS_OR_FILE:
        return value not in WORDS_OR_FILE[name]
    return name in GUARDED or (name not in WORDS and not isinstance(option.default, bool | int | float))


def options_of(command: Any) -> Iterator[tuple[str, Any]]:
    """The options of a command that a file may set, by name without the dashes."""
    for option in command.params:
        longest = max(option.opts, key=len)
        if longest.startswith("--") and longest[2:] not in UNSET:
            yield longest[2:], option


def _fits(value: Any, option: Any) -> bool:
    usual = option.default
    if getattr(option, "multiple", False):
        return isinstance(value, list)
    if isinstance(usual, bool):
        return isinstance(value, bool)
    if isinstance(usual, int | float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str | int | float) and not isinstance(value, bool)
