"""The PyTorch network that reads what the pretrained ear heard.

The ear (`emocli.encoders.whisper_encoder`) gives FEATURES numbers of a stretch of speech.  They are read
against the speaker's own mean and deviation, by a linear map and a hidden layer under much dropout: there are
far fewer acted utterances than numbers, and what is linear in them holds best on speech of another kind.
The answers are then adapted to how the speaker sounds in each class, the further the more of it is known.
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
#: Of `adapted`: the largest weight of similarity, how many other utterances make that weight half of it, the
#: pseudo-count of each class, and the iterations.
PULL, HALF_PULL, PSEUDO_COUNT, ITERATIONS = 20.0, 100.0, 15.0, 3
#: By how much more than 1 the refined logits are divided, times the square of the share of PULL, because they
#: are surer than they are right (measured on speakers of corpora left out, of 8 to 540 utterances).
SHARPENED = 0.36
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
        x = _numbers(inputs)
        if len(self.columns) < FEATURES:
            x = x[:, self.columns]
        features = self.hidden(self.dropout(x)).relu()
        return features, torch.stack([self.linear(x), self.answer(self.dropout(features))], 1)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, wide) and calibrated logits (n, 7) of each row by itself: the mean of both."""
        features, logits = self.each(inputs)
        return features, self._calibrated(logits.mean(1), inputs)

    def of_speaker(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """As `forward`, for all utterances of one speaker, adapted to that speaker."""
        features, logits = self.each(inputs)
        return features, self._calibrated(adapted(inputs, logits.mean(1)), inputs)

    def _calibrated(self, logits: Tensor, inputs: Tensor) -> Tensor:
        alone = 1 / (1 + PRIOR_MEAN)
        share = (inputs[:, -1:] - alone) / (1 - alone)
        first, second = self.temperatures.log()
        return logits / (first + share * (second - first)).exp()


def adapted(inputs: Tensor, logits: Tensor) -> Tensor:
    """Logits (n, 7) of all utterances of one speaker, adapted to that speaker: each class's logit rises with
    the mean cosine similarity to the speaker's other utterances, weighted by their probability of that class
    (soft k-means that begins with the network's answers, as Ren et al. 2018 refine prototypes).  A lone
    utterance stays as it is."""
    x = _numbers(inputs)
    x -= x.mean(0)  # in place: of ten hours of speech, each copy takes hundreds of MB
    length = x.norm(dim=1, keepdim=True)
    x /= length.clamp(min=1e-12)
    to_itself = (length > 0).float()
    others = len(x) - 1
    share = others / (others + HALF_PULL)
    refined = logits
    for _ in range(ITERATIONS):
        probabilities = refined.softmax(1)
        to_others = x @ (x.T @ probabilities) - to_itself * probabilities
        similarity = to_others / (probabilities.sum(0) - probabilities + PSEUDO_COUNT)
        refined = logits + PULL * share * similarity
    return refined / (1 + SHARPENED * share**2)


def _numbers(inputs: Tensor) -> Tensor:
    return inputs[:, :-1].clamp(-FARTHEST, FARTHEST)


def standardise(numbers: np.ndarray, usual: Statistics) -> np.ndarray:
    """(n, INPUTS) float32 of one speaker's numbers (n, FEATURES): against the speaker's own mean and
    deviation as far as n utterances tell them, and else against the `usual` speaker's."""
    mean, deviation = usual
    count = len(numbers)
    own, wide = count / (count + PRIOR_MEAN), (count - 1) / (count - 1 + PRIOR_DEVIATION)
    against = (numbers - own * numbers.mean(0) - (1 - own) * mean) / (
        wide * numbers.std(0) + (1 - wide) * deviation)
    return np.concatenate([against, np.full((count, 1), own)], 1).astype(np.float32)
