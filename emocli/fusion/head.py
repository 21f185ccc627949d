"""The PyTorch head that turns the readings of one segment into seven calibrated scores.

A product of experts (Hinton 2002): the log scores of the modalities that are there, each weighed by a number
learnt for that very subset.  It knows nothing but scores, and no class from another, so a class that another
one beats in every reading cannot win; one that all readers put second behind different ones can.  A share of
doubt is mixed into every reading first, so that a reader that is wrong and sure cannot outvote two others
without end.  Calibrated by one temperature a subset (Guo et al. 2017).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from emocli import storage
from emocli.emotions import EMOTIONS, NEUTRAL
from emocli.errors import WeightsError
from emocli.timeline.types import MODALITIES, Reading

_CLASSES = len(EMOTIONS)
#: Where a weights file names its modalities.
NAMES = "modalities"
#: Share of doubt that learning begins with.
DOUBT = 0.02


class FusionHead(nn.Module):
    """Log scores (n, m, 7) of m modalities and a mask (n, m) in, logits (n, 7) out.

    `trust` (2^m, m) weighs the modalities in every subset of them, and `doubt` (m,) is the log odds of the
    even spread that is mixed into a reading.
    """

    temperatures: Tensor

    def __init__(self, modalities: int = len(MODALITIES)) -> None:
        super().__init__()
        self.trust = nn.Parameter(torch.ones(2**modalities, modalities))
        self.doubt = nn.Parameter(torch.full((modalities,), float(np.log(DOUBT / (1 - DOUBT)))))
        self.register_buffer("temperatures", torch.ones(2**modalities))

    def forward(self, log_scores: Tensor, mask: Tensor) -> Tensor:
        """See the class."""
        doubt = torch.sigmoid(self.doubt)[:, None]
        doubted = torch.log((1 - doubt) * log_scores.exp() + doubt / _CLASSES)
        weights = self.trust[self.subset(mask)].clamp(min=0) * mask
        return (weights[..., None] * doubted).sum(1)

    def subset(self, mask: Tensor) -> Tensor:
        """Which entry of the tables a mask (n, m) stands for, (n,) int64."""
        bits = torch.tensor([2**i for i in range(mask.shape[1])])
        return (mask.long() * bits).sum(1)


class Fusion:
    """The trained head over readings of the `modalities` that its weights file names; ignores others.

    Raises `WeightsError` when the file holds another head.
    """

    def __init__(self, weights: Path) -> None:
        from safetensors import safe_open

        with safe_open(weights, "pt") as file:
            self.modalities = tuple((file.metadata() or {}).get(NAMES, ",".join(MODALITIES)).split(","))
            state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        self.head = FusionHead(len(self.modalities))
        try:
            self.head.load_state_dict(state)
        except RuntimeError as error:
            raise WeightsError(weights, "is no fusion head of this version",
                               "train it again with `emocli train fusion`") from error
        self.head.eval()

    @torch.inference_mode()
    def scores(self, readings: Sequence[Mapping[str, Reading]]) -> np.ndarray:
        """Fused scores (n, 7) of segments, each with a reading a modality.

        Where nothing is there to read, the answer is spread evenly with neutral a little ahead.
        """
        if not readings:
            return np.zeros((0, _CLASSES), np.float32)
        log_scores, mask = pack(readings, self.modalities)
        logits = self.head(log_scores, mask)
        scores = torch.softmax(logits / self.head.temperatures[self.head.subset(mask)][:, None], 1)
        return torch.where(mask.sum(1, keepdim=True) > 0, scores, torch.from_numpy(unknown())).numpy()


def unknown() -> np.ndarray:
    """Scores (7,) float32 where nothing is there to read: spread evenly, neutral a little ahead."""
    scores = np.full(_CLASSES, 1 / (_CLASSES + 1), np.float32)
    scores[NEUTRAL] *= 2
    return scores


def save(head: FusionHead, path: Path, modalities: Sequence[str] = MODALITIES) -> None:
    """Write the weights with the names of the modalities that they are for, in order."""
    from safetensors.torch import save_file

    state = {name: tensor.contiguous() for name, tensor in head.state_dict().items()}
    with storage.atomic(path) as part:
        save_file(state, part, metadata={NAMES: ",".join(modalities)})


def pack(readings: Sequence[Mapping[str, Reading]],
         modalities: Sequence[str] = MODALITIES) -> tuple[Tensor, Tensor]:
    """Readings as the tensors that `FusionHead` takes; absent ones are zeros."""
    log_scores = torch.zeros(len(readings), len(modalities), _CLASSES)
    mask = torch.zeros(len(readings), len(modalities))
    for row, by_modality in enumerate(readings):
        for column, modality in enumerate(modalities):
            reading = by_modality.get(modality)
            if reading and reading.scores is not None:
                log_scores[row, column] = torch.from_numpy(np.log(np.maximum(reading.scores, 1e-6)))
                mask[row, column] = 1
    return log_scores, mask
