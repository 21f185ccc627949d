"""`.keras` files with weights in half precision."""

import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from emocli.training.half_precision import WEIGHTS, halve


def test_weights_are_halved_and_the_rest_is_kept(tmp_path: Path) -> None:
    kernel = np.random.default_rng(0).normal(size=(30, 20)).astype(np.float32)
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        file.attrs["version"] = "3"
        file.create_group("layers/empty").attrs["name"] = "pool"
        file["layers/dense/vars/0"] = kernel
        file["layers/dense/vars/0"].attrs["name"] = "kernel"
        file["layers/dense/vars/1"] = np.int64(7)
    with zipfile.ZipFile(tmp_path / "whole.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr(WEIGHTS, memory.getvalue())
    halve(tmp_path / "whole.keras", tmp_path / "half.keras")
    with zipfile.ZipFile(tmp_path / "half.keras") as archive:
        assert archive.namelist() == ["config.json", WEIGHTS]
        assert archive.read("config.json") == b"{}"
        with h5py.File(io.BytesIO(archive.read(WEIGHTS))) as file:
            half = file["layers/dense/vars/0"]
            assert half.dtype == np.float16
            assert half[()] == pytest.approx(kernel, rel=1e-3, abs=1e-6)
            assert half.attrs["name"] == "kernel"
            assert file["layers/dense/vars/1"][()] == 7
            assert file["layers/dense/vars/1"].dtype == np.int64
            assert file["layers/empty"].attrs["name"] == "pool"
            assert file.attrs["version"] == "3"
