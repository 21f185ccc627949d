"""A tiny Whisper with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

#: Sizes of a Whisper that takes a few hundred kilobytes, most of them its vocabulary.
DIMS = {"n_mels": 80, "n_audio_ctx": 1500, "n_audio_state": 16, "n_audio_head": 2, "n_audio_layer": 1,
        "n_vocab": 51865, "n_text_ctx": 448, "n_text_state": 16, "n_text_head": 2, "n_text_layer": 2}


def tiny_state() -> dict[str, Any]:
    import torch
    from whisper.model import ModelDimensions, Whisper

    torch.manual_seed(0)
    model = Whisper(ModelDimensions(**DIMS))
    torch.nn.init.normal_(model.decoder.positional_embedding)  # Whisper leaves it as memory was
    return model.state_dict()


def tiny_checkpoint(folder: Path, **claims: Any) -> Path:
    """A checkpoint in `folder`, whose `dims` may claim something else."""
    import torch

    torch.save({"dims": DIMS | claims, "model_state_dict": tiny_state()}, folder / "tiny.pt")
    return folder / "tiny.pt"
