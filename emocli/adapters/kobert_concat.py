"""`kobert-concat:DIR`: the head of the three-modality project over a sentence and its sound.

DIR holds the head (.pth, tensors only) and, in `kobert/`, the encoder as `save_pretrained` writes it; without
that the encoder is fetched.  Text (768) and sound (87) each go through a linear layer of 512, and side by
side through a last one to seven.  The project's second stage, which adds 400 numbers of a picture, is
not rebuilt: its weights are nowhere to be had.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emocli.adapters.classifier import LoadOptions
from emocli.adapters.hugging_face import Pretrained
from emocli.adapters.reference import Reference
from emocli.adapters.tensors import read_tensors
from emocli.emotions import EMOTIONS
from emocli.errors import WeightsError

ENCODER = "skt/kobert-base-v1"
#: Numbers of a sentence and a sound, and of a hidden layer; coefficients of a frame; rate of the sound, Hz.
TEXT, SOUND, HIDDEN, COEFFICIENTS, RATE = 768, 87, 512, 25, 22_050
#: Shapes of the head's tensors.
SHAPES = {"text_layer.weight": (HIDDEN, TEXT), "text_layer.bias": (HIDDEN,),
          "audio_layer.weight": (HIDDEN, SOUND), "audio_layer.bias": (HIDDEN,),
          "fc.weight": (len(EMOTIONS), 2 * HIDDEN), "fc.bias": (len(EMOTIONS),)}


class ConcatHead:
    """The tensors of a head.  Raises `WeightsError` for a pickle of more than tensors and for another
    network."""

    def __init__(self, reference: Reference, path: Path) -> None:
        state = read_tensors(reference, path)
        if {name: tuple(tensor.shape) for name, tensor in state.items()} != SHAPES:
            raise WeightsError(str(reference), f"{path.name} is no head of text_layer, audio_layer and fc",
                               "give the folder with text_audio_model_53.pth")
        self._state = {name: tensor.float() for name, tensor in state.items()}

    def logits(self, sentences: np.ndarray, sounds: np.ndarray) -> np.ndarray:
        """Of sentences (n, 768) and sounds (n, 87) -> (n, 7), in the order of `EMOTIONS`."""
        import torch
        from torch.nn.functional import linear

        def layer(name: str, x: Any) -> Any:
            return linear(x, self._state[f"{name}.weight"], self._state[f"{name}.bias"])

        text, sound = (torch.from_numpy(np.asarray(x, np.float32)) for x in (sentences, sounds))
        with torch.inference_mode():
            hidden = torch.cat([layer("text_layer", text), layer("audio_layer", sound)], 1)
            return np.asarray(layer("fc", hidden).numpy())


def describe_sound(samples: np.ndarray) -> np.ndarray:
    """16 kHz sound -> (87,) float32: the mean of 25 MFCC a frame, cut or padded with zeros, standardised."""
    import librosa

    from emocli.adapters.reader import resampled

    sound = resampled(samples, RATE)
    if not len(sound):
        return np.zeros(SOUND, np.float32)
    means = librosa.feature.mfcc(y=sound, sr=RATE, n_mfcc=COEFFICIENTS).mean(0)[:SOUND]
    padded = np.pad(means, (0, SOUND - len(means)))
    return np.asarray((padded - padded.mean()) / (padded.std() + 1e-8), np.float32)


class KobertConcat:
    """A `TextClassifier` that also takes the sound."""

    labels, with_sound, notes = EMOTIONS, True, ()

    def __init__(self, reference: Reference, options: LoadOptions) -> None:
        heads = sorted(reference.path.glob("*.pth"))
        if len(heads) != 1:
            raise WeightsError(str(reference), f"holds {len(heads)} .pth files",
                               "give a folder with one head")
        self._head = ConcatHead(reference, heads[0])
        folder = reference.path / "kobert"
        encoder = Reference("hf", str(folder) if folder.is_dir() else ENCODER)
        try:
            self._encoder = Pretrained(encoder, options, "AutoModel")
        except WeightsError as error:
            raise WeightsError(str(reference), f"its encoder {error.subject} {error.cause}",
                               f"put KoBERT as save_pretrained writes it into {folder}") from error
        if self._encoder.config.hidden_size != TEXT:
            raise WeightsError(str(reference), f"its encoder does not give {TEXT} numbers",
                               "put KoBERT into its folder kobert/")
        self._tokens = self._encoder.tokenizer()
        self.files = (heads[0], *self._encoder.files)

    def scores(self, inputs: Sequence[tuple[str, np.ndarray]]) -> np.ndarray:
        """See `TextClassifier`."""
        import torch
        from scipy.special import softmax

        tokens = self._tokens([text for text, _ in inputs], padding=True, truncation=True, max_length=512,
                              return_tensors="pt").to(self._encoder.device)
        with torch.inference_mode():
            sentences = self._encoder.model(**tokens).last_hidden_state[:, 0].float().cpu().numpy()
        sounds = np.stack([describe_sound(samples) for _, samples in inputs])
        return np.asarray(softmax(self._head.logits(sentences, sounds), 1), np.float32)

    def close(self) -> None:
        """Nothing runs."""


def load(reference: Reference, modality: str, options: LoadOptions) -> KobertConcat:
    """Load the head and its encoder."""
    return KobertConcat(reference, options)
