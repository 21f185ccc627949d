"""What a bare model file does not say: a card beside it, `FILE.toml`, or `model.toml` in a folder.

    labels = ["angry", "happy", "neutral"]   # its outputs in order
    range = [-1, 1]                          # what pixels 0..255 become
    size = 64                                # side of the pictures, and channels (1 or 3), where the
    channels = 1                             # file leaves them open
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emocli.errors import WeightsError

#: Order of FER2013's seven classes, which most face classifiers on the net keep to.
FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


@dataclass(frozen=True)
class Card:
    """See the module; None and () where it does not say."""

    labels: tuple[str, ...] = ()
    range: tuple[float, float] | None = None
    size: int | None = None
    channels: int = 1


def card_of(path: Path) -> Card:
    """The card of a model's file or folder, an empty one where there is none.  Raises `WeightsError`."""
    place = path / "model.toml" if path.is_dir() else path.with_name(path.name + ".toml")
    if not place.is_file():
        return Card()
    try:
        table: dict[str, Any] = tomllib.loads(place.read_text(encoding="utf-8"))
        low, high = table.get("range", (0, 0))
        size, channels = int(table.get("size", 0)), int(table.get("channels", 1))
        if not 0 <= size <= 1024 or channels not in (1, 3):
            raise ValueError(f"a size of {size}, {channels} channels")
        return Card(tuple(map(str, table.get("labels", ()))),
                    (float(low), float(high)) if "range" in table else None, size or None, channels)
    except (OSError, ValueError, TypeError) as error:  # also what is no TOML and no Unicode
        raise WeightsError(place, f"cannot be read as a card ({error})",
                           "write labels = [...], range = [-1, 1], size = 64") from error


def labels_for(subject: str, outputs: int | None, card: Card) -> tuple[str, ...]:
    """Labels of so many outputs: the card's, else FER2013's if there are seven.  Raises `WeightsError`."""
    labels = card.labels or (FER2013 if outputs == len(FER2013) else ())
    if not labels:
        raise WeightsError(subject, f"gives {outputs} numbers and does not say of what",
                           "write labels = [...] into its card (docs/models.md)")
    if outputs not in (None, len(labels)):
        raise WeightsError(subject, f"gives {outputs} numbers, and there are {len(labels)} labels",
                           "correct the labels of its card")
    return labels


def without_card(subject: str, labels: tuple[str, ...], low: float, high: float) -> tuple[str, ...]:
    """What a user should know of a model of pictures whose card does not say all."""
    return (f"{subject} has no card, so its labels are taken to be {', '.join(labels)}, "
            f"its pixels {low:g} to {high:g}",)


def as_probabilities(outputs: np.ndarray) -> np.ndarray:
    """Outputs (n, k) as they are where their rows are probabilities, else through a softmax."""
    finite = outputs[np.isfinite(outputs).all(1)]
    if (finite >= -1e-6).all() and np.allclose(finite.sum(1), 1, atol=1e-3):
        return np.asarray(outputs, np.float32)
    from scipy.special import softmax

    return np.asarray(softmax(outputs, axis=1), np.float32)
