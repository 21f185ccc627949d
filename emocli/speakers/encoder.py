"""Who it sounds like: Resemblyzer's speaker encoder, as numbers of unit length.

The network is the LSTM of "Generalized end-to-end loss for speaker verification" (Wan et al. 2018) as
Resemblyzer 0.1.4 ships it (Apache-2.0), in half precision; the mel filter bank, librosa's, lies beside it in
the file, so that librosa is not imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

#: Hz, samples between frames (10 ms), samples of a frame's window (25 ms), and mel bands.
SAMPLE_RATE, HOP, WINDOW, BANDS = 16_000, 160, 400, 40
#: Frames of a window (1.6 s), from one to the next, and numbers of an embedding.
FRAMES, STEP, SIZE = 160, 80, 256
#: Root mean square that quieter sound is raised to, as in training (-30 dB of full scale).
LEVEL = 10 ** (-30 / 20)
#: Pieces that go through the network together: memory does not grow with the sound.
AT_ONCE = 64


class SpeakerEncoder(nn.Module):
    """Three LSTM layers and a linear one, 1.4 million parameters.  Raises `OSError` without its file."""

    mel: torch.Tensor

    def __init__(self, path: Path, device: str = "cpu") -> None:
        super().__init__()
        self.lstm = nn.LSTM(BANDS, SIZE, 3, batch_first=True)
        self.linear = nn.Linear(SIZE, SIZE)
        self.register_buffer("mel", torch.zeros(BANDS, WINDOW // 2 + 1))
        self.load_state_dict({name: tensor.float() for name, tensor in load_file(path).items()})
        self.eval().to(device)

    def forward(self, pieces: torch.Tensor) -> torch.Tensor:
        """Embeddings (n, SIZE) of unit length from mel energies (n, frames, BANDS)."""
        last = self.lstm(pieces)[1][0][-1]
        return nn.functional.normalize(torch.relu(self.linear(last)), dim=1)

    @cached_property
    def _window(self) -> torch.Tensor:
        return torch.hann_window(WINDOW, device=self.mel.device)

    @torch.inference_mode()
    def energies(self, samples: np.ndarray) -> np.ndarray:
        """Mel energies (frames, BANDS) of samples (n,), a frame every 10 ms; quiet sound is raised."""
        if len(samples) <= WINDOW:
            samples = np.pad(samples, (0, WINDOW + 1 - len(samples)))
        level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
        if 0 < level < LEVEL:
            samples = samples * np.float32(LEVEL / level)
        sound = torch.from_numpy(np.ascontiguousarray(samples, np.float32)).to(self.mel.device)
        spectrum = torch.stft(sound, WINDOW, HOP, window=self._window, pad_mode="constant",
                              return_complex=True)
        return np.asarray((self.mel @ spectrum.abs().square()).T.cpu().numpy())

    def windows(self, samples: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
        """The start, s, and the mel energies (FRAMES, BANDS) of each window; short speech is repeated."""
        energies = self.energies(samples)
        if len(energies) < FRAMES:
            yield 0.0, np.resize(energies, (FRAMES, BANDS))
            return
        last = len(energies) - FRAMES
        starts = list(range(0, last + 1, STEP))
        if last - starts[-1] >= STEP // 2:  # or else it would be hardly another
            starts.append(last)
        for at in starts:
            yield at * HOP / SAMPLE_RATE, energies[at:at + FRAMES]

    @torch.inference_mode()
    def embed(self, pieces: Iterable[np.ndarray]) -> np.ndarray:
        """Embeddings (n, SIZE) float32 of pieces (frames, BANDS); all must be of one length."""
        done = [np.zeros((0, SIZE), np.float32)]
        waiting = iter(pieces)
        while batch := list(islice(waiting, AT_ONCE)):
            done.append(self(torch.from_numpy(np.stack(batch)).to(self.mel.device)).cpu().numpy())
        return np.concatenate(done)
