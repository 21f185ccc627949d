"""The PyTorch head that turns the readings of one segment into seven calibrated scores.

A product of experts (Hinton 2002): the log scores of the modalities that are there, each weighed by a number
learnt for that very subset.  A share of doubt is mixed into every reading first, so that a reader that is
wrong and sure cannot outvote two others without end; and of neutral's score a share into every other class's,
because whoever is angry may say so in plain words: what looks neutral then speaks little against any emotion,
what looks angry much against all others.  All this keeps the order of a reading's classes, so a class that
another one beats in every reading cannot win; one that all readers put second behind different ones can.
Calibrated by one temperature a subset (Guo et al. 2017).
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
#: Shares that learning begins with: of doubt, and of emotions that a modality does not show.
DOUBT, UNEXPRESSED = 0.02, 0.12


class FusionHead(nn.Module):
    """Log scores (n, m, 7) of m modalities and a mask (n, m) in, logits (n, 7) out.

    In every subset of the modalities, `trust` (2^m, m) weighs them, and `doubt` (2^m, m) is the log odds of
    the even spread that is mixed into a reading.  `unexpressed` (m,) is the log odds that a modality does not
    show an emotion and looks neutral: so much of neutral's score is mixed into those of the other classes.
    """

    temperatures: Tensor

    def __init__(self, modalities: int = len(MODALITIES)) -> None:
        super().__init__()
        shape = (2**modalities, modalities)
        self.trust = nn.Parameter(torch.ones(shape))
        self.doubt = nn.Parameter(torch.full(shape, _log_odds(DOUBT)))
        self.unexpressed = nn.Parameter(torch.full((modalities,), _log_odds(UNEXPRESSED)))
        self.register_buffer("temperatures", torch.ones(2**modalities))

    def forward(self, log_scores: Tensor, mask: Tensor) -> Tensor:
        """See the class."""
        subset = self.subset(mask)
        doubt, unexpressed = torch.sigmoid(self.doubt[subset]), torch.sigmoid(self.unexpressed)
        doubted = torch.lerp(log_scores.exp(), torch.tensor(1 / _CLASSES), doubt[..., None])
        likelihoods = torch.lerp(doubted, doubted[..., [NEUTRAL]], unexpressed[:, None])
        weights = self.trust[subset].clamp(min=0) * mask
        return (weights[..., None] * likelihoods.log()).sum(1)

    def subset(self, mask: Tensor) -> Tensor:
        """Which entry of the tables a mask (n, m) stands for, (n,) int64."""
        bits = torch.tensor([2**i for i in range(mask.shape[1])])
        return (mask.long() * bits).sum(1)


def _log_odds(share: float) -> float:
    return float(np.log(share / (1 - share)))


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
