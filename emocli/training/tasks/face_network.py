"""The face network of `emocli.face.network` in plain PyTorch, to train by; it takes crops of any size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emocli.emotions import EMOTIONS
from emocli.face.network import HEADS, LAST

#: Of Keras' batch normalization.
EPSILON = 1e-3


class FaceNetwork(nn.Module):
    """(n, 1, s, s) grey levels, 0..255, to logits (n, 2, 7): one row a head.  `layers` bear the names that
    they have in Keras."""

    def __init__(self, channels: Sequence[int], blocks: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.channels, self.blocks = tuple(channels), tuple(blocks)
        self.layers, self.dropout = nn.ModuleDict(), nn.Dropout(dropout)
        self._conv("stem", 1, channels[0])
        for stage, (before, width, count) in enumerate(zip(channels, channels[1:], blocks, strict=False), 1):
            self._conv(f"stage{stage}", before, width, stride=2)
            for unit in unit_names(stage, count):
                self._conv(f"{unit}_first", width, width)
                self._conv(f"{unit}{LAST}", width, width)
                self.layers[f"{unit}_squeeze"] = nn.Linear(width, width // 8)
                self.layers[f"{unit}_excite"] = nn.Linear(width // 8, width)
        for head in HEADS:
            self.layers[head] = nn.Linear(channels[-1], len(EMOTIONS))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def _conv(self, name: str, before: int, width: int, stride: int = 1) -> None:
        conv = nn.Conv2d(before, width, 3, stride, padding=0 if stride == 2 else 1, bias=False)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        self.layers[f"{name}_conv"] = conv
        self.layers[f"{name}_norm"] = nn.BatchNorm2d(width, EPSILON)

    def forward(self, faces: Tensor) -> Tensor:
        """See the class."""
        x = (faces / 127.5 - 1.0).contiguous(memory_format=torch.channels_last)
        x = F.relu(self._normed("stem", x))
        for stage, count in enumerate(self.blocks, 1):
            x = F.relu(self._normed(f"stage{stage}", F.pad(x, (0, 1, 0, 1))))  # as Keras pads even sides
            for unit in unit_names(stage, count):
                x = self._unit(unit, x)
        features = self.dropout(x.mean((2, 3)))
        return torch.stack([self.layers[head](features) for head in HEADS], 1)

    def _normed(self, name: str, x: Tensor) -> Tensor:
        normed: Tensor = self.layers[f"{name}_norm"](self.layers[f"{name}_conv"](x))
        return normed

    def _unit(self, name: str, x: Tensor) -> Tensor:
        y = self._normed(f"{name}{LAST}", F.relu(self._normed(f"{name}_first", x)))
        gate = F.relu(self.layers[f"{name}_squeeze"](y.mean((2, 3))))
        gate = torch.sigmoid(self.layers[f"{name}_excite"](gate))
        return F.relu(x + y * gate[..., None, None])

    def logits(self, faces: Tensor) -> Tensor:
        """The same, computed in bfloat16."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out: Tensor = self(faces)
        return out.float()


def unit_names(stage: int, count: int) -> list[str]:
    """What the residual units of a stage are called."""
    return [f"stage{stage}_unit{number}" for number in range(1, count + 1)]


def keras_weights(network: FaceNetwork) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Names of Keras' layers and their weights."""
    for name, layer in network.layers.items():
        weights = [t.detach().numpy() for t in layer.state_dict().values() if t.ndim]
        if isinstance(layer, nn.Conv2d):
            weights = [weights[0].transpose(2, 3, 1, 0)]
        elif isinstance(layer, nn.Linear):
            weights = [weights[0].T, weights[1]]
        yield name, weights
