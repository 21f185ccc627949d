"""The shipped sentence encoders, fine-tuned: all-MiniLM-L6-v2 (Wang et al. 2020) for English and multilingual
e5-small (Wang et al. 2024) for Korean.

One file holds a network as int8, and in its metadata the tokenizer and the corpora of its heads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from emocli import quantized
from emocli.emotions import EMOTIONS
from emocli.errors import WeightsError
from emocli.text.spelling import clean

#: Tokens of a sentence that are read, and tokens of one forward pass.
LONGEST, BATCH = 128, 512
#: What BERT adds to variances.
EPSILON = 1e-12


class Layer(nn.Module):
    """A layer of BERT (Devlin et al. 2019): states (n, t, width) and the mask of attention in, states out."""

    def __init__(self, width: int, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.project = (nn.Linear(width, width) for _ in range(4))
        self.attended, self.answered = (nn.LayerNorm(width, eps=EPSILON) for _ in range(2))
        self.widen, self.narrow = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """See the class."""
        query, key, value = (layer(states).unflatten(-1, (self.heads, -1)).transpose(1, 2)
                             for layer in (self.query, self.key, self.value))
        seen = scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)
        states = self.attended(states + self.project(seen))
        return self.answered(states + self.narrow(gelu(self.widen(states))))


class SentenceEncoder(nn.Module):
    """Token ids and their mask (n, t) in; out the mean of the last states (n, width), logits (n, corpora, 7),
    and logits (n, corpora) of which corpus the sentence is like."""

    def __init__(self, pieces: int, positions: int, width: int, hidden: int, layers: int,
                 corpora: int, heads: int) -> None:
        super().__init__()
        self.pieces, self.positions = nn.Embedding(pieces, width), nn.Embedding(positions, width)
        self.embedded = nn.LayerNorm(width, eps=EPSILON)
        self.layers = nn.ModuleList([Layer(width, hidden, heads) for _ in range(layers)])
        self.answer, self.alike = nn.Linear(width, corpora * len(EMOTIONS)), nn.Linear(width, corpora)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See the class."""
        states = self.embedded(self.pieces(ids) + self.positions.weight[:ids.shape[1]])
        seen = mask[:, None, None].bool()
        for layer in self.layers:
            states = layer(states, seen)
        features = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return features, self.answer(features).unflatten(1, (-1, len(EMOTIONS))), self.alike(features)

    @classmethod
    def like(cls, state: dict[str, Tensor], heads: int) -> SentenceEncoder:
        """The network that a state dict is of, with that state."""
        pieces, width = state["pieces.weight"].shape
        hidden, layers = len(state["layers.0.widen.weight"]), len({k.split(".")[1] for k in state
                                                                   if k.startswith("layers.")})
        network = cls(pieces, len(state["positions.weight"]), width, hidden, layers,
                      len(state["alike.weight"]), heads)
        network.load_state_dict(state)
        return network.eval()


@dataclass(frozen=True)
class Answers:
    """Of n sentences: `features` (n, width); `scores` (n, corpora, 7), logarithms of what each corpus' raters
    would have said; and `alike` (n, corpora), logits of which corpus a sentence is like."""

    features: np.ndarray
    scores: np.ndarray
    alike: np.ndarray


@dataclass(frozen=True)
class Belief:
    """How much weight the heads of the corpora have in any case, `usual` (corpora,), which share goes by the
    corpus that a sentence is like, and how much the log scores of the small network's head for a corpus count
    beside those of the encoder's, `helped`."""

    usual: np.ndarray
    likeness: float
    helped: Mapping[str, float]


class SentenceModel:
    """An encoder on a CPU; `corpora` are those that its heads have learnt, and `belief` weighs these.

    Raises `WeightsError` when the file cannot be read.
    """

    def __init__(self, weights: Path) -> None:
        from safetensors import safe_open
        from tokenizers import Tokenizer

        try:
            with safe_open(weights, "pt") as file:
                metadata = file.metadata()
            self.network = SentenceEncoder.like(quantized.read(weights), int(metadata["heads"]))
            usual: dict[str, float] = json.loads(metadata["usual"])
            self.corpora = list(usual)
            self.belief = Belief(np.array(list(usual.values())), float(metadata["likeness"]),
                                 json.loads(metadata["helped"]))
            self._tokenizer = Tokenizer.from_str(metadata["tokenizer"])
        except Exception as error:  # safetensors, torch and tokenizers raise classes of their own
            raise WeightsError(weights, f"is no sentence encoder ({type(error).__name__})",
                               "install emocli again") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)

    @torch.inference_mode()
    def answers(self, texts: Sequence[str]) -> Answers:
        """What each head makes of sentences."""
        tokens = [e.ids for e in self._tokenizer.encode_batch([clean(t) for t in texts])]
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        numbers, parts = [], []
        while order:
            longest = len(tokens[order[-1]])
            picked, order = order[-max(1, BATCH // longest):], order[:-max(1, BATCH // longest)]
            ids, mask = (torch.zeros(len(picked), longest, dtype=torch.int64) for _ in range(2))
            for row, number in enumerate(picked):
                ids[row, :len(tokens[number])] = torch.tensor(tokens[number])
                mask[row, :len(tokens[number])] = 1
            numbers += picked
            parts.append(self.network(ids, mask))
        features, logits, alike = (torch.cat(part)[np.argsort(numbers)] for part in zip(*parts, strict=True))
        return Answers(features.numpy(), logits.log_softmax(-1).numpy(), alike.numpy())
