"""The sentence encoder as the file that emocli reads: ONNX, int8, tokenizer and languages inside."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from emocli.emotions import EMOTIONS
from emocli.storage import atomic, scratch

if TYPE_CHECKING:
    from emocli.training.tasks.text import SentenceEncoder

CLASSES = len(EMOTIONS)


class Answering(nn.Module):
    """Ids (n, t) of sentences of one length in, features (n, width) and the logits (n, languages, 7) out."""

    def __init__(self, network: SentenceEncoder, languages: Mapping[str, Mapping[str, float]]) -> None:
        super().__init__()
        self.network = network
        self.weight, self.bias = (torch.stack([mean(network.heads, shares, part)
                                               for shares in languages.values()])
                                  for part in ("weight", "bias"))

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        features = self.network.embed(ids, torch.ones_like(ids))
        return features, torch.einsum("nd,lkd->nlk", features, self.weight) + self.bias


def mean(heads: nn.ModuleDict, shares: Mapping[str, float], part: str) -> Tensor:
    """The weighted mean of heads' last seven outputs, (7, width) or (7,)."""
    parts = [share * getattr(heads[h], part).detach()[-CLASSES:] for h, share in shares.items()]
    return torch.stack(parts).sum(0)


def write(network: SentenceEncoder, languages: Mapping[str, Mapping[str, float]], tokenizer: Path,
          path: Path) -> None:
    """Write `network` with its `languages` (name -> shares of heads) to `path`."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    answering = Answering(network, languages).eval()
    ids = torch.arange(24).reshape(2, 12)
    with scratch() as folder, torch.no_grad(), warnings.catch_warnings(), atomic(path) as part:
        warnings.simplefilter("ignore")
        torch.onnx.export(answering, (ids,), str(folder / "float.onnx"), dynamo=False,
                          input_names=["ids"], output_names=["features", "logits"],
                          dynamic_axes={"ids": {0: "n", 1: "t"}, "features": {0: "n"}, "logits": {0: "n"}})
        quantize_dynamic(folder / "float.onnx", folder / "int8.onnx", weight_type=QuantType.QInt8,
                         per_channel=True, extra_options={"MatMulConstBOnly": True})
        model = onnx.load(folder / "int8.onnx")
        metadata = {"tokenizer": json.dumps(json.loads(tokenizer.read_text(encoding="utf-8")),
                                            ensure_ascii=False, separators=(",", ":")),
                    "languages": json.dumps(list(languages))}
        for key, value in metadata.items():
            model.metadata_props.add(key=key, value=value)
        onnx.save(model, part)
