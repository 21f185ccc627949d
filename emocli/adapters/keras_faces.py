"""`keras:FILE` for faces: any .keras, .h5 or .hdf5 image classifier.

What the file does not say comes from a card (`card.py`), else: seven outputs are in FER2013's order, and
pixels become 0..1, -1..1 for the XCEPTION family (Arriaga et al. 2017), or stay 0..255 where the first layer
scales them.
"""

from __future__ import annotations

import numpy as np

from emocli.adapters.card import as_probabilities, card_of, labels_for, without_card
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.keras_model import KerasModel
from emocli.adapters.pixels import pixels_of
from emocli.adapters.reference import Reference
from emocli.errors import WeightsError


class KerasFaces:
    """A `FaceClassifier` in a process of its own."""

    def __init__(self, reference: Reference, model: KerasModel) -> None:
        card = card_of(reference.path)
        if len(model.output_shape) != 1:
            raise WeightsError(str(reference), "gives no row of numbers a picture", "give a classifier")
        self.labels = labels_for(str(reference), model.output_shape[0], card)
        xception = "xception" in f"{reference.path.name} {model.name}".lower()
        usual = (0, 255) if model.scaled else (-1, 1) if xception else (0, 1)
        self._pixels = pixels_of(str(reference), model.input_shape, card, usual)
        self.size, self.colour, self.files, self._model = \
            self._pixels.size, self._pixels.colour, model.files, model
        self.notes = () if card.labels and card.range else without_card(
            str(reference), self.labels, self._pixels.low, self._pixels.high)

    def scores(self, inputs: np.ndarray) -> np.ndarray:
        """See `FaceClassifier`."""
        return as_probabilities(self._model.predict(self._pixels(inputs)))

    def close(self) -> None:
        """End the process."""
        self._model.close()


def load(reference: Reference, modality: str, options: LoadOptions) -> KerasFaces:
    """Load the file in a child."""
    model = KerasModel(reference, options)
    try:
        return KerasFaces(reference, model)
    except BaseException:
        model.close()
        raise
