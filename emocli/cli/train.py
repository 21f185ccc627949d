"""`emocli train`."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emocli.cli.analyze_options import Trust
from emocli.cli.console import show_log
from emocli.cli.optional import optional_dependency
from emocli.cli.parameters import Recipe
from emocli.errors import DataError, UsageError
from emocli.plaintext import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emocli.training.loop import Epoch

TASKS = ("face", "voice", "voice_small", "text_en", "text_ko", "ngrams", "fusion", "speakers", "spectrogram")


def train_command(
    task: Annotated[str, typer.Argument(help="face, voice, voice_small, text_en, text_ko, ngrams, "
                                             "fusion, speakers or spectrogram.")],
    data: Annotated[Path, typer.Option(help="The data folder.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder for weights, checkpoint and curves; "
                                                                "runs/TASK if left out.")] = None,
    recipe: Recipe = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Instead of the recipe's.")] = None,
    features: Annotated[str, typer.Option(
        help="What `emocli data features` has kept (for voice and voice_small); or opensmile or "
             "whisper:SIZE, to train a classifier of scikit-learn over these (for voice); or what a Keras "
             "model behind --voice takes.")] = "",
    classifier: Annotated[str, typer.Option(help="Which over these: svm, forest or logistic.")] = "svm",
    base: Annotated[Path | None, typer.Option(
        help="Folder with a pretrained encoder, as transformers opens it: all-MiniLM-L6-v2 for text_en, "
             "multilingual-e5-small for text_ko.")] = None,
    left_out: Annotated[Path | None, typer.Option(
        help="The left_out.npz that `emocli train voice` has written (for fusion).")] = None,
    voice: Annotated[str, typer.Option(
        metavar="MODEL", help="Models of others that read the voice (for fusion): a head that learns how far "
                              "to trust them, for `emocli analyze --fusion`.")] = "",
    trust: Trust = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Cores; all if left out.")] = None,
) -> None:
    """Train one network as a recipe says; a run that was stopped goes on from its last epoch.

    Example: emocli train voice --data data -o runs/voice

    Example: emocli train voice --data data --features opensmile --classifier svm
    """
    from emocli.adapters import selection
    from emocli.adapters.classifier import LoadOptions
    from emocli.adapters.reference import parse
    from emocli.adapters.voice_descriptions import is_description
    from emocli.training.recipe import read_recipe

    show_log()
    if task not in TASKS:
        raise UsageError(task, "nothing of this name can be trained", f"choose from {', '.join(TASKS)}")
    if features and not voice and task not in (
            ("voice",) if is_description(features) else ("voice", "voice_small")):
        raise UsageError("--features", f"{task} is not trained on kept features", "leave it out")
    if base and task not in ("text_en", "text_ko"):
        raise UsageError("--base", f"{task} does not begin with a pretrained encoder", "leave it out")
    if left_out and task != "fusion":
        raise UsageError("--left-out", f"{task} is not trained on others' readings", "leave it out")
    if voice and task != "fusion":
        raise UsageError("--voice", f"{task} does not hear through a model", "leave it out")
    if trust and not voice:
        raise UsageError("--trust", "is for the models behind --voice", "leave it out")
    loading = LoadOptions(trust=trust, features=features)
    if voice:
        selection.check_members("voice", parse(voice), loading)
    if not data.is_dir():
        raise DataError(data, "no such folder", "point --data at the data folder")
    os.environ["KERAS_BACKEND"] = "torch"  # twice as fast as TensorFlow on a CPU
    # Keras and TensorBoard would import TensorFlow on the way, and its LLVM aborts beside torch's.
    sys.modules["tensorflow"] = None  # type: ignore[assignment]
    settings = read_recipe(task, recipe)
    settings["seed"] = settings["seed"] if seed is None else seed
    for stage in settings.get("stages", [settings]) if epochs else []:
        stage.setdefault("schedule", {})["epochs"] = epochs
    folder = out or Path("runs") / task
    folder.mkdir(parents=True, exist_ok=True)
    with optional_dependency("emocli train"):
        import torch

        if threads:
            torch.set_num_threads(threads)
        more: dict[str, Any] = {name: path for name, path in (
            ("kept", not voice and features and Path(features)), ("base", base), ("left_out", left_out),
            ("voice", voice), ("loading", voice and loading)) if path}
        module = task.split("_")[0] if task in ("text_en", "text_ko") else task
        if is_description(features) and not voice:
            module, more = "voice_classifier", {"features": features, "classifier": classifier}
        run = import_module(f"emocli.training.tasks.{module}").fit(data, settings, folder, **more)
        show(run, folder)
    typer.echo(f"wrote {', '.join(sorted(printable(p) for p in folder.glob(f'{task}.*')))}")


def show(run: Iterator[Epoch], folder: Path) -> None:
    """Drive a training run: a table of epochs and TensorBoard curves."""
    from rich.console import Console
    from torch.utils.tensorboard import SummaryWriter

    console = Console()
    with SummaryWriter(str(folder / "curves")) as curves:
        for epoch in run:
            figures = "  ".join(f"{k} {v:.4f}" for k, v in epoch.metrics.items())
            console.print(f"epoch {epoch.number:3d}/{epoch.of}  loss {epoch.loss:.4f}  {figures}  "
                          f"{epoch.seconds:.0f} s", highlight=False)
            for name, value in {"loss": epoch.loss, "rate": epoch.lr, **epoch.metrics}.items():
                curves.add_scalar(name, value, epoch.number)
