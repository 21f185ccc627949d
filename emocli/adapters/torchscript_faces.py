"""`torchscript:FILE` for faces: a traced image classifier (n, channels, size, size), with a card that says
its size and labels."""

from __future__ import annotations

import numpy as np

from emocli.adapters.card import as_probabilities, card_of, labels_for
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.pixels import pixels_of
from emocli.adapters.reference import Reference
from emocli.adapters.torchscript_model import TorchScriptModel


class TorchScriptFaces:
    """A `FaceClassifier`."""

    notes: tuple[str, ...] = ()

    def __init__(self, reference: Reference, options: LoadOptions) -> None:
        self._model, card = TorchScriptModel(reference, options), card_of(reference.path)
        self._pixels = pixels_of(str(reference), (card.channels, card.size, card.size), card)
        self.size, self.colour, self.files = self._pixels.size, self._pixels.colour, self._model.files
        blank = np.zeros((1, self.size, self.size, 3) if self.colour else (1, self.size, self.size), np.uint8)
        self.labels = labels_for(str(reference), self._model.run(self._pixels(blank)).shape[-1], card)

    def scores(self, inputs: np.ndarray) -> np.ndarray:
        """See `FaceClassifier`."""
        return as_probabilities(self._model.run(self._pixels(inputs)))

    def close(self) -> None:
        """Let go of the memory."""
        self._model.close()


def load(reference: Reference, modality: str, options: LoadOptions) -> TorchScriptFaces:
    """Load the file."""
    return TorchScriptFaces(reference, options)
