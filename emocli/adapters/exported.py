"""What `emocli export` made of our networks of voice and words, as ONNX or TorchScript."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from emocli.adapters.bags import Bags
from emocli.adapters.card import as_probabilities
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.onnx_model import OnnxModel
from emocli.adapters.own_ear import OwnEar
from emocli.adapters.reference import Reference
from emocli.adapters.torchscript_model import TorchScriptModel
from emocli.emotions import EMOTIONS
from emocli.errors import WeightsError
from emocli.options import torch_device

#: What the exported networks take.
INPUTS = {"voice": ("numbers",), "text": ("ids", "weights", "offsets")}
#: What a user should know of them.
NOTES = {"text": (), "voice": ("what `emocli export voice` made reads every utterance as if nothing more "
                               "were known of its speaker",)}
#: The networks by the names that `emocli export` takes.
NAMES = {"voice": "voice", "text": "text-small"}


class Exported:
    """A `VoiceClassifier` or a `TextClassifier`.  Raises `WeightsError` for another network."""

    labels, rate, hears_gaps, with_sound = EMOTIONS, 16_000, False, False

    def __init__(self, reference: Reference, modality: str, options: LoadOptions) -> None:
        self._model: OnnxModel | TorchScriptModel
        self._inputs, self.notes = INPUTS[modality], NOTES[modality]
        if reference.kind == "onnx":
            self._model = OnnxModel(reference, options)
            if set(self._model.inputs) != set(self._inputs):
                raise WeightsError(str(reference), f"takes {', '.join(self._model.inputs)}, and {modality} "
                                   f"reaches only what `emocli export {NAMES[modality]}` made",
                                   "give its folder as hf:DIR")
        else:
            self._model = TorchScriptModel(reference, options)
        self.files = self._model.files
        self._prepare: Callable[[Sequence[np.ndarray]], tuple[np.ndarray, ...]] | Bags = (
            Bags() if modality == "text" else OwnEar(torch_device(options.device)))

    def scores(self, inputs: Sequence[np.ndarray] | Sequence[str]) -> np.ndarray:
        """See `VoiceClassifier` and `TextClassifier`."""
        arrays = self._prepare(inputs)  # type: ignore[arg-type]
        if isinstance(self._model, OnnxModel):
            return as_probabilities(self._model.run("logits", **dict(zip(self._inputs, arrays, strict=True))))
        return as_probabilities(self._model.run(*arrays))

    def close(self) -> None:
        """Let go of the memory."""
        self._model.close()


def load(reference: Reference, modality: str, options: LoadOptions) -> Exported:
    """Load the file."""
    return Exported(reference, modality, options)
