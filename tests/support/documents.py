"""The commands that README and documentation show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.paths import REPO
from typer.main import get_command

from emocli.cli.app import app

#: All pages but the manual, which is made from the app itself.
PAGES = [*sorted(REPO.glob("README*.md")),
         *(page for page in sorted((REPO / "docs").glob("*.md")) if page.stem != "commands")]

#: Commands that take seconds on a small film or its analysis.
SMALL = ("analyze", "report", "convert", "annotate", "clips", "mux", "compare", "summary")


@dataclass(frozen=True)
class Shown:
    """One call of emocli: its page, its words after `emocli`, and whether it is a line of a bash block."""

    page: str
    words: tuple[str, ...]
    block: bool

    def __str__(self) -> str:
        return f"{self.page}: emocli {shlex.join(self.words)}"


def calls(line: str) -> Iterator[tuple[str, ...]]:
    """The words of every `emocli` of a line of shell, which may hold several commands and a remark."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;<>")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set("&|;<>"):
            name = next((i for i, w in enumerate(words) if Path(w).name == "emocli"), None)
            if name is not None and words[name + 1:] and all("=" in before for before in words[:name]):
                yield tuple(words[name + 1:])
            words = []
        else:
            words.append(word)


def shown() -> list[Shown]:
    """Every call in a bash block, and every call with words after it in a line of text."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in re.findall(r"^```bash\n(.*?)^```", text, flags=re.M | re.S):
            for line in block.replace("\\\n", " ").splitlines():
                found += [Shown(page.name, words, True) for words in calls(line)]
        for span in re.findall(r"`(emocli [^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)):
            found += [Shown(page.name, words, False) for words in calls(" ".join(span.split()))]
    return found


def runs_here(words: tuple[str, ...]) -> bool:
    """Whether a call needs no more than a folder of small films: no data set, model of somebody else,
    network, other machine, named person, or value in the place of which CAPITALS stand."""
    return (words[0] in SMALL and "--engine" not in words
            and any("." in word or word.endswith("/") for word in words)
            and not any(":" in word or word.isupper() or word == "..." for word in words))


def command_of(words: tuple[str, ...]) -> tuple[Any, list[str]]:
    """The command that is called, and what is given to it."""
    command: Any = get_command(app)
    rest = list(words)
    if rest[:1] == ["--config"]:
        rest = rest[2:]
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
    return command, rest
