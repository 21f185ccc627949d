"""ONNX and TorchScript files, our own exports among them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support import foreign

from emocli.errors import WeightsError

onnx = pytest.importorskip("onnx")


def _face_classifier(path: Path, *, location: str = "") -> None:
    """Means of colours through a matrix: (n, 3, 16, 16) -> (n, 3)."""
    kernel = onnx.numpy_helper.from_array(np.eye(3, dtype=np.float32) * 4, "kernel")
    if location:
        onnx.external_data_helper.set_external_data(kernel, location)
        kernel.ClearField("raw_data")
        kernel.data_location = onnx.TensorProto.EXTERNAL
    make, kind = onnx.helper.make_node, onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [make("GlobalAveragePool", ["picture"], ["mean"]), make("Flatten", ["mean"], ["flat"]),
         make("MatMul", ["flat", "kernel"], ["logits"])], "classifier",
        [onnx.helper.make_tensor_value_info("picture", kind, ["n", 3, 16, 16])],
        [onnx.helper.make_tensor_value_info("logits", kind, ["n", 3])], [kernel])
    path.write_bytes(onnx.helper.make_model(
        graph, ir_version=9, opset_imports=[onnx.helper.make_opsetid("", 17)]).SerializeToString())
    path.with_name(path.name + ".toml").write_text('labels = ["angry", "happy", "sad"]\nrange = [0, 1]\n')


def test_a_classifier_with_a_card(tmp_path: Path) -> None:
    _face_classifier(tmp_path / "a.onnx")
    loaded = foreign.load(f"onnx:{tmp_path}/a.onnx", "face")
    red, green = np.zeros((2, 1, 16, 16, 3), np.uint8)
    red[..., 0], green[..., 1] = 255, 255
    scores = loaded.classifier.scores(np.concatenate([red, green]))
    assert scores.argmax(1).tolist() == [0, 1]
    assert scores[0, 0] == pytest.approx(np.exp(4) / (np.exp(4) + 2))
    assert not loaded.classifier.notes


def test_data_outside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "linked.bin").symlink_to("/etc/hostname")
    for location in ("../secret.bin", "/etc/hostname", "linked.bin"):
        _face_classifier(tmp_path / "a.onnx", location=location)
        with pytest.raises(WeightsError, match=f"keeps its numbers outside its folder .{location}"):
            foreign.load(f"onnx:{tmp_path}/a.onnx", "face")


def test_what_is_no_onnx(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"nothing at all")
    with pytest.raises(WeightsError, match="is no ONNX file"):
        foreign.load(f"onnx:{tmp_path}/a.onnx", "face")
    _face_classifier(tmp_path / "a.onnx")
    with pytest.raises(WeightsError, match="text reaches only what `emocli export text-small` made"):
        foreign.load(f"onnx:{tmp_path}/a.onnx", "text")


@pytest.mark.slow
@pytest.mark.parametrize(("form", "ending"), [("onnx", ".onnx"), ("torchscript", ".pt")])
def test_our_own_words_exported(tmp_path: Path, form: str, ending: str) -> None:
    if form == "onnx":
        pytest.importorskip("onnxscript", reason="`emocli export` writes ONNX with it: the train extra")
    from scipy.special import softmax

    from emocli import weights
    from emocli.text.model import load
    from emocli.training.export import export

    sentences = ["I am so happy about this", "leave me alone, I hate it", "x"]
    path = tmp_path / f"text{ending}"
    export("text-small", path, form=form)
    kind = "onnx" if form == "onnx" else "torchscript"
    scores = foreign.load(f"{kind}:{path}", "text", trust=True).classifier.scores(sentences)
    temperature = weights.manifest()["text-small"].temperature
    ours = softmax(load(("text-small",)).logits(sentences, "en")[1] * temperature, axis=1)
    np.testing.assert_allclose(scores, ours, atol=1e-4)


@pytest.mark.long
def test_our_own_face_exported(tmp_path: Path) -> None:
    from scipy.special import softmax

    from emocli import weights
    from emocli.face.process import FaceProcess
    from emocli.training.export import export

    export("face", tmp_path / "face.onnx", form="onnx")
    crops = foreign.crops(3, 48)
    scores = foreign.load(f"onnx:{tmp_path}/face.onnx", "face").classifier.scores(crops)
    with FaceProcess(weights.resolve("face"), device="cpu") as process:
        np.testing.assert_allclose(scores, softmax(process.classify(crops).result()[1], axis=1), atol=1e-4)


@pytest.mark.slow
def test_a_traced_face_classifier(tmp_path: Path) -> None:
    import torch
    from torch import nn

    network = nn.Sequential(nn.AvgPool2d(16), nn.Flatten(), nn.Linear(3, 2))
    torch.jit.trace(network, torch.zeros(1, 3, 16, 16)).save(str(tmp_path / "a.pt"))
    (tmp_path / "a.pt.toml").write_text('labels = ["happy", "sad"]\nsize = 16\nchannels = 3\n')
    crops = foreign.crops(2, 16, colour=True)
    scores = foreign.load(f"torchscript:{tmp_path}/a.pt", "face", trust=True).classifier.scores(crops)
    with torch.no_grad():
        wanted = network(torch.from_numpy(crops).permute(0, 3, 1, 2) / 255).softmax(1)
    np.testing.assert_allclose(scores, wanted, atol=1e-5)
