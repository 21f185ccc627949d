"""How the help writes what an option takes: TEXT, PATH, ..., and nothing for a flag, where Typer has Python's
`<str>`, `<path>` and `<bool>`."""

from __future__ import annotations

from typing import Any

from typer.core import TyperArgument, TyperCommand, TyperGroup

#: The usual word for a Python type.
WORDS = {"bool": "", "str": "TEXT", "int": "INTEGER", "float": "FLOAT", "Path": "PATH"}


def in_usual_words(params: list[Any]) -> list[Any]:
    """The parameters of a command, each with a `metavar`: an argument its name, an option what it takes."""
    for param in params:
        if isinstance(param, TyperArgument):
            param.metavar = param.metavar or (param.name or "").upper()
            param.display_type_rich = lambda ctx: None  # type: ignore[method-assign]  # beside the name
        elif param.metavar is None:
            param.metavar = WORDS.get(param.bare_type().removeprefix("list[").removesuffix("]"), "TEXT")
    return params


class Command(TyperCommand):
    """A command whose help is in the usual words."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Options and arguments, `--help` included."""
        return in_usual_words(super().get_params(ctx))


class Group(TyperGroup):
    """Commands under one name, likewise."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Options, `--help` included."""
        return in_usual_words(super().get_params(ctx))
