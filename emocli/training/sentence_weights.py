"""A fine-tuned encoder of `transformers` as the file that emocli reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from emocli import quantized
from emocli.emotions import EMOTIONS

if TYPE_CHECKING:
    from emocli.training.tasks.text import SentenceNetwork

#: Names of BERT's layers in `transformers`, and in `emocli.text.encoder`.
LAYERS = {"attention.self.query": "query", "attention.self.key": "key", "attention.self.value": "value",
          "attention.output.dense": "project", "attention.output.LayerNorm": "attended",
          "intermediate.dense": "widen", "output.dense": "narrow", "output.LayerNorm": "answered"}
EMBEDDINGS = {"word_embeddings.weight": "pieces.weight", "LayerNorm.weight": "embedded.weight",
              "LayerNorm.bias": "embedded.bias"}


def write(network: SentenceNetwork, languages: Mapping[str, Mapping[str, float]], tokenizer: Path,
          path: Path) -> None:
    """Write `network` with its `languages` (name -> shares of heads) to `path`."""
    content = json.loads(tokenizer.read_text(encoding="utf-8"))
    quantized.write(path, renamed(network, languages), int8=True, metadata={
        "heads": str(network.config.num_attention_heads), "languages": json.dumps(list(languages)),
        "tokenizer": json.dumps(content, ensure_ascii=False, separators=(",", ":"))})


def renamed(network: SentenceNetwork, languages: Mapping[str, Mapping[str, float]]) -> dict[str, Tensor]:
    """The state of an `emocli.text.encoder.SentenceEncoder`."""
    state = network.encoder.state_dict()
    own = {new: state[f"embeddings.{old}"] for old, new in EMBEDDINGS.items()}
    own["positions.weight"] = state["embeddings.position_embeddings.weight"] \
        + state["embeddings.token_type_embeddings.weight"][0]  # there is only one type
    for number in range(network.config.num_hidden_layers):
        own |= {f"layers.{number}.{new}.{part}": state[f"encoder.layer.{number}.{old}.{part}"]
                for old, new in LAYERS.items() for part in ("weight", "bias")}
    for part in ("weight", "bias"):
        own[f"answer.{part}"] = torch.cat([mean(network, shares, part) for shares in languages.values()])
    own["answer.weight"] = own["answer.weight"] * network.gain
    return own


def mean(network: SentenceNetwork, shares: Mapping[str, float], part: str) -> Tensor:
    """The weighted mean of heads' last seven outputs, (7, width) or (7,)."""
    parts = [share * getattr(network.heads[head], part).detach()[-len(EMOTIONS):]
             for head, share in shares.items()]
    return torch.stack(parts).sum(0)
