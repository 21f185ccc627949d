"""`emocli evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from emocli.cli import analyze_options as option
from emocli.cli.console import show_log
from emocli.cli.inputs import say_written
from emocli.cli.optional import optional_dependency
from emocli.errors import UsageError
from emocli.plaintext import printable
from emocli.storage import write_text

_Models = Annotated[list[str] | None, typer.Option(
    metavar="MODEL", help="Compare these models instead (docs/models.md); may be repeated.",
    rich_help_panel="Models")]


def evaluate_command(
    modality: Annotated[str, typer.Argument(help="face, voice, text, fusion, speakers, strangers or all.")],
    data: Annotated[Path, typer.Option(
        help="The data folder, a folder with one sub-folder a class, or a TSV with the columns text and "
             "labels.")],
    out: Annotated[Path, typer.Option(
        "-o", "--out", help="Folder for the report and the plots; and for the checkpoints of networks that "
                            "strangers and --full train.")] = Path("out/evaluate"),
    language: Annotated[str, typer.Option(
        help="Language of the sentences: en, ko, or auto: by the script.")] = "auto",
    corrupt: Annotated[str, typer.Option(
        help="Spoil the faces (blur, dark, low-res, rotated) or the sound (white, babble: noise at 10 dB) "
             "first.")] = "",
    full: Annotated[bool, typer.Option(
        "--full", help="Also train what the networks are compared with: the voice six times, each without "
                       "four actors of RAVDESS, other networks for voice and words, other ways to fuse. An "
                       "hour.")] = False,
    features: Annotated[Path | None, typer.Option(
        help="What `emocli data features` has kept, for strangers and --full; or what a Keras "
             "model of the voice takes, as in `emocli analyze`.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
    face: _Models = None, voice: _Models = None, text: _Models = None,
    labels: option.Labels = "", weights: option.Weights = "", trust: option.Trust = False,
) -> None:
    """Measure the weights on labelled data: accuracy, macro-F1, ECE, per class, confusion matrix,
    reliability diagram; of speakers, the diarization error; of strangers, all readings and their fusion on
    what networks trained for it have never met, such as a whole corpus of speech.

    Example: emocli evaluate face --data my_faces

    Example: emocli evaluate voice --data my_clips --voice builtin:default --voice hf:my_model
    """
    from emocli.training import diarization, evaluate, plots, report

    show_log()
    _check(modality, data, language=language, corrupt=corrupt, full=full)
    models = {"face": face, "voice": voice, "text": text}
    if any(models.values()):
        from emocli.adapters.classifier import LoadOptions

        _compare(modality, models, data, out, LoadOptions(trust=trust, features=str(features or "")),
                 json_=json_, labels=labels, weights=option.shares(weights))
        return
    results: dict[str, dict[str, Any]] = {}
    for name in _chosen(modality, full=full):
        show = _tables
        with optional_dependency("emocli evaluate"):
            if name == evaluate.SPEAKERS:
                results[name], show = diarization.evaluate(data), _errors
            else:
                if name == evaluate.STRANGERS:
                    results[name], pool = evaluate.meet_strangers(data, out, features)
                else:
                    results[name], pool = evaluate.evaluate(name, data, language=language, corrupt=corrupt)
                    if full:
                        results[name] |= evaluate.compare(name, data, out, features)
                plots.draw(results[name], pool, out, name)
        if not json_:
            show(name, results[name])
    result = results if modality == "all" else results[modality]
    path = out / ("results.json" if modality == "all" else f"{modality}.json")
    write_text(path, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    if modality == "all":
        write_text(out / "RESULTS.md", report.results_page(results))
    if json_:
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        say_written(path)
        if modality != evaluate.SPEAKERS:
            typer.echo(f"and the plots into {printable(out)}")


def _compare(modality: str, models: dict[str, list[str] | None], data: Path, out: Path,
             options: Any, *, json_: bool, **how: Any) -> None:
    """Models beside each other in one table."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from emocli.training.models import compare

    named = models.pop(modality, None)
    if not named or any(models.values()):
        raise UsageError(f"--{next(m for m, names in models.items() if names)}",
                         f"does not go with `evaluate {modality}`", "evaluate that which the models read")
    with optional_dependency("emocli evaluate"):
        figures = compare(modality, named, data, options, **how)
    path = out / f"{modality}-models.json"
    write_text(path, json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    if json_:
        typer.echo(json.dumps(figures, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("model", overflow="fold")
    for column in ("set", "n", "answered", "accuracy", "macro-F1", "ECE", "items/s"):
        table.add_column(column, no_wrap=True)
    for name, sets in figures.items():
        for i, (test, r) in enumerate(sets.items()):
            table.add_row("" if i else escape(printable(name)), test, str(r["n"]), *(
                f"{r[k]:.3f}" for k in ("answered", "accuracy", "macro_f1", "ece")),
                f"{r['items_per_second']:,.1f}")
    Console().print(table)
    say_written(path)


def _chosen(modality: str, *, full: bool) -> tuple[str, ...]:
    """What is evaluated, in order; of "all", strangers only if there is time."""
    from emocli.training import evaluate

    if modality != "all":
        return (modality,)
    return (*((evaluate.STRANGERS,) if full else ()), *evaluate.MODALITIES, evaluate.SPEAKERS)


def _check(modality: str, data: Path, *, language: str, corrupt: str, full: bool) -> None:
    """Raise `UsageError` for what cannot be evaluated."""
    from emocli.training import corruptions, evaluate

    known = (*evaluate.MODALITIES, evaluate.SPEAKERS, evaluate.STRANGERS, "all")
    if modality not in known:
        raise UsageError(modality, "nothing of this name can be evaluated", f"choose from {', '.join(known)}")
    if language not in ("auto", "en", "ko"):
        raise UsageError("--language", f"{language} was not learnt", "give auto, en or ko")
    spoilt = {"face": tuple(corruptions.FACES), "voice": corruptions.NOISES}.get(modality, ())
    if corrupt and corrupt not in spoilt:
        raise UsageError("--corrupt", f"{modality} cannot be spoilt by {corrupt}",
                         f"choose from {', '.join(spoilt)}" if spoilt else "evaluate face or voice")
    alone = ("face", evaluate.SPEAKERS, evaluate.STRANGERS)
    if full and (modality in alone or not (data / "speech").is_dir()):
        raise UsageError("--full", "only voice, text and fusion are compared with others, and only on the "
                                   "data folder",
                         "evaluate voice, text, fusion or all on the data folder")


def _errors(modality: str, result: dict[str, Any]) -> None:
    """The table of diarization errors."""
    from rich.console import Console
    from rich.table import Table

    from emocli.training import report

    table = Table(*report.ERROR_COLUMNS, title=f"{modality}: {result['bytes'] / 1e6:.2f} MB, "
                  f"{result['seconds_per_second']:.4f} processor seconds a second of speech")
    for row in report.errors(result):
        table.add_row(*row)
    Console().print(table)


def _tables(modality: str, result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    from emocli.training import report

    console = Console()
    cost = f": {result['parameters']:,} parameters, {result['bytes'] / 1e6:.2f} MB, " \
           f"{result['items_per_second']:,.0f} items/s" if "parameters" in result else ""
    sets = {result["set"]: result, **result["sets"]}
    interval = " (95 %)" if any(r.get("macro_f1_interval") for r in sets.values()) else ""
    table = Table(Column("set", overflow="fold"), "n", "accuracy",
                  Column(f"macro-F1{interval}", no_wrap=True), "weighted F1", "ECE", title=modality + cost)
    for name, r in sets.items():
        table.add_row(name, str(r["n"]), f"{r['accuracy']:.3f}", report.macro_f1(r),
                      *(f"{r[k]:.3f}" for k in ("weighted_f1", "ece")))
    console.print(table)
    table = Table("class", "precision", "recall", "F1", "support", title=result["set"])
    for name, r in result["per_class"].items():
        table.add_row(name, *(f"{r[k]:.3f}" for k in ("precision", "recall", "f1")), str(r["support"]))
    console.print(table)
