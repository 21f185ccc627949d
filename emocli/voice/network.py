"""The PyTorch network that reads a stretch of speech: convolutions, a GRU, attention pooling.

Input is a log-mel spectrogram standardised per speaker (`emocli.voice.features`).  Convolution
over time and bands, then a bidirectional GRU over time, then attentive statistics (weighted mean
and deviation over frames, Okabe et al. 2018).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from emocli.emotions import EMOTIONS
from emocli.voice.features import BANDS

#: Width of the feature vector that fusion reads.
FEATURES = 96


class VoiceNetwork(nn.Module):
    """Spectrograms in, features (n, FEATURES) and logits (n, 7) out.

    `heads` are the corpora that were trained together, each with its own class priors; the
    first one answers by default.
    """

    prior_mean: Tensor
    prior_deviation: Tensor

    def __init__(self, *, channels: tuple[int, ...] = (32, 48, 64), hidden: int = 96,
                 heads: tuple[str, ...] = ("ravdess",), dropout: float = 0.3) -> None:
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
        self.mix = nn.Linear(before * bands, hidden)
        self.gru = nn.GRU(hidden, hidden, bidirectional=True, batch_first=True)
        self.attention = nn.Sequential(nn.Linear(2 * hidden, 64), nn.Tanh(), nn.Linear(64, 1))
        self.project = nn.Sequential(nn.Dropout(dropout), nn.Linear(4 * hidden, FEATURES), nn.ReLU(),
                                     nn.Dropout(dropout))
        self.heads = nn.ModuleDict({h: nn.Linear(FEATURES, len(EMOTIONS)) for h in heads})
        self.shrink = 2 ** len(channels)
        self.register_buffer("prior_mean", torch.zeros(BANDS))
        self.register_buffer("prior_deviation", torch.ones(BANDS))

    @classmethod
    def like(cls, state: Mapping[str, Tensor]) -> VoiceNetwork:
        """An untrained network of the shape that a state dict has."""
        stages = [v.shape[0] for k, v in sorted(state.items(), key=lambda kv: _number(kv[0]))
                  if k.startswith("stages.") and v.ndim == 4]
        heads = tuple(sorted({k.split(".")[1] for k in state if k.startswith("heads.")}))
        return cls(channels=tuple(stages), hidden=state["mix.weight"].shape[0], heads=heads)

    def prior(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of the training speakers' bands, (BANDS,) each."""
        return self.prior_mean.cpu().numpy(), self.prior_deviation.cpu().numpy()

    def forward(self, mel: Tensor, lengths: Tensor, head: str | None = None) -> tuple[Tensor, Tensor]:
        """mel: (n, frames, BANDS), zero beyond `lengths` (n,) frames."""
        x = self.stages(mel[:, None])
        x = torch.relu(self.mix(x.transpose(1, 2).flatten(2)))
        x, _ = self.gru(x)
        steps = torch.arange(x.shape[1], device=x.device)
        valid = steps[None] < (lengths[:, None] // self.shrink).clamp(min=1)
        weight = self.attention(x).squeeze(-1).masked_fill(~valid, -1e4).softmax(1)[..., None]
        mean = (weight * x).sum(1)
        deviation = ((weight * x.square()).sum(1) - mean.square()).clamp(min=1e-5).sqrt()
        features = self.project(torch.cat([mean, deviation], 1))
        return features, self.heads[head or next(iter(self.heads))](features)


def _number(key: str) -> int:
    return int(key.split(".")[1]) if key.startswith("stages.") else 0
