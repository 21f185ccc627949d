"""What classifiers of scikit-learn read a voice by: openSMILE's functionals, or Whisper's encoder."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from logging import NullHandler, getLogger
from pathlib import Path
from typing import Any

import numpy as np

from emocli import weights
from emocli.errors import OutputError, UsageError
from emocli.storage import write_text
from emocli.timeline.run import log

#: What tells how a sound (n,) at RATE is described, as `FEATURES` names it.
Describe = Callable[[np.ndarray], np.ndarray]
RATE = 16_000
#: Kinds of description: openSMILE's eGeMAPSv02, and Whisper of a size or in a .pt file.
OPENSMILE, WHISPER = "opensmile", "whisper:"
#: Blocks of Whisper's encoder whose states are described, as for our own network.
BLOCKS = 3
LICENCE = "openSMILE may be used for research and private purposes only (audEERING's licence)"


def is_description(name: str) -> bool:
    """Whether a text names one of them."""
    return name == OPENSMILE or name.startswith(WHISPER)


def is_size(name: str) -> bool:
    """Whether a text can be a size of Whisper, and no path."""
    return bool(re.fullmatch(r"[a-z][a-z0-9.-]*", name)) and not name.endswith((".pt", ".skops"))


def trained(size: str) -> Path:
    """Where the classifier over Whisper of a size is kept that was trained last on this machine."""
    return weights.cache_folder() / "trained" / f"whisper-{size}.skops"


def show_licence() -> None:
    """Show the licence of openSMILE before its first use, once a user: the cache remembers, unless the
    program shows nothing of what is logged."""
    shown = weights.cache_folder() / "licences" / "opensmile.txt"
    if shown.is_file():
        return
    log.warning(LICENCE)
    if all(isinstance(handler, NullHandler) for handler in (*log.handlers, *getLogger().handlers)):
        return
    with suppress(OutputError):  # then it is shown again
        write_text(shown, LICENCE + "\n")


def describing(name: str, *, offline: bool = False, device: str = "cpu") -> Describe:
    """The function from a sound to its description: (88,) for "opensmile" (Eyben et al. 2016), whose licence
    is shown first; means over time after each of BLOCKS, deviations, and both where it is loud, for
    "whisper:SIZE", (4 * BLOCKS * width,).

    Raises `UsageError` for another name, `WeightsError` where Whisper's weights cannot be had.
    """
    if name == OPENSMILE:
        import opensmile

        show_licence()
        smile = opensmile.Smile(feature_set=opensmile.FeatureSet.eGeMAPSv02,
                                feature_level=opensmile.FeatureLevel.Functionals)
        return lambda samples: smile.process_signal(samples, RATE).to_numpy(np.float32)[0]
    if not name.startswith(WHISPER):
        raise UsageError(name, "is no description of a voice", f"give {OPENSMILE} or {WHISPER}SIZE")
    from emocli.transcript import torch_whisper, whisper_weights

    path = whisper_weights.locate(name.removeprefix(WHISPER), "openai", offline=offline)
    encoder = torch_whisper.load(path, device).encoder
    return lambda samples: _heard(encoder, samples, device)


def _heard(encoder: Any, samples: np.ndarray, device: str) -> np.ndarray:
    """The states are not padded to 30 s, as Whisper would: the positional embedding is cut instead."""
    import torch
    from torch.nn.functional import gelu
    from whisper.audio import log_mel_spectrogram

    from emocli.encoders.whisper_encoder import level, loudness

    bands = encoder.conv1.in_channels
    mel = log_mel_spectrogram(torch.from_numpy(samples).to(device), bands)[None]
    decibels = level(mel[0])[:len(encoder.positional_embedding), None]
    weights = (torch.ones_like(decibels), loudness(decibels, decibels.max()))
    after: list[torch.Tensor] = []
    with torch.inference_mode():
        states = gelu(encoder.conv2(gelu(encoder.conv1(mel)))).transpose(1, 2)
        states = states[:, :len(encoder.positional_embedding)]
        states = states + encoder.positional_embedding[:states.shape[1]]
        for block in encoder.blocks[:BLOCKS]:
            states = block(states)
            after.append(states[0])
        described = []
        for weight in weights:
            mean = (weight * torch.cat(after, 1)).sum(0) / weight.sum()
            variance = (weight * (torch.cat(after, 1) - mean).square()).sum(0) / weight.sum()
            described += [mean, variance.sqrt()]
    return np.asarray(torch.cat(described).float().cpu().numpy())
