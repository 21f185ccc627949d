"""Other forms of the networks, for other programs and smaller devices; each is loaded again and compared.

Half precision and int8 are of the stored weights only (int8 with one scale a row); what a network
computes stays float32.  Keras converts in a process of its own, because TensorFlow and PyTorch get
into each other's way: `python -m emocli.training.export SOURCE TARGET QUANTIZE`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emocli.errors import EmocliError, UsageError
from emocli.weights import manifest, resolve

if TYPE_CHECKING:
    from torch import Tensor, nn

#: What each network can be written as, and how its weights can be stored.
FORMATS = {"face": ("keras", "tflite", "onnx"), **dict.fromkeys(("voice", "text", "fusion"), ("torchscript", "onnx"))}
QUANTIZE = ("none", "fp16", "int8")
ENDINGS = {"keras": ".keras", "tflite": ".tflite", "onnx": ".onnx", "torchscript": ".pt"}
#: Names of what goes in; each network gives "features" and "logits", but for fusion, which has no features.
INPUTS = {"face": ("face",), "voice": ("functionals",), "text": ("ids", "weights", "offsets"),
          "fusion": ("face", "voice", "text", "log_scores", "mask")}

Arrays = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Report:
    """What was written: `difference` is the largest of any score, `f1` the macro-F1 before and after,
    if there was labelled data."""

    path: Path
    bytes: int
    difference: float
    f1: tuple[float, float] | None = None


def export(modality: str, target: Path, *, form: str, quantize: str = "none", data: Path | None = None,
           language: str = "en") -> Report:
    """Write the shipped network of `modality` as `form`, load it again and compare it, on the test split of
    `data` or else on random inputs; text answers with the head of `language`.

    Raises `UsageError` for a form that the network cannot take.
    """
    if form not in FORMATS[modality]:
        raise UsageError("--format", f"{modality} cannot be written as {form}",
                         f"choose from {', '.join(FORMATS[modality])}")
    if modality == "face" and quantize != "none" and form != "tflite":
        raise UsageError("--quantize", f"the face network is stored as {quantize} only in tflite",
                         "give --format tflite, or leave --quantize out")
    inputs, labels = samples(modality, data, language)
    part = target.with_name(f"part.{os.getpid()}{ENDINGS[form]}")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if modality == "face":
            keras(resolve("face"), part, quantize=quantize)
            before, after = (_faces(path, inputs[0][0]) for path in (resolve("face"), part))
        else:
            network = load(modality, language)
            _write(compact(network, quantize), part, form, modality, inputs[0])
            answers = partial(_answer, network), _run(part, form, modality)
            before, after = (np.concatenate([answer(some) for some in inputs]) for answer in answers)
        temperature = manifest()[modality].temperature
        scores = [_softmax(z / temperature) for z in (before, after)]
        f1 = None
        if labels is not None:
            from emocli.training import metrics

            f1 = (metrics.summary(scores[0], labels)["macro_f1"], metrics.summary(scores[1], labels)["macro_f1"])
        size = part.stat().st_size
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return Report(target, size, float(np.abs(scores[0] - scores[1]).max()), f1)


def keras(source: Path, target: Path, *, quantize: str = "none") -> None:
    """Write a Keras network as the file that the ending of `target` names (`.keras`, `.tflite`, `.onnx`).

    Raises `EmocliError` when Keras cannot convert it.
    """
    backend = "torch" if target.suffix == ".onnx" else "tensorflow"
    done = subprocess.run([sys.executable, "-m", __name__, str(source), str(target), quantize], capture_output=True,
                          text=True, env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"})
    if done.returncode or not target.is_file():
        tail = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise EmocliError(source, f"cannot be written as {target.suffix} ({tail[0][:200]})",
                          'install the training extra: pip install "emocli[train]"')


def _convert(source: str, target: str, quantize: str) -> None:
    if target.endswith(".onnx"):
        sys.modules["tensorflow"] = None  # type: ignore[assignment]
    import keras

    model = keras.saving.load_model(source, compile=False)
    if target.endswith(".keras"):
        model.save(target)
    elif target.endswith(".onnx"):
        model(np.zeros((1, *model.input_shape[1:]), np.float32))  # or Keras says that it was never called
        model.export(target, format="onnx", verbose=False)
        _name_outputs(target, sorted(model.output))
    else:
        settings: dict[str, Any] = {}
        if quantize != "none":
            import tensorflow as tf

            settings["optimizations"] = [tf.lite.Optimize.DEFAULT]
            if quantize == "fp16":
                settings["target_spec"] = {"supported_types": [tf.float16]}
        model.export(target, format="litert", verbose=False, **settings)


def _name_outputs(path: str, names: Sequence[str]) -> None:
    """Call an ONNX file's outputs by name; Keras flattens them in order of name and numbers them."""
    import onnx

    graph = (file := onnx.load(path)).graph
    for output, name in zip(graph.output, names, strict=True):
        graph.node.append(onnx.helper.make_node("Identity", [output.name], [name]))
        output.name = name
    onnx.save(file, path)


