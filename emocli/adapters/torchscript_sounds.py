"""`torchscript:FILE` for the voice: what `emocli export voice` made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emocli.adapters.card import as_probabilities
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.own_ear import OwnEar
from emocli.adapters.reference import Reference
from emocli.adapters.torchscript_model import TorchScriptModel
from emocli.emotions import EMOTIONS
from emocli.options import torch_device


class TorchScriptSounds:
    """A `VoiceClassifier`."""

    labels, rate, hears_gaps = EMOTIONS, 16_000, False
    notes: tuple[str, ...] = ("what `emocli export voice` made reads every utterance as if nothing more were "
                              "known of its speaker",)

    def __init__(self, reference: Reference, options: LoadOptions) -> None:
        self._model, self._ear = TorchScriptModel(reference, options), OwnEar(torch_device(options.device))
        self.files = self._model.files

    def scores(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """See `VoiceClassifier`."""
        return as_probabilities(self._model.run(self._ear(inputs)))

    def close(self) -> None:
        """Nothing runs."""


def load(reference: Reference, modality: str, options: LoadOptions) -> TorchScriptSounds:
    """Load the file."""
    return TorchScriptSounds(reference, options)
