"""A fine-tuned encoder of `transformers` as the file that emocli reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from emocli import quantized
from emocli.emotions import EMOTIONS
from emocli.text.encoder import LONGEST

if TYPE_CHECKING:
    from emocli.training.tasks.text import SentenceNetwork

#: Names of BERT's layers in `transformers`, and in `emocli.text.encoder`.
LAYERS = {"attention.self.query": "query", "attention.self.key": "key", "attention.self.value": "value",
          "attention.output.dense": "project", "attention.output.LayerNorm": "attended",
          "intermediate.dense": "widen", "output.dense": "narrow", "output.LayerNorm": "answered"}
#: The first pieces of a vocabulary stand for the beginning, the end, padding and what is unknown.
SPECIAL = 4
EMBEDDINGS = {"word_embeddings.weight": "pieces.weight", "LayerNorm.weight": "embedded.weight",
              "LayerNorm.bias": "embedded.bias"}


def write(network: SentenceNetwork, settings: Mapping[str, Any], alike: tuple[np.ndarray, np.ndarray],
          tokenizer: Path, pieces: Set[str], path: Path) -> None:
    """Write `network` to `path`: the heads of the `usual` corpora of a recipe's `belief`, and the regression
    that says which of these a sentence is `alike`; of the vocabulary, no more than `pieces` and single
    letters."""
    corpora = list(settings["usual"])
    content, kept = cut(json.loads(tokenizer.read_text(encoding="utf-8")), pieces)
    state = renamed(network, corpora, alike)
    state["pieces.weight"] = state["pieces.weight"][kept]
    quantized.write(path, state, int8=True, halved=["alike.weight"], metadata={
        "heads": str(network.config.num_attention_heads), "usual": json.dumps(settings["usual"]),
        "likeness": str(settings["likeness"]), "helped": json.dumps(settings["helped"]),
        "tokenizer": json.dumps(content, ensure_ascii=False, separators=(",", ":"))})


def renamed(network: SentenceNetwork, corpora: Sequence[str],
            alike: tuple[np.ndarray, np.ndarray]) -> dict[str, Tensor]:
    """The state of an `emocli.text.encoder.SentenceEncoder`."""
    state = network.encoder.state_dict()
    own = {new: state[f"embeddings.{old}"] for old, new in EMBEDDINGS.items()}
    own["positions.weight"] = state["embeddings.position_embeddings.weight"][:LONGEST] \
        + state["embeddings.token_type_embeddings.weight"][0]  # there is only one type
    for number in range(network.config.num_hidden_layers):
        own |= {f"layers.{number}.{new}.{part}": state[f"encoder.layer.{number}.{old}.{part}"]
                for old, new in LAYERS.items() for part in ("weight", "bias")}
    for part, like in zip(("weight", "bias"), alike, strict=True):
        own[f"answer.{part}"] = torch.cat([getattr(network.heads[corpus], part).detach()[-len(EMOTIONS):]
                                           for corpus in corpora])
        own[f"alike.{part}"] = torch.from_numpy(like).float()
    for layer in ("answer", "alike"):
        own[f"{layer}.weight"] = own[f"{layer}.weight"] * network.gain
    return own


def cut(tokenizer: dict[str, Any], pieces: Set[str]) -> tuple[dict[str, Any], list[int]]:
    """The `tokenizer.json` of a smaller vocabulary, and the rows of the embedding that it keeps: special
    pieces, `pieces`, and single letters, of which other words are then made."""
    vocabulary = tokenizer["model"]["vocab"]
    listed = isinstance(vocabulary, list)  # Unigram: [piece, log probability]; else piece: number
    names = [piece for piece, _ in vocabulary] if listed else sorted(vocabulary, key=vocabulary.__getitem__)
    special = {added["content"] for added in tokenizer["added_tokens"]}
    kept = [i for i, piece in enumerate(names)
            if piece in special or piece in pieces or len(piece.removeprefix("##")) == 1 or i < SPECIAL]
    number = {names[old]: new for new, old in enumerate(kept)}
    model = tokenizer["model"] | {"vocab": [vocabulary[i] for i in kept] if listed else number}
    if "unk_id" in model:
        model["unk_id"] = number[names[model["unk_id"]]]
    small = tokenizer | {"model": model, "truncation": None, "padding": None, "added_tokens": [
        added | {"id": number[added["content"]]} for added in tokenizer["added_tokens"]]}
    processor = tokenizer.get("post_processor") or {}
    if "special_tokens" in processor:  # of a TemplateProcessing
        small["post_processor"] = processor | {"special_tokens": {
            name: token | {"ids": [number[t] for t in token["tokens"]]}
            for name, token in processor["special_tokens"].items()}}
    return small, kept
