"""`emocli name`."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from emocli.cli.config import FILE, PERSONS
from emocli.cli.inputs import documents, of_document, say_written
from emocli.errors import EXIT_SOME_FAILED, EmocliError, InputError, UsageError


@dataclass(frozen=True)
class Names:
    """Names by face, speaker or person: for `every` analysis, and for `single` ones by what they are
    called."""

    every: Mapping[str, str] = field(default_factory=dict)
    single: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def name_command(
    path: Annotated[Path, typer.Argument(help="An analysis (.emotions.json), or a folder of them.")],
    names: Annotated[list[str] | None, typer.Argument(
        metavar="WHO=NAME", help="A face (1=Anna), a speaker (S2=Ben), or a name that is there; nothing "
                                      "after the = takes the name away. If left out: what \\[persons] says "
                                      "in the folder's emocli.toml.")] = None,
    video: Annotated[Path | None, typer.Option(
        help="Where the video lies, if not beside the analysis: for the pictures in its page.")] = None,
    overwrite: Annotated[bool, typer.Option(
        "--overwrite", help="Replace files that somebody has edited.")] = False,
) -> None:
    """Give persons names, in an analysis and in every file beside it. One name for a face and a speaker
    makes them one person.

    Example: emocli name interview.emotions.json 1=Anna S1=Anna S2=Ben

    Example: emocli name results/
    """
    if video and path.is_dir():
        raise UsageError("--video", "belongs to one analysis, and this is a folder", "give one analysis")
    files, folder = dict(documents([path])), path if path.is_dir() else path.parent
    if not names:
        wanted = read_table(folder / FILE)
    elif path.is_dir():
        wanted = Names(assignments(names))
    else:
        wanted = Names(single=dict.fromkeys(files, assignments(names)))
    if path.is_dir() and (unknown := wanted.single.keys() - files.keys()):
        raise UsageError(folder / FILE, f"names {sorted(unknown)[0]!r}, and there is no such analysis",
                         f"choose from {', '.join(files)}")
    failures, found = [], 0
    for name, file in files.items():
        try:
            found += give_names(file, wanted, name, video, overwrite=overwrite)
        except EmocliError as error:
            if len(files) == 1:
                raise
            print(f"emocli: {error}", file=sys.stderr)
            failures.append(error)
    if failures:
        raise typer.Exit(EXIT_SOME_FAILED if len(failures) < len(files) else failures[0].exit_code)
    if not found:
        raise UsageError(path, "has nobody who is called so", "see `emocli summary` for who is there")


def give_names(path: Path, names: Names, called: str, video: Path | None = None, *,
               overwrite: bool = False) -> bool:
    """Write the names into an analysis that is `called` so, and into the files beside it; says which.
    Returns whether there was anybody to name.

    Raises `UsageError` for somebody of `names.single` who is not there, or a file that somebody has edited.
    """
    from emocli.batch import naming
    from emocli.outputs.rewrite import renamed
    from emocli.timeline.persons import keys, rename

    before = of_document(path, video)
    there = keys(before)
    wanted = {key: name for key, name in names.every.items() if key in there} | dict(
        names.single.get(called, {}))
    after = rename(before, wanted)
    if after.persons != before.persons:
        texts = renamed(path, before, after, overwrite=overwrite)
        naming.write(path, texts, after)
        for file in texts:
            say_written(file)
    return bool(wanted)


def assignments(texts: list[str]) -> dict[str, str]:
    """`["1=Anna"]` as `{"1": "Anna"}`.  Raises `UsageError`."""
    made: dict[str, str] = {}
    for text in texts:
        who, equals, name = text.partition("=")
        if not equals or not who.strip() or made.setdefault(who.strip(), name) != name:
            raise UsageError(text, "is no name, or the second for one person", "write 1=Anna, or S2=Ben")
    return made


def read_table(path: Path) -> Names:
    """The table `[persons]` of a configuration file.  Raises `InputError`."""
    step = f"write a table [{PERSONS}], as S1 = \"Anna\", or give the names here"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get(PERSONS, {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(path, f"cannot be read ({error})", step) from error
    every = {key: value for key, value in table.items() if isinstance(value, str)}
    single = {key: value for key, value in table.items() if isinstance(value, dict)}
    texts = [value for names in single.values() for value in names.values()]
    if not table or len(every) + len(single) < len(table) or not all(isinstance(t, str) for t in texts):
        raise InputError(path, f"has no names in [{PERSONS}], or some that are no text", step)
    return Names(every, single)
