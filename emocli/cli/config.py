"""Defaults of options from a file: `--config`, else `emocli.toml` in this folder, else in the user's.

The command line goes before environment variables (`EMOCLI_ANALYZE_FACE_FPS`), and those before the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from emocli.cli.inputs import target
from emocli.errors import InputError, UsageError

FILE = "emocli.toml"
#: Options that are said each time.
UNSET = frozenset(("help", "out", "config", "version", "install-completion", "show-completion"))


def found() -> Path | None:
    """The file that counts when none is named."""
    from platformdirs import user_config_path

    return next((p for p in (Path(FILE), user_config_path("emocli") / FILE) if p.is_file()), None)


def load(path: Path, root: Any) -> dict[str, Any]:
    """The file as click's `default_map` for the command group `root`.

    Raises `InputError` when it cannot be read, `UsageError` for a table or key that no command has, or a value that
    its option cannot take.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(path, f"cannot be read ({error})", "write a new one with `emocli init`") from error
    return _defaults(path, tables, root, ())


def _defaults(path: Path, table: dict[str, Any], command: Any, above: tuple[str, ...]) -> dict[str, Any]:
    commands, options = getattr(command, "commands", {}), dict(_options(command))
    made: dict[str, Any] = {}
    for key, value in table.items():
        place = f"[{'.'.join(above)}] {key}" if above else key
        if key in commands and isinstance(value, dict):
            made[key] = _defaults(path, value, commands[key], (*above, key))
        elif above and key.replace("_", "-") in options:
            option = options[key.replace("_", "-")]
            if not _fits(value, option):
                raise UsageError(path, f"{place} cannot be {value!r}", f"see `emocli {' '.join(above)} --help`")
            made[option.name] = value
        else:
            known = [*commands, *(options if above else ())]
            raise UsageError(path, f"{place} is unknown", f"choose from {', '.join(known)}")
    return made


def _options(command: Any) -> Iterator[tuple[str, Any]]:
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


def template(root: Any) -> str:
    """A file that sets nothing: every option as a remark, with its help and default."""
    lines = ["# Defaults of emocli's options; take the # off what you want to change.",
             "# The command line goes before this file, and so do variables like EMOCLI_ANALYZE_FACE_FPS."]
    for names, command in _commands(root, ()):
        if not (options := list(_options(command))):
            continue
        lines += ["", f"[{'.'.join(names)}]"]
        for name, option in options:
            meaning = " ".join(str(option.help or "").split()).replace("\\[", "[")
            lines += [f"# {meaning}", f"# {name} = {_written(option)}"]
    return "\n".join(lines) + "\n"


def _commands(command: Any, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, one in getattr(command, "commands", {}).items():
        yield from _commands(one, (*above, name)) if getattr(one, "commands", None) else [((*above, name), one)]


def _written(option: Any) -> str:
    if getattr(option, "multiple", False):
        return "[]"
    usual = option.default
    if isinstance(usual, bool):
        return str(usual).lower()
    return str(usual) if isinstance(usual, int | float) else f'"{usual or ""}"'


def init_command(
    out: Annotated[Path | None, typer.Option("-o", "--out", help=f"The file to write; {FILE} if left out.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
) -> None:
    """Write a configuration file with every option, its meaning and its default, as remarks.

    Example: emocli init
    """
    from typer.main import get_command

    from emocli.cli.app import app
    from emocli.storage import write_text

    path = target(out, Path(FILE), overwrite=overwrite)
    write_text(path, template(get_command(app)))
    typer.echo(f"wrote {path}")
