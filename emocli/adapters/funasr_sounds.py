"""`emotion2vec:ID`: emotion2vec+ (Ma et al. 2024) through FunASR."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np

from emocli.adapters.classifier import LoadOptions
from emocli.adapters.reference import Reference, not_here
from emocli.errors import EmocliError, WeightsError
from emocli.options import torch_device

#: How such a model is built; FunASR calls `eval` on parts of it.
CONFIG = "config.yaml"
#: Its nine labels in English; FunASR gives each as Chinese/English.
NINE = ("angry", "disgusted", "fearful", "happy", "neutral", "other", "sad", "surprised", "unk")
LABELS = {"angry": "anger", "disgusted": "disgust", "fearful": "fear", "happy": "happiness", "sad": "sadness",
          "surprised": "surprise", "other": "", "unk": ""}


class FunAsrSounds:
    """A `VoiceClassifier`.  Opening it evaluates CONFIG, which is why it wants `--trust`."""

    labels, rate, hears_gaps = NINE, 16_000, False
    notes: tuple[str, ...] = ()

    def __init__(self, reference: Reference, options: LoadOptions) -> None:
        import torch

        self._name, handlers = str(reference), list(logging.getLogger().handlers)
        folder = reference.path if reference.path.is_dir() else _fetched(reference, offline=options.offline)
        if not (folder / CONFIG).is_file():
            raise WeightsError(self._name, f"holds no {CONFIG}", "give one of the emotion2vec_plus models")
        with redirect_stdout(sys.stderr):  # it prints
            from funasr import AutoModel

            self._model = AutoModel(model=str(folder), disable_update=True, disable_pbar=True,
                                    device=torch_device(options.device), ncpu=torch.get_num_threads())
        logging.getLogger().handlers[:] = handlers  # it logs what others do, too
        self.files = tuple(sorted(folder.glob("*.pt")))

    def scores(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """See `VoiceClassifier`."""
        rows = np.zeros((len(inputs), len(NINE)), np.float32)
        for row, samples in zip(rows, inputs, strict=True):
            (answer,) = self._model.generate(samples, granularity="utterance", extract_embedding=False)
            for label, score in zip(answer["labels"], answer["scores"], strict=True):
                english = label.rpartition("/")[2].strip("<>").lower()
                if english not in NINE:
                    raise EmocliError(self._name, f"names {label}, which is no label of emotion2vec",
                                      "give one of the emotion2vec_plus models")
                row[NINE.index(english)] = score
        return rows

    def close(self) -> None:
        """Nothing runs."""


def _fetched(reference: Reference, *, offline: bool) -> Path:
    """The folder of a model of ModelScope.  Raises `WeightsError`."""
    from modelscope import snapshot_download

    try:
        with redirect_stdout(sys.stderr):
            return Path(snapshot_download(reference.target, revision=reference.revision or "master",
                                          local_files_only=offline))
    except Exception as error:  # of any library below it
        raise not_here(reference, offline=offline) from error


def load(reference: Reference, modality: str, options: LoadOptions) -> FunAsrSounds:
    """Load the model, which is fetched where it is no folder."""
    return FunAsrSounds(reference, options)
