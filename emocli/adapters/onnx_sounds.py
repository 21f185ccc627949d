"""`onnx:FILE` for the voice: what `emocli export voice` made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emocli.adapters.card import as_probabilities
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.onnx_model import OnnxModel
from emocli.adapters.own_ear import OwnEar
from emocli.adapters.reference import Reference
from emocli.emotions import EMOTIONS
from emocli.errors import WeightsError
from emocli.options import torch_device


class OnnxSounds:
    """A `VoiceClassifier`."""

    labels, rate, hears_gaps = EMOTIONS, 16_000, False
    notes: tuple[str, ...] = ("what `emocli export voice` made reads every utterance as if nothing more were "
                              "known of its speaker",)

    def __init__(self, reference: Reference, options: LoadOptions) -> None:
        self._model, self._ear = OnnxModel(reference, options), OwnEar(torch_device(options.device))
        self.files = self._model.files
        if set(self._model.inputs) != {"numbers"}:
            raise WeightsError(str(reference), f"takes {', '.join(self._model.inputs)}, and sound reaches "
                               "only what `emocli export voice` made", "give its folder as hf:DIR")

    def scores(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """See `VoiceClassifier`."""
        return as_probabilities(self._model.run("logits", numbers=self._ear(inputs)))

    def close(self) -> None:
        """Let go of the memory."""
        self._model.close()


def load(reference: Reference, modality: str, options: LoadOptions) -> OnnxSounds:
    """Load the file."""
    return OnnxSounds(reference, options)
