"""What is said of models that cannot be loaded."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support import foreign

from emocli.adapters.kinds import KINDS
from emocli.errors import UsageError, WeightsError


def test_a_model_of_another_modality() -> None:
    with pytest.raises(UsageError, match="kobert-concat models read text, not face"):
        foreign.load("kobert-concat:somewhere", "face")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        foreign.load(f"keras:{tmp_path}/none.h5", "face")


def test_a_missing_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.onnx").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(WeightsError, match=r"a\.onnx: needs onnxruntime.*pip install 'emocli\[onnx\]'"):
        foreign.load(f"onnx:{tmp_path}/a.onnx", "face")


def test_a_program_wants_trust(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"no program")
    with pytest.raises(UsageError, match=r"is a program.*--trust"):
        foreign.load(f"torchscript:{tmp_path}/a.pt", "text")


@pytest.mark.slow
def test_no_torchscript(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"no program")
    with pytest.raises(WeightsError, match="is no TorchScript file"):
        foreign.load(f"torchscript:{tmp_path}/a.pt", "text", trust=True)


def test_every_kind_reads_a_modality_and_says_what_it_is() -> None:
    assert all(kind.what and kind.licence and (kind.modules or name == "builtin")
               for name, kind in KINDS.items())
