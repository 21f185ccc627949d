"""A network that was made to tell persons apart, as the start of one that reads expressions.

It is dlib's (King 2017; 29 convolutions in residual units after He et al. 2016; public domain), learnt from
three million faces of some 7,500 persons.  Its weights come as the npm package `@vladmandic/face-api` carries
them, a binary file beside a JSON list of tensors, most of them as uint8 with a scale and a minimum.
"""

from __future__ import annotations

import json
from math import prod
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emocli.emotions import EMOTIONS
from emocli.errors import DataError

#: The residual units in order: name, width, and whether the picture is halved.
UNITS = (("conv32_1", 32, False), ("conv32_2", 32, False), ("conv32_3", 32, False),
         ("conv64_down", 64, True), ("conv64_1", 64, False), ("conv64_2", 64, False),
         ("conv64_3", 64, False), ("conv128_down", 128, True), ("conv128_1", 128, False),
         ("conv128_2", 128, False), ("conv256_down", 256, True), ("conv256_1", 256, False),
         ("conv256_2", 256, False), ("conv256_down_out", 256, True))
#: Mean red, green and blue that the network takes off, and what it divides by.
MEAN, SCALE = (122.782, 117.001, 104.298), 256.0
#: File names without and with the tensors' list.
BINARY, MANIFEST = "face_recognition_model.bin", "face_recognition_model-weights_manifest.json"


class Convolution(nn.Module):
    """A convolution and its normalization."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, padding: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h', w')."""
        out: Tensor = self.norm(self.conv(x))
        return out


class Unit(nn.Module):
    """A residual unit; one that halves the picture pads its shortcut with zeros."""

    def __init__(self, inputs: int, outputs: int, *, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        # The last unit is padded, unlike dlib's, so that pictures under 150 px fit.
        padding = 0 if halves and inputs != outputs else 1
        self.conv1 = Convolution(inputs, outputs, stride=2 if halves else 1, padding=padding)
        self.conv2 = Convolution(outputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h', w')."""
        y = self.conv2(F.relu(self.conv1(x)))
        if self.halves:
            x = F.avg_pool2d(x, 2)
            height, width = (max(a, b) for a, b in zip(x.shape[2:], y.shape[2:], strict=True))
            x = F.pad(x, (0, width - x.shape[3], 0, height - x.shape[2], 0, y.shape[1] - x.shape[1]))
            y = F.pad(y, (0, width - y.shape[3], 0, height - y.shape[2]))
        return F.relu(x + y)


class ExpressionNetwork(nn.Module):
    """The network for grey faces, with two heads of seven classes in place of the descriptor of persons."""

    def __init__(self, *, dropout: float) -> None:
        super().__init__()
        self.stem = Convolution(1, UNITS[0][1], kernel=7, stride=2, padding=0)
        widths = [UNITS[0][1], *(width for _, width, _ in UNITS)]
        self.units = nn.ModuleDict({name: Unit(before, width, halves=halves) for before, (name, width, halves)
                                    in zip(widths, UNITS, strict=False)})
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(widths[-1], 2 * len(EMOTIONS))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def features(self, x: Tensor) -> Tensor:
        """(n, 1, s, s) grey levels 0..255, s of 96 or more, to (n, 256)."""
        x = F.max_pool2d(F.relu(self.stem(x)), 3, 2)
        for unit in self.units.values():
            x = unit(x)
        return x.mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """(n, 1, s, s) grey levels 0..255 to (n, 2, 7) logits."""
        out: Tensor = self.head(self.dropout(self.features(x)))
        return out.view(-1, 2, len(EMOTIONS))


def load_tensors(folder: Path) -> dict[str, Tensor]:
    """The tensors by name; kernels are (h, w, inputs, outputs).

    Raises `DataError` when the folder does not hold them.
    """
    try:
        raw = (folder / BINARY).read_bytes()
        (group,) = json.loads((folder / MANIFEST).read_text())
        out, at = {}, 0
        for entry in group["weights"]:
            stored = entry.get("quantization")
            values = np.frombuffer(raw, np.uint8 if stored else "<f4", prod(entry["shape"]), at)
            at += values.nbytes
            if stored:
                values = values * np.float32(stored["scale"]) + np.float32(stored["min"])
            out[entry["name"]] = torch.tensor(values.astype(np.float32).reshape(entry["shape"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(folder, f"does not hold dlib's face recognition network ({error})",
                        f"copy {BINARY} and {MANIFEST} there from the npm package @vladmandic/face-api, or "
                        "leave `pretrained` out of the recipe") from error
    return out


def start_from(network: ExpressionNetwork, folder: Path, faces: Tensor) -> None:
    """Give the network the weights in `folder`, as a function of grey `faces` (n, 1, s, s) whose statistics
    become those of its normalization.

    Raises `DataError` when the folder does not hold them.
    """
    tensors = load_tensors(folder)
    _put(network.stem, tensors, "conv32_down", grey=True)
    for name, unit in network.units.items():
        assert isinstance(unit, Unit)
        _put(unit.conv1, tensors, f"{name}/conv1")
        _put(unit.conv2, tensors, f"{name}/conv2")
    network.eval()
    for layer in (module for module in network.modules() if isinstance(module, Convolution)):
        _take_statistics(network, layer, faces)


def _put(layer: Convolution, tensors: dict[str, Tensor], name: str, *, grey: bool = False) -> None:
    """dlib's frozen scale and shift as a normalization by mean 0 and variance 1."""
    kernel, bias = tensors[f"{name}/conv/filters"].permute(3, 2, 0, 1), tensors[f"{name}/conv/bias"]
    if grey:
        bias = bias - (kernel.sum((2, 3)) * torch.tensor(MEAN)).sum(1) / SCALE
        kernel = kernel.sum(1, keepdim=True) / SCALE
    scale, norm = tensors[f"{name}/scale/weights"], layer.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    with torch.no_grad():
        layer.conv.weight.copy_(kernel)
        norm.running_mean.zero_()
        norm.running_var.fill_(1 - norm.eps)
        norm.weight.copy_(scale)
        norm.bias.copy_(tensors[f"{name}/scale/biases"] + scale * bias)


@torch.no_grad()
def _take_statistics(network: ExpressionNetwork, layer: Convolution, faces: Tensor) -> None:
    """Let a layer's normalization hold the statistics of these faces without a change of what it does."""
    outputs: list[Tensor] = []
    hook = layer.conv.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    network.features(faces)
    hook.remove()
    norm = layer.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    slope = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    shift = norm.bias - slope * norm.running_mean
    norm.running_mean.copy_(outputs[0].mean((0, 2, 3)))
    norm.running_var.copy_(outputs[0].var((0, 2, 3)))
    norm.weight.copy_(slope * torch.sqrt(norm.running_var + norm.eps))
    norm.bias.copy_(shift + slope * norm.running_mean)
