"""`kobert-concat:DIR`: the head of the three-modality project over a sentence and its sound.

DIR holds the head (.pth, tensors only) and, in `kobert/`, the encoder as `save_pretrained` writes it; without
that the encoder is fetched.  The head adds nothing between its layers: text (768) and sound (87), and in its
second stage picture (400), each through a linear layer of 512, side by side, through a last one to seven.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emocli.adapters.classifier import LoadOptions
from emocli.adapters.hugging_face import Pretrained
from emocli.adapters.reference import Reference
from emocli.emotions import EMOTIONS
from emocli.errors import UsageError, WeightsError

ENCODER = "skt/kobert-base-v1"
#: Numbers of a sentence, a sound and a picture; coefficients of a frame, and the rate, Hz, of that project.
TEXT, SOUND, PICTURE, COEFFICIENTS, RATE = 768, 87, 400, 25, 22_050
#: Tensors of each branch of the head.
BRANCHES = {"text_layer": TEXT, "audio_layer": SOUND, "image_layer": PICTURE}


class ConcatHead:
    """The tensors of a head.  Raises `UsageError` for a pickle of more than tensors, `WeightsError` for
    another network."""

    def __init__(self, reference: Reference, path: Path) -> None:
        import torch

        try:
            state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # unpickling raises anything
            raise UsageError(str(reference), f"{path.name} pickles more than tensors, which would run code; "
                             "emocli opens tensors only", "save model.state_dict()") from error
        try:
            self._branches = [(state[f"{name}.weight"].float(), state[f"{name}.bias"].float(), width)
                              for name, width in BRANCHES.items() if f"{name}.weight" in state]
            self._last = state["fc.weight"].float(), state["fc.bias"].float()
            fitting = all(w.shape == (512, width) and b.shape == (512,) for w, b, width in self._branches)
            joined = self._last[0].shape == (len(EMOTIONS), 512 * len(self._branches))
        except (KeyError, AttributeError, TypeError):
            fitting = joined = False
        if not (fitting and joined):
            raise WeightsError(str(reference), f"{path.name} is no head of text_layer, audio_layer and fc",
                               "give the folder with text_audio_model_53.pth")

    @property
    def pictures(self) -> bool:
        """Whether it also takes pictures."""
        return len(self._branches) > 2

    def logits(self, *inputs: np.ndarray) -> np.ndarray:
        """Of text (n, 768), sound (n, 87) and, where it takes them, pictures (n, 400) -> (n, 7), in the order
        of `EMOTIONS`."""
        import torch

        with torch.inference_mode():
            hidden = [torch.from_numpy(np.asarray(x, np.float32)) @ w.T + b
                      for x, (w, b, _) in zip(inputs, self._branches, strict=True)]
            return np.asarray((torch.cat(hidden, 1) @ self._last[0].T + self._last[1]).numpy())


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
            raise WeightsError(str(reference), f"holds {len(heads)} .pth files", "give a folder with one head")
        self._head = ConcatHead(reference, heads[0])
        if self._head.pictures:
            raise WeightsError(str(reference), "its head also takes pictures, which do not reach words",
                               "give the head of its first stage (text and sound)")
        folder = reference.path / "kobert"
        encoder = Reference("hf", str(folder) if folder.is_dir() else ENCODER)
        self._encoder = Pretrained(encoder, options, "AutoModel")
        if self._encoder.config.hidden_size != TEXT:
            raise WeightsError(str(reference), f"its encoder gives {self._encoder.config.hidden_size} numbers, "
                               f"and the head takes {TEXT}", "put KoBERT into its folder kobert/")
        self._tokens = self._encoder.part("AutoTokenizer")
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
