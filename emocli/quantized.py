"""State dicts in safetensors files: in half precision, or matrices as int8 with one scale a row."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from emocli.storage import atomic

_SCALE = ".scale"


def rows_to_int8(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """int8 (rows, columns), and the float32 scale (rows, 1) that each row is to be multiplied by."""
    scale = matrix.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127
    return (matrix / scale).round().to(torch.int8).contiguous(), scale


def write(path: Path, state: Mapping[str, Tensor], *, int8: bool = False,
          halved: Collection[str] = (), metadata: Mapping[str, str] | None = None) -> None:
    """Write a state dict and texts about it, whole or not at all; `int8` is for matrices named `*.weight`,
    but those in `halved`."""
    stored: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if int8 and name.endswith(".weight") and tensor.ndim == 2 and name not in halved:
            stored[name], stored[name + _SCALE] = rows_to_int8(tensor.float())
        else:
            stored[name] = tensor.half().contiguous()
    with atomic(path) as part:
        save_file(stored, part, metadata=dict(metadata or {}))


def read(path: Path) -> dict[str, Tensor]:
    """The state dict in float32."""
    stored = load_file(path)
    return {name: tensor.float() * stored[name + _SCALE] if name + _SCALE in stored else tensor.float()
            for name, tensor in stored.items() if not name.endswith(_SCALE)}
