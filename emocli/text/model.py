"""The shipped networks over words, ready to be asked: the sentence encoder, and the small one of n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import load_file

from emocli import weights as shipped
from emocli.options import TEXT_MODES
from emocli.text.network import TextNetwork, bags
from emocli.text.tokens import bag, words

if TYPE_CHECKING:
    from emocli.text.encoder import SentenceModel

#: Sentences of one forward pass.
BATCH = 256


class TextModel:
    """The network of n-grams on a CPU.  `temperature` calibrates its scores."""

    def __init__(self, weights: Path, *, temperature: float = 1.0) -> None:
        state = {k: v.float() for k, v in load_file(weights).items()}
        self.network = TextNetwork(width=state["bag.weight"].shape[1],
                                   heads=tuple(sorted({k.split(".")[1] for k in state
                                                       if k.startswith("heads.")})))
        self.network.load_state_dict(state)
        self.network.eval()
        self._idf = self.network.idf.numpy()
        self.temperature = temperature

    @torch.inference_mode()
    def logits(self, texts: Sequence[str], language: str) -> tuple[np.ndarray, np.ndarray]:
        """Features (n, d) and calibrated logits (n, 7) of sentences in "en" or "ko"."""
        features, logits = [], []
        for i in range(0, len(texts), BATCH):
            f, z = self.network(*bags([bag(words(t), self._idf) for t in texts[i:i + BATCH]]), language)
            features.append(f.numpy())
            logits.append(z.numpy() / self.temperature)
        return np.concatenate(features), np.concatenate(logits)


def load(name: str = TEXT_MODES["accurate"]) -> TextModel | SentenceModel:
    """The reader of an entry of the manifest.  Raises `WeightsError` when its file is missing or damaged."""
    path, temperature = shipped.resolve(name), shipped.manifest()[name].temperature
    if name == TEXT_MODES["fast"]:
        return TextModel(path, temperature=temperature)
    from emocli.text.encoder import SentenceModel

    return SentenceModel(path, temperature=temperature)
