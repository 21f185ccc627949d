"""`emocli data check | features | flatten`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emocli.cli.optional import optional_dependency
from emocli.cli.parameters import Recipe
from emocli.cli.usage import Command, Group

app = typer.Typer(cls=Group, no_args_is_help=True,
                  help="Training data: what there is, and bringing it into shape.")


@app.command("check", cls=Command)
def check_command(folder: Annotated[Path, typer.Argument(
        help="The data folder, AI Hub 259's tree, or a folder with one sub-folder a class.")]) -> None:
    """Count the items of each class and the persons of each corpus, and say what is missing.

    Example: emocli data check data
    """
    from rich.console import Console
    from rich.table import Table

    from emocli.emotions import EMOTIONS
    from emocli.training.corpora.survey import survey

    table = Table("corpus", "items", *EMOTIONS, "persons", "missing")
    for corpus in survey(folder):
        table.add_row(corpus.name, str(corpus.items), *(str(corpus.classes[i]) for i in range(len(EMOTIONS))),
                      str(len(corpus.persons) or ""), "; ".join(corpus.remarks))
    console = Console()
    console.width = max(console.width, 150) if not console.is_terminal else console.width
    console.print(table)


@app.command("features", cls=Command)
def features_command(
    data: Annotated[Path, typer.Argument(help="The data folder.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for them.")] = Path("features"),
    recipe: Recipe = None,
) -> None:
    """Keep what the pretrained ear hears of the corpora, as they are, in made-up rooms and noise, slower and
    faster, so that training the voice waits for it once. A run that was stopped goes on where it was.

    Example: emocli data features data -o features
    """
    from emocli.training.recipe import read_recipe

    settings = read_recipe("voice", recipe)
    with optional_dependency("emocli data"):
        from emocli.training import hearing

        for corpus in settings["corpora"]:
            typer.echo(f"{corpus}: {len(hearing.hear(data, corpus, settings['seed'], out))} clips")


@app.command("flatten", cls=Command)
def flatten_command(
    folder: Annotated[Path, typer.Argument(help="AI Hub 259's tree of videos.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for one sub-folder of WAV files a class.")],
) -> None:
    """Write the sound of AI Hub 259's videos as 16 kHz WAV, ends cut at 30 dB, named actor_number; a run
    that was stopped goes on.

    Example: emocli data flatten aihub259 -o aihub259_wav
    """
    from emocli.errors import InputError
    from emocli.training.corpora import aihub

    failures: list[InputError] = []
    with optional_dependency("emocli data"):
        done = sum(1 for _ in aihub.flatten(folder, out, failures.append))
    for failure in failures:
        typer.echo(f"emocli: {failure}", err=True)
    if failures and not done:
        raise InputError(folder, "no video of it can be read", "check that they play in a media player")
    typer.echo(f"{done} files in {out}" + (f", {len(failures)} videos could not be read" if failures else ""))
