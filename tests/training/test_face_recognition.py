"""dlib's network as the teacher's start, with made-up weights in the format of the real ones."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from emocli.errors import DataError
from emocli.training.face_recognition import (
    BINARY,
    MANIFEST,
    MEAN,
    UNITS,
    ExpressionNetwork,
    load_tensors,
    start_from,
)


def write(folder: Path) -> None:
    """Every tensor of the network; kernels as uint8, the rest as float32."""
    random = np.random.default_rng(0)
    shapes, before = {}, UNITS[0][1]
    convolutions = [("conv32_down", 7, 3, before)]
    for name, width, _ in UNITS:
        convolutions += [(f"{name}/conv1", 3, before, width), (f"{name}/conv2", 3, width, width)]
        before = width
    for name, kernel, inputs, outputs in convolutions:
        shapes |= {f"{name}/conv/filters": (kernel, kernel, inputs, outputs), f"{name}/conv/bias": (outputs,),
                   f"{name}/scale/weights": (outputs,), f"{name}/scale/biases": (outputs,)}
    entries, raw = [], b""
    for name, shape in shapes.items():
        entry: dict[str, object] = {"name": name, "shape": shape, "dtype": "float32"}
        if name.endswith("filters"):
            entry["quantization"] = {"dtype": "uint8", "scale": 0.0004, "min": -0.05}
            raw += random.integers(0, 256, shape).astype(np.uint8).tobytes()
        else:
            raw += random.uniform(0.5, 1.5, shape).astype("<f4").tobytes()
        entries.append(entry)
    (folder / BINARY).write_bytes(raw)
    (folder / MANIFEST).write_text(json.dumps([{"weights": entries}]))


def test_the_start_is_the_same_function(tmp_path: Path) -> None:
    write(tmp_path)
    torch.manual_seed(0)
    faces = torch.rand(3, 1, 112, 112) * 255
    network = ExpressionNetwork(dropout=0.0)
    start_from(network, tmp_path, faces)
    tensors = load_tensors(tmp_path)

    def convolve(x: torch.Tensor, name: str, stride: int, padding: int) -> torch.Tensor:
        x = F.conv2d(x, tensors[f"{name}/conv/filters"].permute(3, 2, 0, 1), tensors[f"{name}/conv/bias"],
                     stride, padding)
        scale, shift = (tensors[f"{name}/scale/{part}"][:, None, None] for part in ("weights", "biases"))
        return x * scale + shift

    colour = (faces.expand(-1, 3, -1, -1) - torch.tensor(MEAN)[:, None, None]) / 256
    stem = F.max_pool2d(F.relu(convolve(colour, "conv32_down", 2, 0)), 3, 2)
    expected = F.relu(stem + convolve(F.relu(convolve(stem, "conv32_1/conv1", 1, 1)), "conv32_1/conv2", 1, 1))
    with torch.no_grad():
        got = network.units["conv32_1"](F.max_pool2d(F.relu(network.stem(faces)), 3, 2))
        network.train()
        learning = network.units["conv32_1"](F.max_pool2d(F.relu(network.stem(faces)), 3, 2))
    assert float((got - expected).abs().max()) < 1e-3 * float(expected.abs().max())
    # The statistics are those of the faces: a batch of them is normalized alike while the network learns.
    assert float((learning - expected).abs().max()) < 1e-2 * float(expected.abs().max())


def test_the_network_answers_two_heads() -> None:
    network = ExpressionNetwork(dropout=0.0).eval()
    assert network(torch.rand(2, 1, 96, 96)).shape == (2, 2, 7)


@pytest.mark.parametrize("broken", ["nothing", "short", "list"])
def test_other_files_are_refused(tmp_path: Path, broken: str) -> None:
    if broken != "nothing":
        write(tmp_path)
        if broken == "short":
            (tmp_path / BINARY).write_bytes(b"12")
        else:
            (tmp_path / MANIFEST).write_text("[]")
    with pytest.raises(DataError, match="does not hold dlib's face recognition network"):
        load_tensors(tmp_path)
