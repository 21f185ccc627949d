"""`speechbrain:ID`: recognisers of SpeechBrain that come with an interface of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from emocli.adapters.card import as_probabilities
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.reference import Reference, not_here
from emocli.adapters.tensors import SPARE, read_tensors
from emocli.errors import WeightsError
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

        fetching = FetchConfig(allow_network=not options.offline, revision=reference.revision or None)
        try:
            with _strict(reference):
                self._model = foreign_class(
                    reference.target, pymodule_file=INTERFACE, classname=CLASS, fetch_config=fetching,
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


@contextmanager
def _strict(reference: Reference) -> Iterator[None]:
    """Let SpeechBrain refuse a checkpoint that does not fit its network, with a `WeightsError`; by itself it
    would only warn of parameters that are missing, and random numbers would answer in their place."""
    from speechbrain.utils.checkpoints import (
        DEFAULT_TRANSFER_HOOKS,
        hook_on_loading_state_dict_checkpoint,
    )
    from torch.nn import Module

    def transfer(module: Any, path: str) -> None:
        state = hook_on_loading_state_dict_checkpoint(read_tensors(reference, Path(path)))
        try:
            found = module.load_state_dict(state, strict=False)
            wrong = [f"lacks {key}" for key in found.missing_keys if not key.endswith(SPARE)]
            wrong += [f"has {key} too many" for key in found.unexpected_keys if not key.endswith(SPARE)]
        except RuntimeError as error:  # shapes
            wrong = [" ".join(str(error).split())[:200]]
        if wrong:
            raise WeightsError(str(reference), f"{Path(path).name} does not fit its network ({wrong[0]})",
                               "give the checkpoint that belongs to its hyperparams.yaml")

    usual, DEFAULT_TRANSFER_HOOKS[Module] = DEFAULT_TRANSFER_HOOKS[Module], transfer
    try:
        yield
    finally:
        DEFAULT_TRANSFER_HOOKS[Module] = usual


def load(reference: Reference, modality: str, options: LoadOptions) -> SpeechBrainSounds:
    """Load the model, which is fetched where it is no folder."""
    return SpeechBrainSounds(reference, options)
