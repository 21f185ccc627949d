"""The PyTorch network that reads what the pretrained ear heard: small networks over its main directions.

The ear (`emocli.encoders.whisper_encoder`) gives 2,048 numbers of a stretch of speech.  They are read twice,
as they are and against the speaker's own, along the directions in which training speech differs most (PCA),
since there are far fewer acted utterances than numbers.  Several networks are averaged after Lakshminarayanan
et al. (2017).
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
#: Each number as it is and against the speaker's own, and how well the speaker is known.
INPUTS = 2 * FEATURES + 1
#: Members whose views fusion reads as the voice's features.
VIEWED = 3
#: Utterances that the training speakers' usual mean, and usual deviation, weigh against a speaker's own.
PRIOR_MEAN, PRIOR_DEVIATION = 3.0, 8.0
#: Deviations from the training mean beyond which an input is cut.
FARTHEST = 5.0


class VoiceNetwork(nn.Module):
    """Numbers in both views in, features (n, VIEWED * view) and logits (n, 7) out.

    The buffers hold the training speakers' usual mean and deviation of each number, which stand in for a
    speaker who has said little, the directions and scale of the inputs, and the temperatures that calibrate
    the logits where one utterance is all that is known of a speaker, and where the speaker is well known.
    """

    usual: Tensor
    directions: Tensor
    centre: Tensor
    scale: Tensor
    temperatures: Tensor

    def __init__(self, *, members: int = 8, directions: int = 128, wide: int = 128, view: int = 32,
                 dropout: float = 0.3) -> None:
        super().__init__()
        inputs = 2 * directions + 1
        self.members, self.dropout = members, nn.Dropout(dropout)
        self.layers = nn.ModuleList(Several(members, *shape) for shape in (
            (inputs, wide), (wide, view), (view, len(EMOTIONS))))
        self.register_buffer("usual", torch.stack([torch.zeros(FEATURES), torch.ones(FEATURES)]))
        self.register_buffer("directions", torch.zeros(2, FEATURES, directions))
        self.register_buffer("centre", torch.zeros(inputs))
        self.register_buffer("scale", torch.ones(inputs))
        self.register_buffer("temperatures", torch.ones(2))

    @classmethod
    def like(cls, state: Mapping[str, Tensor]) -> VoiceNetwork:
        """An untrained network of the shape that a state dict has."""
        members, _, wide = state["layers.0.weight"].shape
        return cls(members=members, directions=state["directions"].shape[2], wide=wide,
                   view=state["layers.1.weight"].shape[2])

    def project(self, inputs: Tensor) -> Tensor:
        """(n, INPUTS) along the directions, standardised: what every member takes.

        The better a speaker is known, the less is heard of how that voice is as it is.
        """
        plain, against, known = inputs.split((FEATURES, FEATURES, 1), 1)
        x = torch.cat([plain @ self.directions[0], against @ self.directions[1], known], 1)
        x = ((x - self.centre) / self.scale).clamp(-FARTHEST, FARTHEST)
        plain, rest = x.tensor_split([self.directions.shape[2]], 1)
        return torch.cat([plain * (1 - known), rest], 1)

    def each(self, projected: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, VIEWED * view), and every member's logits (n, members, 7), of what `project` gives."""
        first, second, last = self.layers
        x = self.dropout(projected).expand(self.members, -1, -1)
        views = second(self.dropout(first(x).relu())).relu()
        return views[:VIEWED].transpose(0, 1).flatten(1), last(self.dropout(views)).transpose(0, 1)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, VIEWED * view) and the members' mean logits (n, 7), calibrated, of (n, INPUTS)."""
        features, logits = self.each(self.project(inputs))
        alone = 1 / (1 + PRIOR_MEAN)
        share = (inputs[:, -1:] - alone) / (1 - alone)
        first, second = self.temperatures.log()
        return features, logits.mean(1) / (first + share * (second - first)).exp()


class Several(nn.Module):
    """As many linear maps beside each other as there are members: (members, n, inputs) to (members, n,
    outputs)."""

    def __init__(self, members: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(members, inputs, outputs).uniform_(-1, 1) / inputs**0.5)
        self.bias = nn.Parameter(torch.zeros(members, 1, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Every member's own map of its own inputs."""
        return torch.baddbmm(self.bias, x, self.weight)


def views(numbers: np.ndarray, usual: Statistics, enrolled: int = 0) -> np.ndarray:
    """(n - enrolled, INPUTS) float32 of one speaker's numbers (n, FEATURES), the last `enrolled` of which
    only tell how the speaker usually talks: as they are against the `usual` speaker, and against the
    speaker's own mean and deviation as far as n utterances tell them."""
    mean, deviation = usual
    count = len(numbers)
    own, wide = count / (count + PRIOR_MEAN), (count - 1) / (count - 1 + PRIOR_DEVIATION)
    read = numbers[:count - enrolled]
    plain = (read - mean) / deviation
    against = (read - own * numbers.mean(0) - (1 - own) * mean) / (
        wide * numbers.std(0) + (1 - wide) * deviation)
    return np.concatenate([plain, against, np.full((len(read), 1), own)], 1).astype(np.float32)
