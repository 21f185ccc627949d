"""Other forms of the shipped networks."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emocli.errors import UsageError
from emocli.training import export
from emocli.training.samples import samples
from emocli.weights import resolve


def run(*args: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "emocli", *map(str, args)], capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("modality", ["voice", "text", "fusion"])
@pytest.mark.parametrize("form", ["torchscript", "onnx"])
def test_forms_answer_alike_and_get_smaller(modality: str, form: str, tmp_path: Path) -> None:
    sizes = []
    for quantize, most in (("none", 1e-5), ("fp16", 1e-3), ("int8", 0.02)):
        report = export.export(modality, tmp_path / f"{quantize}{export.ENDINGS[form]}", form=form, quantize=quantize)
        assert report.difference < most
        assert report.f1 is None
        assert report.path.stat().st_size == report.bytes
        sizes.append(report.bytes)
    assert sizes == sorted(sizes, reverse=True)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.slow
@pytest.mark.parametrize(("form", "quantize", "most", "size"), [
    ("keras", "none", 1e-5, 3e6), ("tflite", "none", 1e-3, 3e6), ("tflite", "fp16", 1e-2, 1.4e6),
    ("tflite", "int8", 0.1, 0.8e6), ("onnx", "none", 1e-3, 3e6)])
def test_forms_of_the_face_network(form: str, quantize: str, most: float, size: float, tmp_path: Path) -> None:
    report = export.export("face", tmp_path / f"a.{form}", form=form, quantize=quantize)
    assert report.difference < most
    assert report.bytes < size


@pytest.mark.slow
def test_one_head_answers(tmp_path: Path) -> None:
    """The exported words are those of the language that was asked for."""
    (inputs, *_), _ = samples("text", None)
    answers = [export._answer(export.load("text", language), inputs) for language in ("en", "ko")]
    assert np.abs(answers[0] - answers[1]).max() > 0.1
    export.export("text", tmp_path / "a.onnx", form="onnx", language="ko")
    again = export._run(tmp_path / "a.onnx", "onnx", "text")(inputs)
    assert again == pytest.approx(answers[1], abs=1e-4)


@pytest.mark.slow
@pytest.mark.shared
def test_the_command_compares_on_labelled_data(data: Path, tmp_path: Path) -> None:
    found = run("export", "voice", "--format", "torchscript", "--quantize", "int8", "-o", tmp_path / "v.pt",
                "--data", data)
    assert found.returncode == 0, found.stderr
    assert "macro-F1 0.6" in found.stdout
    assert (tmp_path / "v.pt").stat().st_size < 0.6 * resolve("voice").stat().st_size
    again = run("export", "voice", "--format", "torchscript", "-o", tmp_path / "v.pt")
    assert (again.returncode, "is there already" in again.stderr) == (2, True)


@pytest.mark.parametrize(("modality", "form", "quantize", "cause"), [
    ("voice", "tflite", "none", "cannot be written as tflite"), ("face", "torchscript", "none", "cannot be written"),
    ("face", "onnx", "int8", "only in tflite")])
def test_forms_that_a_network_cannot_take(modality: str, form: str, quantize: str, cause: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=cause):
        export.export(modality, tmp_path / "a", form=form, quantize=quantize)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("args", "cause"), [
    (["voices", "--format", "onnx"], "voices is not known"),
    (["voice", "--format", "onnx", "--quantize", "int4"], "int4 is not known"),
    (["voice", "--format", "onnx", "-o", "a.pt"], "does not end in .onnx")])
def test_wrong_calls(args: list[str], cause: str) -> None:
    found = run("export", *args)
    assert found.returncode == 2
    assert cause in found.stderr
