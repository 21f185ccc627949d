"""`speechbrain:ID`: recognisers of SpeechBrain that come with an interface of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emocli.adapters.card import as_probabilities
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.reference import Reference, not_here
from emocli.options import torch_device

#: The Python file that such a model brings, and the class in it.
INTERFACE, CLASS = "custom_interface.py", "CustomEncoderWav2vec2Classifier"
LABELS = {"neu": "neutral", "ang": "anger", "hap": "happiness", "sad": "sadness"}


class SpeechBrainSounds:
    """A `VoiceClassifier`.  Opening it runs INTERFACE, which is why it wants `--trust`."""

    rate, hears_gaps = 16_000, False
    notes: tuple[str, ...] = ()

    def __init__(self, reference: Reference, options: LoadOptions) -> None:
        from speechbrain.inference.interfaces import foreign_class
        from speechbrain.utils.fetching import FetchConfig

        try:
            self._model = foreign_class(
                reference.target, pymodule_file=INTERFACE, classname=CLASS,
                fetch_config=FetchConfig(allow_network=not options.offline,
                                         revision=reference.revision or None),
                run_opts={"device": torch_device(options.device)})
        except (OSError, ValueError) as error:  # its fetching raises these
            if reference.path.is_dir():
                raise
            raise not_here(reference, offline=options.offline) from error
        names = self._model.hparams.label_encoder.ind2lab
        self.labels = tuple(str(names[i]) for i in sorted(names))
        folder = reference.path
        self.files: tuple[Path, ...] = tuple(sorted(folder.glob("*.ckpt"))) if folder.is_dir() else ()

    def scores(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """See `VoiceClassifier`.  One sound at a time, since the encoder would hear the padding of others."""
        import torch

        with torch.inference_mode():
            answers = [self._model.classify_batch(torch.from_numpy(samples)[None], torch.ones(1))[0]
                       for samples in inputs]
        return as_probabilities(torch.stack([a.reshape(-1) for a in answers]).float().cpu().numpy())

    def close(self) -> None:
        """Nothing runs."""


def load(reference: Reference, modality: str, options: LoadOptions) -> SpeechBrainSounds:
    """Load the model, which is fetched where it is no folder."""
    return SpeechBrainSounds(reference, options)
