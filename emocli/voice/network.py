"""The PyTorch network that reads a stretch of speech: convolutions, a GRU, attention pooling.

Input is a log-mel spectrogram with pitch, standardised per speaker (`emocli.voice.features`).
Convolution over time and bands, then a bidirectional GRU over time, then attentive statistics
(weighted mean and deviation over frames, Okabe et al. 2018); beside them the plain statistics of
every column and its slope, which carry loudness, pitch and tempo.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from emocli.emotions import EMOTIONS
from emocli.voice.features import BANDS, COLUMNS

#: Width of the feature vector that fusion reads.
FEATURES = 96


class VoiceNetwork(nn.Module):
    """Spectrograms in, features (n, FEATURES) and logits (n, 7) out.

    The buffers hold the training speakers' usual statistics, which stand in for a speaker who
    has said little.
    """

    prior_mean: Tensor
    prior_deviation: Tensor

    def __init__(self, *, channels: tuple[int, ...] = (32, 48, 64), hidden: int = 96,
                 dropout: float = 0.3) -> None:
        super().__init__()
        first, *others = channels
        stages: list[nn.Module] = [nn.Conv2d(1, first, 5, stride=2, padding=2, bias=False),
                                   nn.BatchNorm2d(first), nn.ReLU()]
        before = first
        for width in others:
            stages += [nn.Conv2d(before, width, 3, padding=1, bias=False), nn.BatchNorm2d(width),
                       nn.ReLU(), nn.MaxPool2d(2), nn.Dropout2d(dropout / 2)]
            before = width
        self.stages = nn.Sequential(*stages)
        bands = BANDS // 2 ** len(channels)
        self.mix = nn.Linear(before * bands + 1, hidden)
        self.gru = nn.GRU(hidden, hidden, bidirectional=True, batch_first=True)
        self.attention = nn.Sequential(nn.Linear(2 * hidden, 64), nn.Tanh(), nn.Linear(64, 1))
        self.plain = nn.Sequential(nn.Dropout(dropout), nn.Linear(4 * COLUMNS, hidden), nn.ReLU())
        self.project = nn.Sequential(nn.Dropout(dropout), nn.Linear(5 * hidden, FEATURES), nn.ReLU(),
                                     nn.Dropout(dropout))
        self.head = nn.Linear(FEATURES, len(EMOTIONS))
        self.shrink = 2 ** len(channels)
        self.register_buffer("prior_mean", torch.zeros(COLUMNS))
        self.register_buffer("prior_deviation", torch.ones(COLUMNS))

    @classmethod
    def like(cls, state: Mapping[str, Tensor]) -> VoiceNetwork:
        """An untrained network of the shape that a state dict has."""
        stages = [v.shape[0] for k, v in sorted(state.items(), key=lambda kv: _number(kv[0]))
                  if k.startswith("stages.") and v.ndim == 4]
        return cls(channels=tuple(stages), hidden=state["mix.weight"].shape[0])

    def prior(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of the training speakers' columns, (COLUMNS,) each."""
        return self.prior_mean.cpu().numpy(), self.prior_deviation.cpu().numpy()

    def forward(self, mel: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """mel: (n, frames, COLUMNS), zero beyond `lengths` (n,) frames; frames divide by 8."""
        x = self.stages(mel[:, None, :, :BANDS])
        pitch = nn.functional.avg_pool1d(mel[:, :, BANDS:].transpose(1, 2), self.shrink).transpose(1, 2)
        x = torch.relu(self.mix(torch.cat([x.transpose(1, 2).flatten(2), pitch], 2)))
        x, _ = self.gru(x)
        valid = _within(lengths // self.shrink, x.shape[1])
        weight = self.attention(x).squeeze(-1).masked_fill(~valid, -1e4).softmax(1)[..., None]
        mean = (weight * x).sum(1)
        deviation = ((weight * x.square()).sum(1) - mean.square()).clamp(min=1e-5).sqrt()
        plain = self.plain(statistics(mel, _within(lengths, mel.shape[1])))
        features = self.project(torch.cat([mean, deviation, plain], 1))
        return features, self.head(features)


def _number(key: str) -> int:
    return int(key.split(".")[1]) if key.startswith("stages.") else 0


def _within(lengths: Tensor, steps: int) -> Tensor:
    """(n, steps) mask of the steps before each length; the first step always counts."""
    return torch.arange(steps, device=lengths.device)[None] < lengths[:, None].clamp(min=1)


def statistics(x: Tensor, valid: Tensor) -> Tensor:
    """Mean and deviation over the valid frames of each column and of its slope, (n, 4 columns)."""
    found = []
    for values, there in ((x, valid), (x[:, 2:] - x[:, :-2], valid[:, 2:])):
        weight = there[..., None].float()
        count = weight.sum(1).clamp(min=1)
        mean = (values * weight).sum(1) / count
        found += [mean, (((values - mean[:, None]) ** 2 * weight).sum(1) / count).clamp(min=1e-6).sqrt()]
    return torch.cat(found, 1)
