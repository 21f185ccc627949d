"""The networks in other forms, for other programs and smaller devices; each is loaded again and compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor, nn

from emocli.errors import UsageError
from emocli.fusion.head import Fusion, FusionHead
from emocli.storage import atomic
from emocli.training import metrics
from emocli.training.convert import convert
from emocli.training.export_inputs import Arrays, inputs_of
from emocli.training.quantize import quantized
from emocli.weights import manifest, resolve

#: What each network can be written as, and how its weights can be stored.
FORMATS = {"face": ("keras", "tflite", "onnx"),
           **dict.fromkeys(("voice", "text-small", "fusion"), ("torchscript", "onnx"))}
QUANTIZE = ("none", "fp16", "int8")
ENDINGS = {"keras": ".keras", "tflite": ".tflite", "onnx": ".onnx", "torchscript": ".pt"}
#: Names of what goes in; each network gives "features" and "logits", but for fusion, which has no features.
INPUTS = {"face": ("face",), "voice": ("numbers",), "text-small": ("ids", "weights", "offsets"),
          "fusion": ("log_scores", "mask")}


@dataclass(frozen=True)
class Report:
    """What was written: its logits divided by `temperature` are calibrated; `difference` is the largest of
    any score, `f1` the macro-F1 before and after, if there was labelled data."""

    path: Path
    bytes: int
    temperature: float
    difference: float
    f1: tuple[float, float] | None = None


def export(modality: str, target: Path, *, form: str, quantize: str = "none", data: Path | None = None,
           language: str = "en") -> Report:
    """Write the shipped network of `modality` as `form`, load it again and compare it, on the test split of
    `data` or else on random inputs; text answers with the head of `language`.  `target` ends as ENDINGS says.

    Raises `UsageError` for a form that the network cannot take.
    """
    if form not in FORMATS[modality]:
        raise UsageError("--format", f"{modality} cannot be written as {form}",
                         f"choose from {', '.join(FORMATS[modality])}")
    if modality == "fusion" and quantize != "none":
        raise UsageError("--quantize", "the fusion head is a few dozen numbers", "leave --quantize out")
    if modality == "face" and quantize != "none" and form != "tflite":
        raise UsageError("--quantize", f"the face network is stored as {quantize} only in tflite",
                         "give --format tflite, or leave --quantize out")
    inputs, labels = inputs_of(modality, data, language)
    with atomic(target) as part:
        if modality == "face":
            convert(resolve("face"), part, quantize=quantize)
            before, after = (_faces(path, inputs[0][0]) for path in (resolve("face"), part))
        else:
            network = load(modality, language)
            _write(quantized(network, quantize), part, form, modality, inputs[0])
            answers = partial(_answer, network), _run(part, form, modality)
            before, after = (np.concatenate([answer(batch) for batch in inputs]) for answer in answers)
        size = part.stat().st_size
    temperature = manifest()[modality].temperature
    scores = [softmax(z / temperature, axis=1) for z in (before, after)]
    f1 = None
    if labels is not None:
        f1 = metrics.macro_f1(scores[0], labels), metrics.macro_f1(scores[1], labels)
    return Report(target, size, temperature, float(np.abs(scores[0] - scores[1]).max()), f1)


class _OneHead(nn.Module):
    """The text network answering with one of its heads."""

    def __init__(self, network: nn.Module, head: str) -> None:
        super().__init__()
        self.network, self.head = network, head

    def forward(self, ids: Tensor, weights: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
        return self.network(ids, weights, offsets, self.head)


class _Calibrated(nn.Module):
    """The fusion head with its temperatures inside."""

    def __init__(self, head: FusionHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, log_scores: Tensor, mask: Tensor) -> Tensor:
        logits = self.head(log_scores, mask)
        return logits / self.head.temperatures[self.head.subset(mask)][:, None]


def load(modality: str, language: str = "en") -> nn.Module:
    """A shipped PyTorch network that takes the tensors of INPUTS in order."""
    if modality == "voice":
        from emocli.voice.model import voice_network

        return voice_network()
    if modality == "text-small":
        from emocli.text.model import TextModel

        return _OneHead(TextModel(resolve("text-small")).network, language).eval()
    return _Calibrated(Fusion(resolve("fusion")).head).eval()


def _write(network: nn.Module, path: Path, form: str, modality: str, example: Arrays) -> None:
    import warnings

    tensors = tuple(torch.from_numpy(a) for a in example)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if form == "torchscript":
            torch.jit.trace(network, tensors, check_trace=False).save(str(path))
            return
        names = INPUTS[modality]
        dynamic = tuple({0: torch.export.Dim("pieces" if n in ("ids", "weights") else "n")} for n in names)
        torch.onnx.export(network, tensors, str(path), input_names=list(names), dynamic_shapes=dynamic,
                          output_names=["logits"] if modality == "fusion" else ["features", "logits"],
                          dynamo=True, external_data=False, verbose=False, optimize=False)


def _answer(network: Callable[..., Any], inputs: Arrays) -> np.ndarray:
    with torch.no_grad():
        out = network(*(torch.from_numpy(a) for a in inputs))
    return np.asarray((out[1] if isinstance(out, tuple) else out).numpy())


def _run(path: Path, form: str, modality: str) -> Callable[[Arrays], np.ndarray]:
    if form == "torchscript":
        return lambda inputs: _answer(torch.jit.load(str(path)), inputs)
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    names = INPUTS[modality]
    return lambda inputs: np.asarray(session.run(["logits"], dict(zip(names, inputs, strict=True)))[0])


def _faces(path: Path, crops: np.ndarray) -> np.ndarray:
    if path.suffix == ".onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path))
        batches = (crops[i:i + 64, ..., None].astype(np.float32) for i in range(0, len(crops), 64))
        return np.concatenate([session.run(["logits"], {"face": batch})[0] for batch in batches])
    from emocli.face.process import FaceProcess

    with FaceProcess(path, device="cpu") as process:
        calls = [process.classify(crops[i:i + 64]) for i in range(0, len(crops), 64)]
        return np.concatenate([call.result()[1] for call in calls])
