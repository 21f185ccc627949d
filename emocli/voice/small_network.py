"""The PyTorch network that reads a stretch of speech: small networks over its functionals, averaged.

With the few thousand acted utterances that there are, functionals (`emocli.voice.functionals`) carry
most of it: the network before this one joined fewer of them, not read against the speaker's own, to a
convolutional recurrent network over the spectrogram, and read 0.575 of RAVDESS' test actors (macro-F1)
where this reads 0.631.  Several networks are averaged after Lakshminarayanan et al. (2017).
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
#: Members of the small network.  It is the beginning of the large one, and fusion reads the features of these
#: members alone, so that one fusion head serves both.
SMALL = 3
#: Deviations from the training mean beyond which an input is cut.
FARTHEST = 5.0


class SmallNetwork(nn.Module):
    """Functionals in both views in, features (n, SMALL * view) and logits (n, 7) out.

    The buffers hold the scale of the inputs, and the training speakers' usual statistics of columns
    and functionals, which stand in for a speaker who has said little.
    """

    centre: Tensor
    scale: Tensor

    def __init__(self, *, members: int = SMALL, wide: int = 192, view: int = 32,
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

    def beginning(self) -> dict[str, Tensor]:
        """The state dict of its first SMALL members."""
        return {k: v for k, v in self.state_dict().items()
                if not k.startswith(("bodies.", "heads.")) or int(k.split(".")[1]) < SMALL}

    def usual(self, name: str) -> Statistics:
        """Mean and deviation of the training speakers' "columns" or "functionals", (width,) each."""
        mean, deviation = self.get_buffer(f"usual_{name}").cpu().numpy()
        return np.asarray(mean), np.asarray(deviation)

    def each(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, SMALL * view), and every member's logits (n, members, 7), of (n, INPUTS)."""
        x = ((inputs - self.centre) / self.scale).clamp(-FARTHEST, FARTHEST)
        seen = [body(x) for body in self.bodies]
        logits = [head(s) for head, s in zip(self.heads, seen, strict=True)]
        return torch.cat(seen[:SMALL], 1), torch.stack(logits, 1)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, SMALL * view) and the members' mean logits (n, 7) of (n, INPUTS)."""
        features, logits = self.each(inputs)
        return features, logits.mean(1)
