"""The inputs of our voice network, for what `emocli export voice` made of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emocli import weights
from emocli.options import EAR


class OwnEar:
    """From sounds at 16 kHz to what the exported network takes, (n, INPUTS) float32: each sound is read as
    all that is known of its speaker.  Raises `WeightsError` when our weights are damaged."""

    def __init__(self, device: str) -> None:
        from emocli.voice.model import EarModel

        self._model = EarModel(weights.resolve("voice"), weights.resolve(EAR), device=device)

    def __call__(self, inputs: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """Arrays in the order in which the network takes them."""
        each = [self._model.inputs(self._model.describe(samples)[None]) for samples in inputs]
        return (np.concatenate(each),)
