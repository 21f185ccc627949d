"""`builtin:NAME` as a model of single inputs, for `emocli models try`: each sound is all that is known of its
speaker, and each sentence is in the language that its letters tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from emocli import weights
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.reference import Reference
from emocli.emotions import EMOTIONS
from emocli.options import TEXT_MODES, VOICE_MODES, torch_device

#: Names behind `builtin:` by modality; "default" is what --voice-mode and --text-mode say.
NAMES = {"face": ("default",), "voice": ("default", "auto", *VOICE_MODES), "text": ("default", *TEXT_MODES)}


class Builtin:
    """Any of the three classifiers of `classifier.py`.  Raises `WeightsError` when weights are missing or
    damaged."""

    labels, files, notes = EMOTIONS, (), ()
    rate, hears_gaps, with_sound, size, colour = 16_000, False, False, 48, False

    def __init__(self, reference: Reference, modality: str, options: LoadOptions) -> None:
        mode = "accurate" if reference.target in ("default", "auto") else reference.target
        self._modality, self._model = modality, _MODELS[modality](mode, options)

    def scores(self, inputs: Any) -> np.ndarray:
        """See the protocols."""
        from scipy.special import softmax

        return np.asarray(softmax(self._model(inputs), axis=1), np.float32)

    def close(self) -> None:
        """Nothing runs any more."""


def _face(mode: str, options: LoadOptions) -> Any:
    from emocli.face.process import FaceProcess

    name = "face" if options.device == "cuda" else "face-litert"
    path = weights.resolve(name)

    def logits(crops: np.ndarray) -> np.ndarray:
        with FaceProcess(path, device=options.device) as process:
            return process.classify(crops).result()[1] / weights.manifest()[name].temperature

    return logits


def _voice(mode: str, options: LoadOptions) -> Any:
    from emocli.voice.features import trim
    from emocli.voice.model import load

    model = load(VOICE_MODES[mode], device=torch_device(options.device))
    return lambda sounds: np.concatenate([model.answer([model.describe(trim(s))])[1] for s in sounds])


def _text(mode: str, options: LoadOptions) -> Any:
    from emocli.text.model import load
    from emocli.text.reader import language_of

    model = load(TEXT_MODES[mode])

    def logits(sentences: Sequence[str]) -> np.ndarray:
        return np.concatenate([model.logits([text], language_of(text))[1] for text in sentences])

    return logits


_MODELS = {"face": _face, "voice": _voice, "text": _text}


def load(reference: Reference, modality: str, options: LoadOptions) -> Builtin:
    """Load what ships."""
    return Builtin(reference, modality, options)
