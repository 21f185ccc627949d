"""The inputs of the small text network, for what `emocli export text-small` made of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emocli import weights


class Bags:
    """From sentences to ids, weights and offsets.  The exported network leaves out how frequent words are,
    which is read from the shipped one.  Raises `WeightsError` when that is damaged."""

    def __init__(self) -> None:
        from emocli.text.model import TextModel

        self._idf = TextModel(weights.resolve("text-small")).network.idf.numpy()

    def __call__(self, sentences: Sequence[str]) -> tuple[np.ndarray, ...]:
        """Arrays in the order in which the network takes them."""
        from emocli.text.network import bags
        from emocli.text.tokens import bag, words

        return tuple(t.numpy() for t in bags([bag(words(s), self._idf) for s in sentences]))
