"""`hf:ID` for the voice: audio classification of transformers (wav2vec 2.0, HuBERT, WavLM, Whisper)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emocli.adapters.classifier import LoadOptions
from emocli.adapters.hugging_face import Pretrained
from emocli.adapters.reference import Reference

#: Short labels of SUPERB's emotion task, and what others call them.
LABELS = {"hap": "happiness", "neu": "neutral", "ang": "anger", "sad": "sadness", "sur": "surprise",
          "fea": "fear", "dis": "disgust", "calm": "neutral", "exc": "happiness"}


class HuggingFaceSounds:
    """A `VoiceClassifier` at the rate that its feature extractor names."""

    hears_gaps, notes = False, ()

    def __init__(self, pretrained: Pretrained) -> None:
        self._pretrained, self._extract = pretrained, pretrained.part("AutoFeatureExtractor")
        self.rate = int(self._extract.sampling_rate)
        self.labels, self.files = pretrained.labels, pretrained.files

    def scores(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """See `VoiceClassifier`.  One sound at a time: padding would change what a model without an attention
        mask answers."""
        import torch

        rows = []
        with torch.inference_mode():
            for samples in inputs:
                features = self._extract(samples, sampling_rate=self.rate, return_tensors="pt")
                answer = self._pretrained.model(**features.to(self._pretrained.device))
                rows.append(self._pretrained.probabilities(answer.logits))
        return np.concatenate(rows)

    def close(self) -> None:
        """Nothing runs."""


def load(reference: Reference, modality: str, options: LoadOptions) -> HuggingFaceSounds:
    """Load the model and its feature extractor."""
    return HuggingFaceSounds(Pretrained(reference, options, "AutoModelForAudioClassification"))
