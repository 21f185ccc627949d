"""The PyTorch head that turns the readings of one segment into seven calibrated scores.

A product of experts (Hinton 2002) with learnt weights carries what the modalities say on their
own, a small network over features and scores corrects it; a mask says which are there.  It is
trained with modalities dropped at random (Neverova et al. 2016), so that any subset works, and
calibrated by one temperature a subset (Guo et al. 2017).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from emocli import storage
from emocli.emotions import EMOTIONS, NEUTRAL
from emocli.timeline.types import MODALITIES, Reading

_CLASSES = len(EMOTIONS)
#: Where a weights file names its modalities.
NAMES = "modalities"


class FusionHead(nn.Module):
    """(features, log scores, mask) of n segments in, logits (n, 7) out.

    `widths` are the modalities' feature widths.  `alone` (m,) is 1 for a modality that keeps its own scores
    where it is the only one, because fusing did not better them.
    """

    temperatures: Tensor
    alone: Tensor

    def __init__(self, widths: Sequence[int], *, hidden: int = 64, dropout: float = 0.3) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.squeeze = nn.ModuleList([nn.Sequential(nn.LayerNorm(w), nn.Linear(w, 24), nn.ReLU())
                                      for w in widths])
        self.trust = nn.Parameter(torch.ones(len(widths), _CLASSES))
        self.bias = nn.Parameter(torch.zeros(len(widths), _CLASSES))
        wide = len(widths) * (24 + _CLASSES + 1)
        self.correct = nn.Sequential(nn.Dropout(dropout), nn.Linear(wide, hidden), nn.ReLU(),
                                     nn.Dropout(dropout), nn.Linear(hidden, _CLASSES))
        self.register_buffer("temperatures", torch.ones(2 ** len(widths)))
        self.register_buffer("alone", torch.zeros(len(widths)))

    def forward(self, features: Sequence[Tensor], log_scores: Tensor, mask: Tensor) -> Tensor:
        """features: one (n, width) a modality; log_scores: (n, m, 7); mask: (n, m) of 0 and 1."""
        there = mask[..., None]
        experts = (there * (self.trust * log_scores + self.bias)).sum(1)
        squeezed = [layer(f) * mask[:, i:i + 1] for i, (layer, f)
                    in enumerate(zip(self.squeeze, features, strict=True))]
        seen = torch.cat([*squeezed, (there * log_scores.clamp(min=-6) / 3).flatten(1), mask], 1)
        single = mask * self.alone * (mask.sum(1, keepdim=True) == 1)
        own = (single[..., None] * log_scores).sum(1)
        return torch.where(single.sum(1, keepdim=True) > 0, own, experts + self.correct(seen))

    def subset(self, mask: Tensor) -> Tensor:
        """Which entry of `temperatures` a mask (n, m) stands for, (n,) int64."""
        bits = torch.tensor([2**i for i in range(mask.shape[1])])
        return (mask.long() * bits).sum(1)


class Fusion:
    """The trained head over readings of the `modalities` that its weights file names; ignores others."""

    def __init__(self, weights: Path) -> None:
        from safetensors import safe_open

        with safe_open(weights, "pt") as file:
            self.modalities = tuple((file.metadata() or {}).get(NAMES, ",".join(MODALITIES)).split(","))
            state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        widths = [int(state[f"squeeze.{i}.0.weight"].shape[0]) for i in range(len(self.modalities))]
        self.head = FusionHead(widths, hidden=int(state["correct.1.weight"].shape[0]))
        self.head.load_state_dict(state)
        self.head.eval()

    @torch.inference_mode()
    def scores(self, readings: Sequence[Mapping[str, Reading]]) -> np.ndarray:
        """Fused scores (n, 7) of segments, each with a reading a modality.

        Where nothing is there to read, the answer is spread evenly with neutral a little ahead.
        """
        if not readings:
            return np.zeros((0, _CLASSES), np.float32)
        features, log_scores, mask = pack(readings, self.head.widths, self.modalities)
        logits = self.head(features, log_scores, mask)
        scores = torch.softmax(logits / self.head.temperatures[self.head.subset(mask)][:, None], 1)
        unknown = torch.full((_CLASSES,), 1 / (_CLASSES + 1))
        unknown[NEUTRAL] *= 2
        return torch.where(mask.sum(1, keepdim=True) > 0, scores, unknown).numpy()


def save(head: FusionHead, path: Path, modalities: Sequence[str] = MODALITIES) -> None:
    """Write the weights with the names of the modalities that they are for, in order."""
    from safetensors.torch import save_file

    state = {name: tensor.contiguous() for name, tensor in head.state_dict().items()}
    with storage.atomic(path) as part:
        save_file(state, part, metadata={NAMES: ",".join(modalities)})


def pack(readings: Sequence[Mapping[str, Reading]], widths: Sequence[int],
         modalities: Sequence[str] = MODALITIES) -> tuple[list[Tensor], Tensor, Tensor]:
    """Readings as the tensors that `FusionHead` takes; absent ones are zeros."""
    n, count = len(readings), len(modalities)
    features = [torch.zeros(n, w) for w in widths]
    log_scores = torch.zeros(n, count, _CLASSES)
    mask = torch.zeros(n, count)
    for row, by_modality in enumerate(readings):
        for column, modality in enumerate(modalities):
            reading = by_modality.get(modality)
            if reading and reading.features is not None and reading.scores is not None:
                features[column][row] = torch.from_numpy(np.asarray(reading.features, np.float32))
                log_scores[row, column] = torch.from_numpy(np.log(np.maximum(reading.scores, 1e-6)))
                mask[row, column] = 1
    return features, log_scores, mask
