"""A state dict of PyTorch out of a foreign file: tensors only, and no more of them than the file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emocli.adapters.reference import Reference
from emocli.errors import WeightsError

#: A tensor that only training needs, which many checkpoints of encoders of sound lack.
SPARE = "masked_spec_embed"


def read_tensors(reference: Reference, path: Path) -> dict[str, Any]:
    """Tensors by name.  Raises `WeightsError` for a pickle of more than tensors, and for some that claim to
    be larger than the file (one number repeated by its strides)."""
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # unpickling raises anything
        raise WeightsError(str(reference), f"{path.name} pickles more than tensors, which would run code; "
                           "emocli opens none of it", "save model.state_dict()") from error
    if not isinstance(state, dict) or not all(isinstance(t, torch.Tensor) for t in state.values()):
        raise WeightsError(str(reference), f"{path.name} is no state dict", "save model.state_dict()")
    if sum(t.numel() * t.element_size() for t in state.values()) > path.stat().st_size:
        raise WeightsError(str(reference), f"{path.name} declares more numbers than it holds",
                           "save model.state_dict() again")
    return state
