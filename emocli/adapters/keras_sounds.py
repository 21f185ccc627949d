"""`keras:FILE` for the voice: a network over the features that `--features` names (`cepstra.py`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emocli.adapters.card import as_probabilities, card_of
from emocli.adapters.cepstra import KINDS, RATE
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.keras_model import KerasModel
from emocli.adapters.reference import Reference
from emocli.errors import UsageError, WeightsError

#: Labels where a file has no card: RAVDESS' eight in its own order, or the seven without calm.
EIGHT = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
SEVEN = tuple(label for label in EIGHT if label != "calm")
LABELS = {"calm": "neutral"}


class KerasSounds:
    """A `VoiceClassifier` in a process of its own."""

    rate, hears_gaps = RATE, False

    def __init__(self, reference: Reference, model: KerasModel, features: str) -> None:
        self._model, self._features, self.files = model, KINDS[features], model.files
        wanted, made = model.input_shape, self._features(np.zeros(RATE, np.float32)).shape
        fitting = [s for s in (made, (*made, 1), (1, *made), made[::-1], (*made[::-1], 1))
                   if len(s) == len(wanted) and all(w in (None, n) for n, w in zip(s, wanted, strict=True))]
        if not fitting:
            raise WeightsError(str(reference), f"takes {wanted}, and {features} gives {made}",
                               f"give --features another of {', '.join(KINDS)}")
        self._shape, self._turned = fitting[0], fitting[0][:len(made)] == made[::-1] != made
        outputs, card = model.output_shape[0], card_of(reference.path)
        self.labels = card.labels or {8: EIGHT, 7: SEVEN}.get(outputs or 0, ())
        if len(model.output_shape) != 1 or outputs != len(self.labels):
            raise WeightsError(str(reference), f"gives {outputs} numbers and does not say of what",
                               "write labels = [...] into its card (docs/models.md)")
        self.notes = () if card.labels else (
            f"{reference} has no card, so its labels are taken to be {', '.join(self.labels)}",)

    def scores(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """See `VoiceClassifier`."""
        each = [self._features(samples) for samples in inputs]
        batch = np.stack([(x.T if self._turned else x).reshape(self._shape) for x in each])
        return as_probabilities(self._model.predict(batch))

    def close(self) -> None:
        """End the process."""
        self._model.close()


def load(reference: Reference, modality: str, options: LoadOptions) -> KerasSounds:
    """Load the file in a child."""
    if options.features not in KINDS:
        raise UsageError(str(reference), f"--features {options.features or 'is not given'}"
                         + (" is not known" if options.features else ", so what it takes is not known"),
                         f"give --features one of {', '.join(KINDS)}")
    model = KerasModel(reference, options)
    try:
        return KerasSounds(reference, model, options.features)
    except BaseException:
        model.close()
        raise
