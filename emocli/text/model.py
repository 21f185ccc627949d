"""The shipped text network, ready to be asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from emocli.text.network import TextNetwork, bags
from emocli.text.tokens import bag, words

#: Sentences of one forward pass.
BATCH = 256


class TextModel:
    """The network on a CPU.  `temperature` calibrates its scores."""

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

    def read(self, text: str, language: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Features (d,), logits (7,) and scores (7,) of one."""
        features, logits = self.logits([text], language)
        return features[0], logits[0], torch.softmax(torch.from_numpy(logits[0]), 0).numpy()
