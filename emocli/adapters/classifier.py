"""What a foreign model is to emocli: labels of its own, and a probability for each of them.

An adapter is a file in this folder with `load(reference, modality, options) -> Classifier`, which raises
`WeightsError` when the model cannot be used, and with `LABELS`, a table from its own labels
(lower case) to ours, where the aliases of `emocli/emotions.py` are not enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class LoadOptions:
    """How a model is loaded.  `trust` allows what would run code or unpickle, `offline` forbids fetching,
    `device` is "auto", "cpu" or "cuda"; `features` is what a Keras model of the voice takes, `baseline` the
    recording of the speaker, talking neutrally (`--voice-baseline`), or ""."""

    trust: bool = False
    offline: bool = False
    device: str = "auto"
    features: str = ""
    baseline: str = ""


class Classifier(Protocol):
    """Any foreign model.  `labels` are its own, `files` those that were loaded, `notes` what a
    user should know of it.  A row of `scores` holds probabilities, (n, len(labels)) float32; a row of zeros
    says that it has nothing to say of that input."""

    labels: tuple[str, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...]

    def scores(self, inputs: Any) -> np.ndarray:
        """Of a batch, (n, len(labels)) float32."""
        ...

    def close(self) -> None:
        """Let go of processes and memory; it is not used again."""
        ...


class VoiceClassifier(Classifier, Protocol):
    """Takes sounds: mono float32 arrays at `rate` Hz.  `hears_gaps` says that it also reads the stretches in
    which nobody speaks."""

    rate: int
    hears_gaps: bool

    def scores(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """See the class."""
        ...


class TextClassifier(Classifier, Protocol):
    """Takes sentences; where `with_sound` says so, pairs of a sentence and its sound, 16 kHz mono float32."""

    with_sound: bool

    def scores(self, inputs: Sequence[Any]) -> np.ndarray:
        """See the class."""
        ...


class FaceClassifier(Classifier, Protocol):
    """Takes aligned crops of faces, uint8 0..255: (n, size, size) grey, or (n, size, size, 3) RGB where
    `colour` says so."""

    size: int
    colour: bool

    def scores(self, inputs: np.ndarray) -> np.ndarray:
        """See the class."""
        ...
