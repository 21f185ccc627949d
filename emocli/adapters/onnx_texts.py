"""`onnx:FILE` for words: what `emocli export text` made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emocli.adapters.bags import Bags
from emocli.adapters.card import as_probabilities
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.onnx_model import OnnxModel
from emocli.adapters.reference import Reference
from emocli.emotions import EMOTIONS
from emocli.errors import WeightsError

#: What the exported network takes.
INPUTS = ("ids", "weights", "offsets")


class OnnxTexts:
    """A `TextClassifier`."""

    labels, with_sound = EMOTIONS, False
    notes: tuple[str, ...] = ()

    def __init__(self, reference: Reference, options: LoadOptions) -> None:
        self._model, self._bags = OnnxModel(reference, options), Bags()
        if set(self._model.inputs) != set(INPUTS):
            raise WeightsError(str(reference), f"takes {', '.join(self._model.inputs)}, and words reach only "
                               "what `emocli export text` made", "give its folder as hf:DIR")
        self.files = self._model.files

    def scores(self, inputs: Sequence[str]) -> np.ndarray:
        """See `TextClassifier`."""
        return as_probabilities(self._model.run("logits", **dict(zip(INPUTS, self._bags(inputs),
                                                                     strict=True))))

    def close(self) -> None:
        """Let go of the memory."""
        self._model.close()


def load(reference: Reference, modality: str, options: LoadOptions) -> OnnxTexts:
    """Load the file."""
    return OnnxTexts(reference, options)
