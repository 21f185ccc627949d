"""`emotion2vec:ID`: emotion2vec+ (Ma et al. 2024) through FunASR."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emocli.adapters.classifier import LoadOptions
from emocli.adapters.reference import Reference
from emocli.errors import EmocliError, WeightsError

#: Its nine labels in English; FunASR gives each as Chinese/English.
NINE = ("angry", "disgusted", "fearful", "happy", "neutral", "other", "sad", "surprised", "unk")
LABELS = {"angry": "anger", "disgusted": "disgust", "fearful": "fear", "happy": "happiness", "sad": "sadness",
          "surprised": "surprise", "other": "", "unk": ""}


class FunAsrSounds:
    """A `VoiceClassifier`."""

    labels, rate, hears_gaps = NINE, 16_000, False
    notes: tuple[str, ...] = ()

    def __init__(self, reference: Reference, options: LoadOptions) -> None:
        from funasr import AutoModel

        self._name = str(reference)
        if options.offline and not reference.path.is_dir():
            raise WeightsError(self._name, "is no folder, and --offline forbids fetching it",
                               "give a folder as emotion2vec:DIR, or leave --offline out")
        self._model = AutoModel(model=reference.target, model_revision=reference.revision or "master",
                                disable_update=True, disable_pbar=True, trust_remote_code=options.trust,
                                device="cpu" if options.device == "cpu" else None)
        folder = Path(str(getattr(self._model, "model_path", reference.target)))
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


def load(reference: Reference, modality: str, options: LoadOptions) -> FunAsrSounds:
    """Load the model, which is fetched where it is no folder."""
    return FunAsrSounds(reference, options)
