"""`speechbrain:ID`: recognisers of SpeechBrain that come with an interface of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emocli.adapters.card import as_probabilities
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.reference import Reference
from emocli.errors import WeightsError

#: The Python file that such a model brings, and the class in it.
INTERFACE, CLASS = "custom_interface.py", "CustomEncoderWav2vec2Classifier"
LABELS = {"neu": "neutral", "ang": "anger", "hap": "happiness", "sad": "sadness"}


class SpeechBrainSounds:
    """A `VoiceClassifier`.  Opening it runs INTERFACE, which is why it wants `--trust`."""

    rate, hears_gaps = 16_000, False
    notes: tuple[str, ...] = ()

    def __init__(self, reference: Reference, options: LoadOptions) -> None:
        from speechbrain.inference.interfaces import foreign_class

        if options.offline and not reference.path.is_dir():
            raise WeightsError(str(reference), "is no folder, and --offline forbids fetching it",
                               "give a folder as speechbrain:DIR, or leave --offline out")
        revision = {"revision": reference.revision} if reference.revision else {}
        self._model = foreign_class(source=reference.target, pymodule_file=INTERFACE, classname=CLASS,
                                    **revision)
        names = self._model.hparams.label_encoder.ind2lab
        self.labels = tuple(str(names[i]) for i in sorted(names))
        folder = reference.path
        self.files: tuple[Path, ...] = tuple(sorted(folder.glob("*.ckpt"))) if folder.is_dir() else ()

    def scores(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """See `VoiceClassifier`; padded to the longest, whose share each length is."""
        import torch

        longest = max(map(len, inputs))
        sounds = np.stack([np.pad(samples, (0, longest - len(samples))) for samples in inputs])
        lengths = torch.tensor([len(samples) / longest for samples in inputs])
        with torch.inference_mode():
            answers = self._model.classify_batch(torch.from_numpy(sounds), lengths)[0]
        return as_probabilities(answers.reshape(len(inputs), -1).float().cpu().numpy())

    def close(self) -> None:
        """Nothing runs."""


def load(reference: Reference, modality: str, options: LoadOptions) -> SpeechBrainSounds:
    """Load the model, which is fetched where it is no folder."""
    return SpeechBrainSounds(reference, options)
