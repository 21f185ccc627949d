"""Other forms of the shipped networks."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from support.cli import emocli
from support.paths import REPO
from typer.testing import CliRunner

from emocli.cli.app import app
from emocli.errors import UsageError
from emocli.text.model import TextModel
from emocli.training import export, throughput
from emocli.training.export_inputs import inputs_of
from emocli.weights import manifest, resolve


@pytest.mark.slow
@pytest.mark.parametrize("modality", ["voice", "text-small"])
@pytest.mark.parametrize("form", ["torchscript", pytest.param("onnx", marks=pytest.mark.long)])
def test_forms_answer_alike_and_get_smaller(modality: str, form: str, tmp_path: Path) -> None:
    sizes = []
    for quantize, most in (("none", 1e-5), ("fp16", 1e-3), ("int8", 0.02)):
        target = tmp_path / f"{quantize}{export.ENDINGS[form]}"
        report = export.export(modality, target, form=form, quantize=quantize)
        assert report.difference < most
        assert report.f1 is None
        assert report.path.stat().st_size == report.bytes
        sizes.append(report.bytes)
    assert len(sizes) == 3
    assert sizes == sorted(sizes, reverse=True)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.slow
@pytest.mark.parametrize("form", ["torchscript", "onnx"])
def test_forms_of_the_fusion_head(form: str, tmp_path: Path) -> None:
    assert export.export("fusion", tmp_path / f"a{export.ENDINGS[form]}", form=form).difference < 1e-5


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(("form", "quantize", "most", "size"), [
    ("keras", "none", 1e-5, 4.2), ("tflite", "none", 1e-3, 4.1), ("tflite", "fp16", 1e-2, 2.1),
    ("tflite", "int8", 0.1, 1.1), ("onnx", "none", 1e-3, 4.1)])
def test_forms_of_the_face_network(form: str, quantize: str, most: float, size: float,
                                   tmp_path: Path) -> None:
    """`size` is in bytes a parameter."""
    report = export.export("face", tmp_path / f"a.{form}", form=form, quantize=quantize)
    assert report.difference < most
    assert report.bytes < size * throughput.parameters("face")
    assert [path.name for path in tmp_path.iterdir()] == [f"a.{form}"]


@pytest.mark.slow
def test_an_exported_head_answers_in_its_language(tmp_path: Path) -> None:
    """The exported words are those of the language that was asked for."""
    (inputs, *_), labels = inputs_of("text-small", None)
    assert labels is None
    with torch.no_grad():
        english, korean = (export.load("text-small", language)(*map(torch.from_numpy, inputs))[1].numpy()
                           for language in ("en", "ko"))
    assert np.abs(english - korean).max() > 0.1
    export.export("text-small", tmp_path / "a.onnx", form="onnx", language="ko")
    session = onnxruntime.InferenceSession(str(tmp_path / "a.onnx"))
    (again,) = session.run(["logits"], dict(zip(export.INPUTS["text-small"], inputs, strict=True)))
    assert again == pytest.approx(korean, abs=1e-4)


@pytest.mark.slow
def test_what_calibrates_an_exported_network_is_said(tmp_path: Path) -> None:
    words, fusion = (CliRunner().invoke(app, ["export", name, "--format", "torchscript", "-o",
                                              str(tmp_path / f"{name}.pt")]).stdout
                     for name in ("text-small", "fusion"))
    assert "calibrated" not in fusion  # its temperatures are inside
    (inputs, *_), _ = inputs_of("text-small", None)
    with torch.no_grad():
        _, logits = torch.jit.load(tmp_path / "text-small.pt")(*map(torch.from_numpy, inputs))
    temperature = float(words.split("softmax(logits / ")[1].split(")")[0])
    ours = TextModel(resolve("text-small"), temperature=manifest()["text-small"].temperature)
    sentences = ["I am so happy", "what a day", "leave me alone"]
    assert logits[:3].numpy() / temperature == pytest.approx(ours.logits(sentences, "en")[1], rel=1e-3)


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.long
def test_the_command_compares_on_labelled_data(data: Path, tmp_path: Path) -> None:
    exported = emocli("export", "voice", "--format", "torchscript", "--quantize", "int8", "-o",
                   tmp_path / "v.pt", "--data", data)
    assert exported.returncode == 0, exported.stderr
    known = json.loads((REPO / "weights" / "results.json").read_text(encoding="utf-8"))["voice"]
    assert f"macro-F1 {known['macro_f1']:.3f} before" in exported.stdout
    assert (tmp_path / "v.pt").stat().st_size < 0.3 * 4 * known["parameters"]
    again = emocli("export", "voice", "--format", "torchscript", "-o", tmp_path / "v.pt")
    assert (again.returncode, "exists already" in again.stderr) == (2, True)


@pytest.mark.slow
def test_labelled_data_tells_the_macro_f1_before_and_after(tiny: Path, tmp_path: Path) -> None:
    report = export.export("text-small", tmp_path / "a.pt", form="torchscript", quantize="int8", data=tiny)
    assert report.f1 is not None
    before, after = report.f1
    assert 0.3 < before <= 1
    assert after == pytest.approx(before, abs=0.1)


@pytest.mark.parametrize(("modality", "form", "quantize", "cause"), [
    ("fusion", "onnx", "fp16", "a few dozen numbers"),
    ("voice", "tflite", "none", "cannot be written as tflite"),
    ("face", "torchscript", "none", "cannot be written"), ("face", "onnx", "int8", "only in tflite")])
def test_forms_that_a_network_cannot_take(modality: str, form: str, quantize: str, cause: str,
                                          tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=cause):
        export.export(modality, tmp_path / "a", form=form, quantize=quantize)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("args", "cause"), [
    (["voices", "--format", "onnx"], "voices is not known"),
    (["voice", "--format", "onnx", "--quantize", "int4"], "int4 is not known"),
    (["voice", "--format", "onnx", "-o", "a.pt"], "does not end in .onnx")])
def test_wrong_calls(args: list[str], cause: str) -> None:
    refused = CliRunner().invoke(app, ["export", *args])
    assert isinstance(refused.exception, UsageError)
    assert cause in str(refused.exception)
