"""Networks whose matrices are stored in half precision or int8, one scale a row; they compute in float32."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emocli.quantized import rows_to_int8


class Stored(nn.Module):
    """A matrix, "fp16" or "int8"."""

    stored: Tensor
    scale: Tensor

    def __init__(self, weight: Tensor, quantize: str) -> None:
        super().__init__()
        stored, scale = rows_to_int8(weight) if quantize == "int8" else (weight.half(),
                                                                         torch.ones(len(weight), 1))
        self.register_buffer("stored", stored)
        self.register_buffer("scale", scale)


class Dense(Stored):
    """In place of `nn.Linear`."""

    bias: Tensor

    def __init__(self, layer: nn.Linear, quantize: str) -> None:
        super().__init__(layer.weight.detach(), quantize)
        self.register_buffer("bias", layer.bias.detach())

    def forward(self, x: Tensor) -> Tensor:
        """As `nn.Linear`."""
        return F.linear(x, self.stored.float() * self.scale, self.bias)


class Bags(Stored):
    """In place of a summing `nn.EmbeddingBag`; only the rows that are asked for become float32."""

    def __init__(self, layer: nn.EmbeddingBag, quantize: str) -> None:
        super().__init__(layer.weight.detach(), quantize)

    def forward(self, ids: Tensor, offsets: Tensor, per_sample_weights: Tensor) -> Tensor:
        """As `nn.EmbeddingBag`."""
        rows = F.embedding(ids, self.stored).float() * F.embedding(ids, self.scale)
        which = (torch.arange(ids.shape[0]) >= offsets.unsqueeze(1)).sum(0) - 1
        zero = torch.zeros(offsets.shape[0], rows.shape[1])
        return zero.index_add(0, which, rows * per_sample_weights.unsqueeze(1))


def quantized(network: nn.Module, quantize: str) -> nn.Module:
    """A copy of a network, its matrices stored as "fp16" or "int8" ("none": as they are)."""
    out = copy.deepcopy(network)
    for module in list(out.modules()) if quantize != "none" else []:
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                setattr(module, name, Dense(child, quantize))
            elif isinstance(child, nn.EmbeddingBag):
                setattr(module, name, Bags(child, quantize))
    return out.eval()
