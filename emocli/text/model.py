"""The shipped networks over words, ready to be asked: the sentence encoder, and the small one of n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import load_file
from scipy.special import log_softmax

from emocli import weights as shipped
from emocli.options import TEXT_MODES
from emocli.text.network import TextNetwork, bags
from emocli.text.tokens import bag, words

if TYPE_CHECKING:
    from emocli.text.encoder import SentenceModel

#: Sentences of one forward pass.
BATCH = 256
#: How much the small network's log scores count beside the encoder's; chosen on development rows.
SMALL_SHARE = 0.3


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


class JointModel:
    """The sentence encoder, which the network of n-grams helps: they err on different sentences."""

    def __init__(self, encoder: SentenceModel, small: TextModel, *, temperature: float = 1.0) -> None:
        self.encoder, self.small, self.temperature = encoder, small, temperature

    def logits(self, texts: Sequence[str], language: str, *,
               without: str = "") -> tuple[np.ndarray, np.ndarray]:
        """Features (n, d) of the encoder, and calibrated logits (n, 7) of sentences in "en" or "ko", as
        far as the encoder's file has them `without` the head that learnt a corpus."""
        answering = f"{language} without {without}" if without else language
        features, encoded = self.encoder.logits(texts, answering)
        small = self.small.logits(texts, language)[1]
        return features, (log_softmax(encoded, 1) + SMALL_SHARE * log_softmax(small, 1)) / self.temperature


def load(names: Sequence[str] = TEXT_MODES["accurate"]) -> TextModel | JointModel:
    """The reader that takes these entries of the manifest, one of TEXT_MODES.

    Raises `WeightsError` when a file is missing or damaged.
    """
    paths, temperature = [shipped.resolve(name) for name in names], shipped.manifest()[names[0]].temperature
    if len(paths) == 1:
        return TextModel(paths[0], temperature=temperature)
    from emocli.text.encoder import SentenceModel

    return JointModel(SentenceModel(paths[0]), TextModel(paths[1]), temperature=temperature)
