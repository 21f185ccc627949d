"""Plots of an evaluation: the confusion matrix and the reliability diagram."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emocli.emotions import EMOTIONS
from emocli.storage import atomic
from emocli.training.predictions import Predictions


def draw(result: dict[str, Any], predictions: Predictions, folder: Path, name: str) -> None:
    """Draw the row-normalised confusion matrix and the reliability diagram as PNGs."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from sklearn.metrics import ConfusionMatrixDisplay

    title, guess = f"{name}: {result['set']}, n = {result['n']}", predictions.scores.argmax(1)
    present = sorted(set(predictions.labels.tolist()) | set(guess.tolist()))
    figure, axes = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
    ConfusionMatrixDisplay.from_predictions(
        predictions.labels, guess, labels=present, display_labels=[EMOTIONS[c] for c in present],
        normalize="true", values_format=".2f", cmap="Blues", xticks_rotation=40, ax=axes, colorbar=False)
    axes.set_title(title)
    _save(figure, folder / f"{name}.confusion.png")

    figure, axes = plt.subplots(figsize=(4.6, 4.4), layout="constrained")
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--", label="as sure as right")
    bins = result["reliability"]
    axes.plot([b["confidence"] for b in bins], [b["accuracy"] for b in bins], color="tab:blue", zorder=2)
    axes.scatter([b["confidence"] for b in bins], [b["accuracy"] for b in bins], zorder=3,
                 s=[10 + 300 * b["n"] / result["n"] for b in bins], label="items (area: how many)")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share that is right", title=title)
    axes.legend(loc="upper left", fontsize=8)
    _save(figure, folder / f"{name}.reliability.png")


def _save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot as plt

    with atomic(path) as part:
        figure.savefig(part, dpi=110)
    plt.close(figure)
