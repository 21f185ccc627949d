"""Readings from the words of each segment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from emocli.text.language import SUPPORTED, is_hangul
from emocli.text.network import TextNetwork, bags
from emocli.text.tokens import bag, words
from emocli.timeline.types import Reading, Segment

#: Sentences of one forward pass.
BATCH = 256


class TextReader:
    """The shipped network on a CPU.  `temperature` calibrates its scores."""

    def __init__(self, weights: Path, *, temperature: float = 1.0) -> None:
        state = {k: v.float() for k, v in load_file(weights).items()}
        self.network = TextNetwork(width=state["bag.weight"].shape[1],
                                   heads=tuple(sorted({k.split(".")[1] for k in state if k.startswith("heads.")})))
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

    def read(self, segments: Sequence[Segment], language: str = "en") -> list[Reading]:
        """One reading a segment; absent without words or in a language that was not learnt."""
        readings: list[Reading] = []
        for segment in segments:
            text = segment.utterance.text if segment.utterance else ""
            spoken = language or ("ko" if any(map(is_hangul, text)) else "en")
            if not words(text):
                readings.append(Reading("text", reason="no words"))
            elif spoken not in SUPPORTED:
                readings.append(Reading("text", reason=f"the words are in {spoken}; emocli reads "
                                                       f"{' and '.join(SUPPORTED)}"))
            else:
                features, logits = self.logits([text], spoken)
                readings.append(Reading("text", features[0], logits[0],
                                        torch.softmax(torch.from_numpy(logits[0]), 0).numpy(),
                                        quality=min(1.0, len(words(text)) / 4)))
        return readings
