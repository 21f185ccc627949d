"""`emocli models list | pull | verify`."""

from __future__ import annotations

from typing import Annotated

import typer

from emocli.errors import WeightsError

app = typer.Typer(no_args_is_help=True, help="The weights: what there is, fetching it, checking it.")
_WHISPER = "whisper-"


@app.command("list")
def list_command() -> None:
    """List all weights with state, size, licence, and whether that allows commercial use.

    Example: emocli models list
    """
    from rich.console import Console
    from rich.table import Table

    from emocli import weights
    from emocli.transcript import whisper_weights

    table = Table("name", "state", "size", "licence", "commercial", "comes", box=None, pad_edge=False)
    for weight in weights.manifest().values():
        where = "with emocli" if weight.bundled else "fetched once"
        table.add_row(weight.name, weights.state(weight), f"{weight.size / 1e6:.2f} MB", weight.licence,
                      "yes" if weight.commercial else "no", where)
    for name in whisper_weights.SIZES:
        entry = whisper_weights.converted().get(name)
        here = (entry and whisper_weights.cached_folder(name)) or whisper_weights.cached_checkpoint(name)
        size = f"{entry.size / 1e6:.2f} MB" if entry else ""
        table.add_row(_WHISPER + name, "ok" if here else "absent", size, "MIT", "yes", "fetched once")
    Console(width=None).print(table)


@app.command("pull")
def pull_command(names: Annotated[list[str] | None, typer.Argument(
        metavar="[NAME...]", help="Names from `models list`, or whisper-tiny, whisper-base, ...; "
                                  "all that are fetched if left out.")] = None) -> None:
    """Fetch weights into the cache, verified by sha256.

    Example: emocli models pull yunet face-landmarker whisper-base
    """
    from emocli import weights
    from emocli.transcript import whisper_weights

    for name in names or [w.name for w in weights.manifest().values() if not w.bundled]:
        if name.startswith(_WHISPER):
            size = name.removeprefix(_WHISPER)
            engine = "faster" if size in whisper_weights.converted() else "openai"
            path = whisper_weights.locate(size, engine, offline=False, progress=True)
        else:
            path = weights.pull(name, progress=True)
        typer.echo(path)


@app.command("verify")
def verify_command() -> None:
    """Check the sha256 of all weights that are here; exit code 4 when one is wrong.

    Example: emocli models verify
    """
    from emocli import weights

    problems = list(weights.problems())
    for weight in weights.manifest().values():
        typer.echo(f"{weights.state(weight):8} {weight.path}")
    if problems:
        weight, state = problems[0]
        raise WeightsError(weight.path, f"is {state}", "install emocli again" if weight.bundled
                           else f"run `emocli models pull {weight.name}`")
