"""`onnx:FILE` for faces: an image classifier with one input, or what `emocli export face` made."""

from __future__ import annotations

import numpy as np

from emocli.adapters.card import as_probabilities, card_of, labels_for, without_card
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.onnx_model import OnnxModel
from emocli.adapters.pixels import pixels_of
from emocli.adapters.reference import Reference
from emocli.emotions import EMOTIONS
from emocli.errors import WeightsError


class OnnxFaces:
    """A `FaceClassifier`."""

    def __init__(self, reference: Reference, options: LoadOptions) -> None:
        self._model, card = OnnxModel(reference, options), card_of(reference.path)
        if len(self._model.inputs) != 1:
            raise WeightsError(str(reference), f"takes {', '.join(self._model.inputs)}, and not one picture",
                               "give an image classifier")
        ((self._input, shape),) = self._model.inputs.items()
        exported = self._input == "face" and "logits" in self._model.outputs
        self._output = "logits" if exported else next(iter(self._model.outputs))
        out = self._model.outputs[self._output]
        self.labels = EMOTIONS if exported else labels_for(str(reference), out[-1] if out else None, card)
        usual = (0, 255) if exported else (0, 1)
        self._pixels = pixels_of(str(reference), shape[1:], card, usual)
        self.size, self.colour, self.files = self._pixels.size, self._pixels.colour, self._model.files
        self.notes = () if exported or (card.labels and card.range) else without_card(
            str(reference), self.labels, self._pixels.low, self._pixels.high)

    def scores(self, inputs: np.ndarray) -> np.ndarray:
        """See `FaceClassifier`."""
        return as_probabilities(self._model.run(self._output, **{self._input: self._pixels(inputs)}))

    def close(self) -> None:
        """Let go of the memory."""
        self._model.close()


def load(reference: Reference, modality: str, options: LoadOptions) -> OnnxFaces:
    """Load the file."""
    return OnnxFaces(reference, options)
