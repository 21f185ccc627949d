"""`hf:ID` for faces: image classification of transformers."""

from __future__ import annotations

import numpy as np

from emocli.adapters.classifier import LoadOptions
from emocli.adapters.hugging_face import Pretrained
from emocli.adapters.reference import Reference

#: Side of the crops where the model does not say, px.
USUAL_SIZE = 224


class HuggingFaceImages:
    """A `FaceClassifier`; crops are RGB, cut from the small copy of a picture."""

    colour, notes = True, ()

    def __init__(self, pretrained: Pretrained) -> None:
        self._pretrained = pretrained
        self._processor = pretrained.part("AutoImageProcessor", backend="pil")
        sizes = [v for v in dict(self._processor.size or {}).values() if isinstance(v, int)]
        self.size = min(max(sizes, default=USUAL_SIZE), 1024)
        self.labels, self.files = pretrained.labels, pretrained.files

    def scores(self, inputs: np.ndarray) -> np.ndarray:
        """See `FaceClassifier`."""
        import torch

        pixels = self._processor(images=list(inputs), return_tensors="pt", input_data_format="channels_last")
        with torch.inference_mode():
            logits = self._pretrained.model(**pixels.to(self._pretrained.device)).logits
        return self._pretrained.probabilities(logits)

    def close(self) -> None:
        """Nothing runs."""


def load(reference: Reference, modality: str, options: LoadOptions) -> HuggingFaceImages:
    """Load the model and its processor."""
    return HuggingFaceImages(Pretrained(reference, options, "AutoModelForImageClassification"))
