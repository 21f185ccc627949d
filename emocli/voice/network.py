"""The PyTorch network that reads what the pretrained ear heard.

The ear (`emocli.encoders.whisper_encoder`) gives FEATURES numbers of a stretch of speech.  They are read
against the speaker's own mean and deviation, by a linear map and a hidden layer under much dropout: there are
far fewer acted utterances than numbers, and what is linear in them holds best on speech of another kind.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from emocli.emotions import EMOTIONS
from emocli.encoders.whisper_encoder import FEATURES

#: Mean and deviation of each number, (FEATURES,) each.
Statistics = tuple[np.ndarray, np.ndarray]
#: Each number against the speaker's own, and how well the speaker is known.
INPUTS = FEATURES + 1
#: Utterances that the training speakers' usual mean, and usual deviation, weigh against a speaker's own.
PRIOR_MEAN, PRIOR_DEVIATION = 3.0, 8.0
#: Deviations from the mean beyond which an input is cut.
FARTHEST = 5.0
#: Which quarters of the numbers a network may read: what all steps of the sound tell, or what the loud ones
#: do beside the mean of all.
VIEWS = {"all": (0, 1), "loud": (0, 2, 3)}


class VoiceNetwork(nn.Module):
    """Standardised numbers (n, INPUTS) in, features (n, wide) and logits (n, 7) out.

    The buffers hold the training speakers' usual mean and deviation of each number, which stand in for a
    speaker who has said little, and the temperatures that calibrate the logits where one utterance is all
    that is known of a speaker, and where the speaker is well known.  With a `view` of VIEWS it reads some of
    the numbers only.
    """

    usual: Tensor
    temperatures: Tensor
    columns: Tensor

    def __init__(self, *, wide: int = 256, dropout: float = 0.5, view: str = "") -> None:
        super().__init__()
        quarters = torch.arange(FEATURES).chunk(4)
        columns = torch.cat([quarters[i] for i in VIEWS[view]]) if view else torch.arange(FEATURES)
        self.register_buffer("columns", columns, persistent=False)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(len(columns), len(EMOTIONS))
        self.hidden, self.answer = nn.Linear(len(columns), wide), nn.Linear(wide, len(EMOTIONS))
        nn.init.zeros_(self.linear.weight)
        self.register_buffer("usual", torch.stack([torch.zeros(FEATURES), torch.ones(FEATURES)]))
        self.register_buffer("temperatures", torch.ones(2))

    @classmethod
    def like(cls, state: Mapping[str, Tensor]) -> VoiceNetwork:
        """An untrained network of the shape that a state dict has."""
        return cls(wide=len(state["hidden.weight"]))

    def each(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, wide), and the logits (n, 2, 7) of the linear map and of the hidden layer."""
        x = inputs[:, :-1].clamp(-FARTHEST, FARTHEST)
        if len(self.columns) < FEATURES:
            x = x[:, self.columns]
        features = self.hidden(self.dropout(x)).relu()
        return features, torch.stack([self.linear(x), self.answer(self.dropout(features))], 1)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, wide) and calibrated logits (n, 7): the mean of both."""
        features, logits = self.each(inputs)
        alone = 1 / (1 + PRIOR_MEAN)
        share = (inputs[:, -1:] - alone) / (1 - alone)
        first, second = self.temperatures.log()
        return features, logits.mean(1) / (first + share * (second - first)).exp()


def standardise(numbers: np.ndarray, usual: Statistics, enrolled: int = 0) -> np.ndarray:
    """(n - enrolled, INPUTS) float32 of one speaker's numbers (n, FEATURES), the last `enrolled` of which
    only tell how the speaker usually talks: against the speaker's own mean and deviation as far as n
    utterances tell them, and else against the `usual` speaker's."""
    mean, deviation = usual
    count = len(numbers)
    own, wide = count / (count + PRIOR_MEAN), (count - 1) / (count - 1 + PRIOR_DEVIATION)
    read = numbers[:count - enrolled]
    against = (read - own * numbers.mean(0) - (1 - own) * mean) / (
        wide * numbers.std(0) + (1 - wide) * deviation)
    return np.concatenate([against, np.full((len(read), 1), own)], 1).astype(np.float32)
