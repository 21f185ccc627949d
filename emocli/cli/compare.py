"""`emocli compare`."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Annotated

import typer

from emocli.cli.inputs import of_document, target
from emocli.errors import UsageError


def compare_command(
    codings: Annotated[list[Path], typer.Argument(help="Analyses (.emotions.json) or tables of people "
                                                       "(.csv: start,end,emotion), two or more.")],
    picture: Annotated[Path | None, typer.Option(help="Draw the first two's confusion matrix as .svg.")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write the figures as .json.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
) -> None:
    """Say how far codings of one video agree: per class, Cohen's and Fleiss' kappa, by time.

    Example: emocli compare interview.emotions.json anna.csv ben.csv --picture confusion.svg
    """
    import json

    from rich.console import Console
    from rich.table import Table

    from emocli import agreement as measure
    from emocli.cli.console import escape
    from emocli.emotions import CLASSES, EMOTIONS
    from emocli.storage import write_text

    if len(codings) < 2:
        raise UsageError("emocli compare", "needs two codings or more", "give analyses or tables of people")
    for path in (picture, out):
        if path:
            target(path, path, overwrite=overwrite)
    read = [measure.read_table(p) if p.suffix.lower() == ".csv" else measure.of_timeline(of_document(p), p.stem)
            for p in codings]
    lengths, classes = measure.pieces(read)
    console = Console()
    console.print(f"{lengths.sum():.1f} s that all have coded", highlight=False)
    pairs = {(i, j): measure.agreement(lengths, classes[:, [i, j]]) for i, j in combinations(range(len(read)), 2)}
    for (i, j), found in pairs.items():
        console.print(f"[bold]{escape(read[i].name)}[/] and [bold]{escape(read[j].name)}[/]: agree on "
                      f"{found.agree:.1%} of the time, Cohen's kappa {found.kappa:.3f}", highlight=False)
        table = Table("class", "first, s", "second, s", "both, s", "specific agreement", box=None)
        for c, own in enumerate(CLASSES):
            if found.confusion[c].any() or found.confusion[:, c].any():
                table.add_row(f"{own.emoji} {own.name}", f"{found.confusion[c].sum():.1f}",
                              f"{found.confusion[:, c].sum():.1f}", f"{found.confusion[c, c]:.1f}",
                              f"{found.classes[c]:.3f}")
        console.print(table)
    fleiss = measure.fleiss(lengths, classes)
    console.print(f"Fleiss' kappa of all {len(read)}: {fleiss:.3f}", highlight=False)
    if out:
        figures = {"seconds": float(lengths.sum()), "classes": list(EMOTIONS), "fleiss_kappa": _plain(fleiss),
                   "pairs": [
            {"first": read[i].name, "second": read[j].name, "agree": found.agree, "cohen_kappa": _plain(found.kappa),
             "specific_agreement": [_plain(float(v)) for v in found.classes],
             "confusion_seconds": found.confusion.tolist()} for (i, j), found in pairs.items()]}
        write_text(out, json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
        typer.echo(f"wrote {out}")
    if picture:
        write_text(picture, measure.picture(pairs[0, 1], read[0].name, read[1].name))
        typer.echo(f"wrote {picture}")


def _plain(value: float) -> float | None:
    return None if value != value else value  # JSON knows no nan
