"""`hf:ID` for words: sequence classification of transformers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emocli.adapters.classifier import LoadOptions
from emocli.adapters.hugging_face import Pretrained
from emocli.adapters.reference import Reference

#: GoEmotions' 28 labels (Demszky et al. 2020) by their Ekman grouping, and Korean sets' words for them.
_GROUPS = {
    "happiness": "admiration amusement approval caring desire excitement gratitude joy love optimism pride "
                 "relief 기쁨 행복 즐거움 사랑 설렘",
    "surprise": "confusion curiosity realization surprise 놀람 당황 당혹",
    "fear": "fear nervousness 두려움 불안 공포", "disgust": "disgust 혐오",
    "anger": "anger annoyance disapproval 분노 화남 짜증",
    "sadness": "disappointment embarrassment grief remorse sadness 슬픔 우울 상처", "neutral": "neutral 중립",
}
LABELS = {label: name for name, labels in _GROUPS.items() for label in labels.split()}
#: Pieces of a sentence that are read at most.
LONGEST = 512


class HuggingFaceTexts:
    """A `TextClassifier`."""

    with_sound, notes = False, ()

    def __init__(self, pretrained: Pretrained) -> None:
        self._pretrained, self._tokens = pretrained, pretrained.tokenizer()
        bound = getattr(pretrained.config, "max_position_embeddings", None) or LONGEST
        self._longest = min(LONGEST, bound, self._tokens.model_max_length)
        self.labels, self.files = pretrained.labels, pretrained.files

    def scores(self, inputs: Sequence[str]) -> np.ndarray:
        """See `TextClassifier`."""
        import torch

        tokens = self._tokens(list(inputs), padding=True, truncation=True, max_length=self._longest,
                              return_tensors="pt").to(self._pretrained.device)
        with torch.inference_mode():
            return self._pretrained.probabilities(self._pretrained.model(**tokens).logits)

    def close(self) -> None:
        """Nothing runs."""


def load(reference: Reference, modality: str, options: LoadOptions) -> HuggingFaceTexts:
    """Load the model and its tokenizer."""
    return HuggingFaceTexts(Pretrained(reference, options, "AutoModelForSequenceClassification"))
