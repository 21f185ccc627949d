"""`pyaudio:DIR`: the diary app's voice model, `pytorch_model.pth` and `labels.json`.

Its `model.py` is never run: the network, convolutions over 13 MFCC and a bidirectional LSTM, is rebuilt from
the shapes of its tensors.  What tensors do not tell is taken as is usual: ReLU and halving after every
convolution, ReLU between dense layers, the mean of the LSTM's states over time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from emocli.adapters.cepstra import DIARY_FRAMES, RATE, mfcc
from emocli.adapters.classifier import LoadOptions
from emocli.adapters.reference import Reference
from emocli.adapters.tensors import read_tensors
from emocli.errors import InputError, UsageError, WeightsError
from emocli.options import baseline_of

#: MFCC of a frame.
COEFFICIENTS = 13
WEIGHTS, NAMES = "pytorch_model.pth", "labels.json"
_WORDS = {"happiness": "joy 기쁨 행복", "sadness": "슬픔", "anger": "분노 화남", "fear": "불안 두려움 공포",
          "disgust": "혐오", "surprise": "놀람 당황", "neutral": "중립 평온"}
LABELS = {label: name for name, labels in _WORDS.items() for label in labels.split()}
#: Part of the name of an LSTM's first tensor.
_LSTM = "weight_ih_l0"


class DiaryNetwork(nn.Module):
    """MFCC (n, 13, frames) in, logits (n, labels) out.  Raises `ValueError` for tensors of another
    network."""

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        (lstm,) = (name.removesuffix(_LSTM) for name in state if name.endswith(_LSTM))
        self._lstm_state = {name.removeprefix(lstm): t for name, t in state.items() if name.startswith(lstm)}
        stems = {name.removesuffix(".weight"): t for name, t in state.items()
                 if name.endswith(".weight") and not name.startswith(lstm)}
        self.convolve, self.answer = nn.Sequential(), nn.Sequential()
        for stem, weight in stems.items():
            own = {part: state[f"{stem}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
                   if f"{stem}.{part}" in state}
            wide, narrow, *taps = *weight.shape, 0
            if weight.ndim == 3:
                conv = nn.Conv1d(narrow, wide, taps[0], padding=taps[0] // 2, bias="bias" in own)
                self.convolve.extend([_filled(conv, own), nn.ReLU(), nn.MaxPool1d(2)])
            elif weight.ndim == 2:
                self.answer.extend([_filled(nn.Linear(narrow, wide, bias="bias" in own), own), nn.ReLU()])
            elif "running_mean" in own:  # between a convolution and its ReLU
                self.convolve.insert(len(self.convolve) - 2, _filled(nn.BatchNorm1d(len(weight)), own))
        layers = sum(name.startswith("weight_ih") and "reverse" not in name for name in self._lstm_state)
        gates, width = self._lstm_state[_LSTM].shape
        self.lstm = nn.LSTM(width, gates // 4, layers, batch_first=True,
                            bidirectional=f"{_LSTM}_reverse" in self._lstm_state)
        self.lstm.load_state_dict(self._lstm_state)
        del self.answer[-1]  # no ReLU after the last
        first, last = self.convolve[0], self.answer[-1]
        if not isinstance(first, nn.Conv1d) or first.in_channels != COEFFICIENTS:
            raise ValueError(f"no convolution over {COEFFICIENTS} MFCC comes first")
        assert isinstance(last, nn.Linear)
        self.outputs = last.out_features

    def forward(self, cepstra: Tensor) -> Tensor:
        """See the class."""
        return self.answer(self.lstm(self.convolve(cepstra).transpose(1, 2))[0].mean(1))


def _filled(layer: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    layer.load_state_dict({**layer.state_dict(), **state})
    return layer


class DiarySounds:
    """A `VoiceClassifier`; with a recording of the speaker, talking neutrally, it reads what differs."""

    rate, hears_gaps = RATE, False
    notes: tuple[str, ...] = ("of a pyaudio model only the tensors are used; how they are joined is rebuilt "
                              "from their shapes (docs/models.md)",)

    def __init__(self, reference: Reference, options: LoadOptions) -> None:
        folder, name = reference.path, str(reference)
        self.files = (folder / WEIGHTS, folder / NAMES)
        if missing := [path.name for path in self.files if not path.is_file()]:
            raise WeightsError(name, f"holds no {' and no '.join(missing)}",
                               f"give the folder with {WEIGHTS} and {NAMES}")
        self.labels = _labels(reference)
        state = read_tensors(reference, self.files[0])
        try:
            self._network = DiaryNetwork(state).eval()
        except Exception as error:  # torch raises what it meets first
            cause = " ".join(str(error).split())[:150]
            raise WeightsError(name, f"its tensors are not of that network ({cause})",
                               f"check that {WEIGHTS} is a state dict") from error
        if self._network.outputs != len(self.labels):
            raise WeightsError(name, f"gives {self._network.outputs} numbers, and {NAMES} has "
                               f"{len(self.labels)} labels", f"give the {NAMES} that came with it")
        self._baseline = _baseline(options.baseline) if options.baseline else 0.0

    def scores(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """See `VoiceClassifier`."""
        cepstra = np.stack([mfcc(samples, COEFFICIENTS, DIARY_FRAMES) for samples in inputs]) - self._baseline
        with torch.inference_mode():
            return np.asarray(self._network(torch.from_numpy(cepstra.astype(np.float32))).softmax(1).numpy())

    def close(self) -> None:
        """Nothing runs."""


def _labels(reference: Reference) -> tuple[str, ...]:
    """The labels in order: a list, or a table from numbers to labels or from labels to numbers."""
    try:
        table: Any = json.loads((reference.path / NAMES).read_text(encoding="utf-8"))
        if isinstance(table, dict):
            by_number = {int(k if str(k).isdigit() else v): str(v if str(k).isdigit() else k)
                         for k, v in table.items()}
            table = [by_number[i] for i in range(len(by_number))]
        return tuple(map(str, table))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise WeightsError(str(reference), f"its {NAMES} cannot be read as labels ({error})",
                           "write [\"JOY\", \"SAD\", ...]") from error


def _baseline(wanted: str) -> np.ndarray:
    """(13, 1) mean cepstrum of the speech in the recording of `--voice-baseline`."""
    from emocli.transcript.activity import listen

    speaker, recording = baseline_of(wanted)
    if speaker:
        raise UsageError("--voice-baseline", "a pyaudio model has one baseline for everybody",
                         f"give {recording} without {speaker}=")
    with listen(recording) as speech:
        said = [speech.sound.read(u.start, u.end) for u in speech.utterances]
    if not said:
        raise InputError(recording, "no speech was heard in it",
                         "give --voice-baseline a recording of the speaker, talking neutrally")
    return np.asarray(mfcc(np.concatenate(said), COEFFICIENTS).mean(1, keepdims=True))


def load(reference: Reference, modality: str, options: LoadOptions) -> DiarySounds:
    """Load the folder."""
    return DiarySounds(reference, options)
