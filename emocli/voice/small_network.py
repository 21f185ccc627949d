"""The small PyTorch network that reads a stretch of speech: networks over its functionals, averaged.

It needs no pretrained ear, and one megabyte.  Several networks are averaged after
Lakshminarayanan et al. (2017).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from emocli.emotions import EMOTIONS
from emocli.voice.features import COLUMNS, Statistics
from emocli.voice.functionals import FUNCTIONALS

#: Each number is read as it is and against the speaker's own.
INPUTS = 2 * FUNCTIONALS
#: Deviations from the training mean beyond which an input is cut.
FARTHEST = 5.0


class SmallNetwork(nn.Module):
    """Functionals in both views in, features (n, members * view) and logits (n, 7) out.

    The buffers hold the scale of the inputs, and the training speakers' usual statistics of columns
    and functionals, which stand in for a speaker who has said little.
    """

    centre: Tensor
    scale: Tensor

    def __init__(self, *, members: int = 3, wide: int = 192, view: int = 32,
                 dropout: float = 0.3) -> None:
        super().__init__()
        self.bodies = nn.ModuleList(
            nn.Sequential(nn.Dropout(dropout), nn.Linear(INPUTS, wide), nn.ReLU(), nn.Dropout(dropout),
                          nn.Linear(wide, view), nn.ReLU()) for _ in range(members))
        self.heads = nn.ModuleList(nn.Sequential(nn.Dropout(dropout), nn.Linear(view, len(EMOTIONS)))
                                   for _ in range(members))
        for name, width in (("columns", COLUMNS), ("functionals", FUNCTIONALS)):
            self.register_buffer(f"usual_{name}", torch.stack([torch.zeros(width), torch.ones(width)]))
        self.register_buffer("centre", torch.zeros(INPUTS))
        self.register_buffer("scale", torch.ones(INPUTS))

    @classmethod
    def like(cls, state: Mapping[str, Tensor]) -> SmallNetwork:
        """An untrained network of the shape that a state dict has."""
        wide, view = state["bodies.0.1.weight"].shape[0], state["bodies.0.4.weight"].shape[0]
        return cls(members=sum(k.endswith("1.weight") and k.startswith("bodies") for k in state), wide=wide,
                   view=view)

    def usual(self, name: str) -> Statistics:
        """Mean and deviation of the training speakers' "columns" or "functionals", (width,) each."""
        mean, deviation = self.get_buffer(f"usual_{name}").cpu().numpy()
        return np.asarray(mean), np.asarray(deviation)

    def each(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, members * view), and every member's logits (n, members, 7), of (n, INPUTS)."""
        x = ((inputs - self.centre) / self.scale).clamp(-FARTHEST, FARTHEST)
        seen = [body(x) for body in self.bodies]
        logits = [head(s) for head, s in zip(self.heads, seen, strict=True)]
        return torch.cat(seen, 1), torch.stack(logits, 1)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, members * view) and the members' mean logits (n, 7) of (n, INPUTS)."""
        features, logits = self.each(inputs)
        return features, logits.mean(1)
