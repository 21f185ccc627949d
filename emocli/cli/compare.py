"""`emocli compare`."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emocli.cli.groups import compare_groups
from emocli.cli.inputs import of_document, say_written, target
from emocli.cli.parameters import Overwrite
from emocli.errors import UsageError

if TYPE_CHECKING:
    from emocli.agreement.kappa import Agreement


@dataclass(frozen=True)
class Comparison:
    """Codings by name, the `seconds` that all have coded, the agreement of each pair, and Fleiss' kappa."""

    names: tuple[str, ...]
    seconds: float
    pairs: dict[tuple[int, int], Agreement]
    fleiss: float


def compare_command(
    codings: Annotated[list[Path], typer.Argument(
        help="Codings of one video: analyses (.emotions.json) or tables of people (.csv: start,end,emotion), "
             "two or more. Or two folders of analyses: groups of videos.")],
    plot: Annotated[Path | None, typer.Option(
        help="Draw the confusion matrix of the first two codings as .svg.")] = None,
    person: Annotated[str, typer.Option(
        help="Of groups: compare only this person's time, as Anna or S1 are called in each video.")] = "",
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write the figures as .json.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Say how far codings of one video agree: per class, Cohen's and Fleiss' kappa, by time. Or, given two
    folders, what differs between two groups of videos, and how surely.

    Example: emocli compare interview.emotions.json anna.csv ben.csv --plot confusion.svg

    Example: emocli compare before/ after/ -o differences.json
    """
    from emocli.agreement.plot import confusion_svg
    from emocli.storage import write_text

    if len(codings) < 2:
        raise UsageError("emocli compare", "needs two codings or more", "give analyses or tables of people")
    for path in filter(None, (plot, out)):
        target(path, path, overwrite=overwrite)
    if any(path.is_dir() for path in codings):
        if len(codings) > 2 or not all(path.is_dir() for path in codings) or plot:
            raise UsageError("emocli compare", "takes two folders, and no --plot of them",
                             "give one folder for each group of videos")
        compare_groups(codings[0], codings[1], person, out)
        return
    if person:
        raise UsageError("--person", "is for groups of videos", "give two folders, or leave it out")
    comparison = compare(codings)
    _show(comparison)
    if out:
        write_text(out, json.dumps(_figures(comparison), indent=1, ensure_ascii=False) + "\n")
        say_written(out)
    if plot:
        write_text(plot, confusion_svg(comparison.pairs[0, 1], *comparison.names[:2]))
        say_written(plot)


def compare(paths: list[Path]) -> Comparison:
    """Read codings and compare them.  Raises `InputError` for one that cannot be read, or no common time."""
    from emocli.agreement.kappa import agreement, fleiss
    from emocli.agreement.reading import common_time, of_timeline, read_table

    codings = [read_table(p) if p.suffix.lower() == ".csv" else of_timeline(of_document(p), p.stem)
               for p in paths]
    lengths, classes = common_time(codings)
    pairs = {(i, j): agreement(lengths, classes[:, [i, j]]) for i, j in combinations(range(len(codings)), 2)}
    return Comparison(tuple(c.name for c in codings), float(lengths.sum()), pairs, fleiss(lengths, classes))


def _show(comparison: Comparison) -> None:
    from rich.console import Console
    from rich.table import Table

    from emocli.cli.console import escape
    from emocli.emotions import CLASSES

    console, names = Console(), [escape(name) for name in comparison.names]
    console.print(f"{comparison.seconds:.1f} s that all have coded", highlight=False)
    for (i, j), pair in comparison.pairs.items():
        console.print(f"[bold]{names[i]}[/] and [bold]{names[j]}[/]: agree on {pair.agree:.1%} of the time, "
                      f"Cohen's kappa {pair.kappa:.3f}", highlight=False)
        table = Table("class", "first, s", "second, s", "both, s", "specific agreement", box=None)
        firsts, seconds = pair.confusion.sum(1), pair.confusion.sum(0)
        for c, own in enumerate(CLASSES):
            if firsts[c] or seconds[c]:
                table.add_row(f"{own.emoji} {own.name}", f"{firsts[c]:.1f}", f"{seconds[c]:.1f}",
                              f"{pair.confusion[c, c]:.1f}", f"{pair.classes[c]:.3f}")
        console.print(table)
    console.print(f"Fleiss' kappa of all {len(names)}: {comparison.fleiss:.3f}", highlight=False)


def _figures(comparison: Comparison) -> dict[str, Any]:
    from emocli.emotions import EMOTIONS

    names = comparison.names
    return {"seconds": comparison.seconds, "classes": list(EMOTIONS),
            "fleiss_kappa": _known(comparison.fleiss),
            "pairs": [{"first": names[i], "second": names[j],
                       "agree": pair.agree, "cohen_kappa": _known(pair.kappa),
                       "specific_agreement": [_known(float(value)) for value in pair.classes],
                       "confusion_seconds": pair.confusion.tolist()}
                      for (i, j), pair in comparison.pairs.items()]}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value  # JSON knows no nan
