"""`emocli models list | try | pull | verify`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from emocli.cli.analyze_options import Features, Labels, Trust
from emocli.cli.console import show_log
from emocli.cli.usage import Command, Group
from emocli.errors import UsageError, WeightsError
from emocli.plaintext import printable

app = typer.Typer(cls=Group, no_args_is_help=True, help="Weights and models: see, try, fetch and check them.")
_WHISPER = "whisper-"
#: Labels of a model that are shown.
SHOWN = 10


@app.command("list", cls=Command)
def list_command() -> None:
    """List all weights with state, size, licence, and whether that allows commercial use; then the kinds of
    models of others that --face, --voice and --text take, and whether what they need is installed.

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
    console = Console(width=None)
    console.print(table)
    console.print(_kinds())
    console.print(_known())


def _kinds() -> Any:
    """The kinds of models of others, as a table."""
    from importlib.metadata import PackageNotFoundError, version

    from rich import console
    from rich.markup import escape
    from rich.table import Table

    from emocli.adapters.kinds import KINDS

    def lacks(library: str) -> bool:
        try:
            return not version(library)
        except PackageNotFoundError:
            return True

    table, installs = Table(box=None, pad_edge=False, title_justify="left",
                            title="Models by --face, --voice, --text"), list[str]()
    for column in ("model", "reads", "what, under which licence", "installed"):
        table.add_column(column, overflow="fold", no_wrap=column == "model")
    for name, kind in KINDS.items():
        missing = any(map(lacks, kind.libraries))
        table.add_row(escape(f"{name}:{kind.target}"), ", ".join(kind.modules),
                      f"{kind.what} ({kind.licence})", "absent" if missing else "ok")
        installs += [escape(f"{name} wants: {kind.install}")] if missing else []
    return console.Group(table, *installs)


def _known() -> Any:
    """Names for what would be long to write, as a table."""
    from rich.table import Table

    from emocli.adapters.kinds import KNOWN

    table = Table("name", "stands for", box=None, pad_edge=False, title="Names", title_justify="left")
    for name, stands_for in KNOWN.items():
        table.add_row(name, stands_for)
    return table


@app.command("try", cls=Command)
def try_command(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="KIND:FILE, KIND:ID or a name of the list.")],
    source: Annotated[str, typer.Argument(metavar="FILE", help="A picture, sound or video, or a sentence.")],
    reads: Annotated[str, typer.Option("--as", help="face, voice or text, where the model and the file do "
                                                    "not tell.")] = "",
    labels: Labels = "", features: Features = "", trust: Trust = False,
    offline: Annotated[bool, typer.Option("--offline", help="Fetch nothing.")] = False,
) -> None:
    """Show what a model says of one file or sentence: its own labels, and the seven classes.

    Example: emocli models try hf:my_model "I got the job!" --as text
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from emocli.adapters.classifier import LoadOptions
    from emocli.adapters.reference import parse
    from emocli.adapters.trial import try_model
    from emocli.emotions import CLASSES
    from emocli.timeline.types import MODALITIES

    show_log()
    if reads not in ("", *MODALITIES):
        raise UsageError("--as", f"{reads} is unknown", f"give one of {', '.join(MODALITIES)}")
    console = Console()
    for reference in parse(model):
        tried = try_model(reference, source, LoadOptions(trust=trust, offline=offline, features=features),
                          modality=reads, labels=labels)
        console.print(f"{reference}: {tried.modality}", markup=False, highlight=False, soft_wrap=True)
        table = Table("label", "", "", box=None, pad_edge=False)
        ranked = sorted(zip(tried.labels, tried.scores, strict=True), key=lambda pair: -pair[1])
        for label, score in ranked[:SHOWN]:
            table.add_row(escape(printable(label)), _bar(float(score)), f"{score:.3f}")
        console.print(table)
        for note in tried.notes:
            console.print(printable(note), markup=False)
        if tried.unmapped:
            console.print(f"not one of the seven: {printable(', '.join(tried.unmapped))}", markup=False)
        if tried.seven is None:
            console.print("It names none of the seven classes here.")
            continue
        table = Table("class", "", "", box=None, pad_edge=False)
        for one, score in zip(CLASSES, tried.seven, strict=True):
            table.add_row(one.name, _bar(float(score), one.colour), f"{score:.3f}")
        console.print(table)


def _bar(score: float, colour: str = "#999999") -> Any:
    from rich.progress_bar import ProgressBar

    return ProgressBar(total=1.0, completed=0.0 if score != score else score, width=30, complete_style=colour,
                       finished_style=colour)


@app.command("pull", cls=Command)
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


@app.command("verify", cls=Command)
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
