"""Who it sounds like: Resemblyzer's speaker encoder, as numbers of unit length.

The network is the LSTM of "Generalized end-to-end loss for speaker verification" (Wan et al. 2018) as
Resemblyzer 0.1.4 ships it (Apache-2.0), in half precision; the mel filter bank, librosa's, lies beside it in the
file, so that librosa is not imported.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

#: Hz, samples between frames (10 ms), samples of a frame's window (25 ms), and mel bands.
SAMPLE_RATE, HOP, WINDOW, BANDS = 16_000, 160, 400, 40
#: Frames of a piece (1.6 s), and numbers of an embedding.
FRAMES, SIZE = 160, 256
#: Root mean square that quieter sound is raised to, as in training (-30 dB of full scale).
LEVEL = 10 ** (-30 / 20)
#: Pieces that go through the network together: memory does not grow with the sound.
AT_ONCE = 64


class SpeakerEncoder(nn.Module):
    """Three LSTM layers and a linear one, 1.4 million parameters.  Raises `OSError` without its file."""

    mel: torch.Tensor

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.lstm = nn.LSTM(BANDS, SIZE, 3, batch_first=True)
        self.linear = nn.Linear(SIZE, SIZE)
        self.register_buffer("mel", torch.zeros(BANDS, WINDOW // 2 + 1))
        self.load_state_dict({name: tensor.float() for name, tensor in load_file(path).items()})
        self.eval()

    def forward(self, pieces: torch.Tensor) -> torch.Tensor:
        """Embeddings (n, SIZE) of unit length from mel energies (n, frames, BANDS)."""
        last = self.lstm(pieces)[1][0][-1]
        return nn.functional.normalize(torch.relu(self.linear(last)), dim=1)

    @cached_property
    def _window(self) -> torch.Tensor:
        return torch.hann_window(WINDOW)

    @torch.inference_mode()
    def energies(self, samples: np.ndarray) -> np.ndarray:
        """Mel energies (frames, BANDS) of samples (n,), a frame every 10 ms; quiet sound is raised."""
        if len(samples) <= WINDOW:
            samples = np.pad(samples, (0, WINDOW + 1 - len(samples)))
        level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
        if 0 < level < LEVEL:
            samples = samples * np.float32(LEVEL / level)
        spectrum = torch.stft(torch.from_numpy(np.ascontiguousarray(samples, np.float32)), WINDOW, HOP,
                              window=self._window, pad_mode="constant", return_complex=True)
        return (self.mel @ spectrum.abs().square()).T.numpy()

    @torch.inference_mode()
    def embed(self, pieces: Iterable[np.ndarray]) -> np.ndarray:
        """Embeddings (n, SIZE) float32 of pieces (frames, BANDS); all must be of one length."""
        done = [np.zeros((0, SIZE), np.float32)]
        batch: list[np.ndarray] = []
        for piece in pieces:
            batch.append(piece)
            if len(batch) == AT_ONCE:
                done.append(self(torch.from_numpy(np.stack(batch))).numpy())
                batch = []
        if batch:
            done.append(self(torch.from_numpy(np.stack(batch))).numpy())
        return np.concatenate(done)
