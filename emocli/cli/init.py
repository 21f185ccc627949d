"""`emocli init`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from emocli.cli.config import FILE, options_of
from emocli.cli.inputs import say_written, target
from emocli.cli.parameters import Overwrite, out_file
from emocli.storage import write_text


def init_command(
    ctx: typer.Context, out: Annotated[Path | None, out_file(FILE)] = None, overwrite: Overwrite = False,
) -> None:
    """Write a configuration file with every option, its meaning and its default, as remarks.

    Example: emocli init
    """
    path = target(out, Path(FILE), overwrite=overwrite)
    write_text(path, template(ctx.find_root().command))
    say_written(path)


def template(root: Any) -> str:
    """A file that sets nothing: every option as a remark, with its help and default."""
    lines = ["# Defaults of emocli's options; take the # off what you want to change.",
             "# The command line goes before this file, and so do variables like EMOCLI_ANALYZE_FACE_FPS.",
             "# Options that name files, overwrite, embed or ask other machines work only in a file that is",
             "# named with --config, or that lies in your own configuration folder."]
    for names, command in _commands(root, ()):
        if not (options := list(options_of(command))):
            continue
        lines += ["", f"[{'.'.join(names)}]"]
        for name, option in options:
            meaning = " ".join(str(option.help or "").split()).replace("\\[", "[")
            lines += [f"# {meaning}", f"# {name} = {_written(option)}"]
    return "\n".join(lines) + "\n"


def _commands(command: Any, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, inner in getattr(command, "commands", {}).items():
        names = (*above, name)
        yield from _commands(inner, names) if getattr(inner, "commands", None) else [(names, inner)]


def _written(option: Any) -> str:
    if getattr(option, "multiple", False):
        return "[]"
    usual = option.default
    if isinstance(usual, bool):
        return str(usual).lower()
    return str(usual) if isinstance(usual, int | float) else f'"{usual or ""}"'
