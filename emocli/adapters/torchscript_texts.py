"""`torchscript:FILE` for words: what `emocli export text` made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emocli.adapters.bags import Bags
from emocli.adapters.card import as_probabilities
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.reference import Reference
from emocli.adapters.torchscript_model import TorchScriptModel
from emocli.emotions import EMOTIONS


class TorchScriptTexts:
    """A `TextClassifier`."""

    labels, with_sound = EMOTIONS, False
    notes: tuple[str, ...] = ()

    def __init__(self, reference: Reference, options: LoadOptions) -> None:
        self._model, self._bags = TorchScriptModel(reference, options), Bags()
        self.files = self._model.files

    def scores(self, inputs: Sequence[str]) -> np.ndarray:
        """See `TextClassifier`."""
        return as_probabilities(self._model.run(*self._bags(inputs)))

    def close(self) -> None:
        """Nothing runs."""


def load(reference: Reference, modality: str, options: LoadOptions) -> TorchScriptTexts:
    """Load the file."""
    return TorchScriptTexts(reference, options)