def load(modality: str, language: str = "en") -> nn.Module:
    """A shipped PyTorch network that takes the tensors of INPUTS in order."""
    from torch import nn

    if modality == "voice":
        from emocli.voice.reader import VoiceReader

        return VoiceReader(resolve("voice")).network
    if modality == "text":
        from emocli.text.reader import TextReader

        text = TextReader(resolve("text")).network

        class OneHead(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.network = text

            def forward(self, ids: Tensor, weights: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
                return self.network(ids, weights, offsets, language)

        return OneHead().eval()
    from emocli.fusion.head import Fusion

    head = Fusion(resolve("fusion")).head

    class Calibrated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = head

        def forward(self, face: Tensor, voice: Tensor, text: Tensor, log_scores: Tensor, mask: Tensor) -> Tensor:
            bits = mask @ mask.new_tensor([1.0, 2.0, 4.0])
            return self.head([face, voice, text], log_scores, mask) / self.head.temperatures[bits.long()][:, None]

    return Calibrated().eval()


def compact(network: nn.Module, quantize: str) -> nn.Module:
    """A copy whose matrices are stored in half precision or int8."""
    import copy

    import torch
    import torch.nn.functional as F
    from torch import nn

    class Stored(nn.Module):
        stored: Tensor
        scale: Tensor

        def __init__(self, weight: Tensor) -> None:
            super().__init__()
            scale = weight.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127 if quantize == "int8" \
                else torch.ones(1, 1)
            kept = (weight / scale).round().to(torch.int8) if quantize == "int8" else weight.half()
            self.register_buffer("stored", kept)
            self.register_buffer("scale", scale)

        def matrix(self) -> Tensor:
            return self.stored.float() * self.scale

    class Dense(Stored):
        def __init__(self, layer: nn.Linear) -> None:
            super().__init__(layer.weight.detach())
            self.register_buffer("bias", layer.bias.detach())

        def forward(self, x: Tensor) -> Tensor:
            return F.linear(x, self.matrix(), self.get_buffer("bias"))

    class Bags(Stored):
        def __init__(self, layer: nn.EmbeddingBag) -> None:
            super().__init__(layer.weight.detach())

        def forward(self, ids: Tensor, offsets: Tensor, per_sample_weights: Tensor) -> Tensor:
            # Only the rows that are asked for become float32.
            rows = F.embedding(ids, self.stored).float()
            if quantize == "int8":
                rows = rows * F.embedding(ids, self.scale)
            at = torch.arange(ids.shape[0]).unsqueeze(0) >= offsets.unsqueeze(1)
            which = at.sum(0) - 1
            zero = torch.zeros(offsets.shape[0], rows.shape[1])
            return zero.index_add(0, which, rows * per_sample_weights.unsqueeze(1))

    def changed(module: nn.Module) -> None:
        for name, child in module.named_children():
            if isinstance(child, nn.Linear | nn.EmbeddingBag):
                setattr(module, name, Dense(child) if isinstance(child, nn.Linear) else Bags(child))
            else:
                changed(child)

    out = copy.deepcopy(network)
    if quantize != "none":
        changed(out)
    return out.eval()


def _write(network: nn.Module, path: Path, form: str, modality: str, example: Arrays) -> None:
    import warnings

    import torch

    tensors = tuple(torch.from_numpy(a) for a in example)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if form == "torchscript":
            torch.jit.trace(network, tensors, check_trace=False).save(str(path))
            return
        names = INPUTS[modality]
        dynamic = tuple({0: torch.export.Dim("pieces" if n in ("ids", "weights") else "n")} for n in names)
        torch.onnx.export(network, tensors, str(path), input_names=list(names), dynamic_shapes=dynamic,
                          output_names=["logits"] if modality == "fusion" else ["features", "logits"], dynamo=True,
                          external_data=False, verbose=False, optimize=False)


def _answer(network: Callable[..., Any], inputs: Arrays) -> np.ndarray:
    import torch

    with torch.no_grad():
        out = network(*(torch.from_numpy(a) for a in inputs))
    return np.asarray((out[1] if isinstance(out, tuple) else out).numpy())


def _run(path: Path, form: str, modality: str) -> Callable[[Arrays], np.ndarray]:
    if form == "torchscript":
        import torch

        return lambda inputs: _answer(torch.jit.load(str(path)), inputs)
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    return lambda inputs: np.asarray(session.run(["logits"], dict(zip(INPUTS[modality], inputs, strict=True)))[0])


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


def _softmax(logits: np.ndarray) -> np.ndarray:
    found = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(found / found.sum(1, keepdims=True))


def samples(modality: str, data: Path | None, language: str = "en") -> tuple[list[Arrays], np.ndarray | None]:
    """Inputs of the network as INPUTS names them, batch by batch, and labels (n,) where there is `data`."""
    if modality == "face":
        if data is None:
            return [(np.random.default_rng(0).integers(0, 256, (32, 48, 48)).astype(np.uint8),)], None
        from emocli.training.corpora import faces

        corpus = faces.load(data, "private_test")
        voted = corpus.take(corpus.majority >= 0)
        return [(voted.images,)], voted.majority
    if modality == "voice":
        from emocli.voice.reader import VoiceReader

        reader = VoiceReader(resolve("voice"))
        if data is None:
            centre, scale = (reader.network.get_buffer(n).numpy() for n in ("centre", "scale"))
            random = np.random.default_rng(0).standard_normal((32, len(centre)))
            return [((centre + scale * random).astype(np.float32),)], None
        from emocli.training.corpora import speech
        from emocli.training.pools import voice_inputs

        found, labels = voice_inputs(reader, speech.read(data, "ravdess", "test"))
        return [(part,) for part in found], labels
    if modality == "text":
        return _sentences(data, language)
    return _triplets(data)


def _sentences(data: Path | None, language: str) -> tuple[list[Arrays], np.ndarray | None]:
    from emocli.text.network import bags
    from emocli.text.reader import BATCH, TextReader
    from emocli.text.tokens import bag, words

    said: Sequence[str] = ["I am so happy", "what a day", "leave me alone", "오늘 기분이 좋아"] * 8
    labels = None
    if data is not None:
        from emocli.training.corpora import texts

        corpus = texts.load(data, f"goemotions_{language}", "test").single()
        said, labels = corpus.texts, corpus.targets.argmax(1)
    idf = TextReader(resolve("text")).network.idf.numpy()
    read = [bag(words(t), idf) for t in said]
    return [tuple(t.numpy() for t in bags(read[i:i + BATCH])) for i in range(0, len(read), BATCH)], labels


def _triplets(data: Path | None) -> tuple[list[Arrays], np.ndarray | None]:
    from emocli.fusion.head import Fusion

    random = np.random.default_rng(0)
    if data is None:
        widths = Fusion(resolve("fusion")).head.widths
        scores = np.log(random.dirichlet(np.ones(7), (32, 3)).astype(np.float32) + 1e-6)
        mask = (np.arange(32)[:, None] % 7 + 1 >> np.arange(3) & 1).astype(np.float32)
        return [(*(random.random((32, w), np.float32) for w in widths), scores, mask)], None
    from emocli.training.evaluate import SEED, TRIPLETS
    from emocli.training.tasks import fusion as task

    some = task.pools(data, "test")
    where, labels = task.triplets(some, TRIPLETS, np.random.default_rng(SEED))
    features, log_scores = task.tensors(some, where)
    return [(*(f.numpy() for f in features), log_scores.numpy(), np.ones((len(labels), 3), np.float32))], labels


if __name__ == "__main__":
    _convert(*sys.argv[1:])
