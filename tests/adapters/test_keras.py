"""Keras models of others, in their own process."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from support import foreign
from support.paths import SHARED

from emocli.adapters.classifier import LoadOptions
from emocli.adapters.keras_model import MOST_CONFIG, KerasModel
from emocli.adapters.reference import Reference
from emocli.errors import EmocliError, WeightsError

WEIGHTS = SHARED / "data" / "weights"
MINI_XCEPTION = WEIGHTS / "baselines" / "fer2013_mini_XCEPTION.102-0.66.hdf5"


@pytest.mark.slow
def test_classifiers_and_their_cards(keras_files: Path) -> None:
    for name, size, colour in (("colour.keras", 32, True), ("grey.h5", 24, False)):
        loaded = foreign.load(f"keras:{keras_files / name}", "face")
        model = loaded.classifier
        try:
            assert (model.size, model.colour) == (size, colour)  # type: ignore[attr-defined]
            scores = model.scores(foreign.crops(3, size, colour=colour))
            assert scores.sum(1) == pytest.approx(np.ones(3))
            assert np.ptp(scores, 0).max() > 0
            assert bool(model.notes) is (name == "grey.h5")
            with pytest.raises(EmocliError, match=r"cannot read inputs of"):
                model.scores(foreign.crops(1, 8, colour=not colour))
            assert "torch" not in sys.modules or "tensorflow" not in sys.modules
        finally:
            model.close()


@pytest.mark.slow
def test_what_is_no_classifier_of_faces(keras_files: Path) -> None:
    (keras_files / "wide.keras.toml").write_text('labels = ["happy", "sad", "angry"]')
    with pytest.raises(WeightsError, match="takes inputs of 24 x 48 x 1, which are no square pictures"):
        foreign.load(f"keras:{keras_files}/wide.keras", "face")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lambda.keras", "lambda.h5"])
def test_code_in_a_layer(keras_files: Path, name: str) -> None:
    with pytest.raises(WeightsError, match=r"has a Lambda layer, which runs code.*--trust"):
        foreign.load(f"keras:{keras_files / name}", "face")


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(WeightsError, match="is a pickle"):
        foreign.load(f"keras:{path}", "face")
    path.write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="is no Keras file"):
        foreign.load(f"keras:{path}", "face")
    path.write_bytes(b"PK\x03\x04broken")
    with pytest.raises(WeightsError, match="or is damaged"):
        foreign.load(f"keras:{path}", "face")
    with h5py.File(path, "w") as file:
        file["kernel"] = np.zeros(3)
    with pytest.raises(WeightsError, match="weights without a structure"):
        foreign.load(f"keras:{path}", "face")
    with pytest.raises(WeightsError, match=r"not one \.json"):
        foreign.load(f"keras-json:{tmp_path}", "face")


def _keras_zip(path: Path, layer: dict[str, Any], padding: str = "") -> None:
    """A .keras file with one layer over pictures of 16 x 16, and no weights."""
    layers = [{"class_name": "InputLayer", "config": {"batch_shape": [None, 16, 16, 1], "name": "a"}}, layer]
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}, "padding": padding}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.13.0"}))


@pytest.mark.slow
def test_a_layer_of_any_size(tmp_path: Path) -> None:
    """It fails in the child, and takes no memory of others."""
    _keras_zip(tmp_path / "a.keras", {"class_name": "Conv2D", "config": {
        "name": "b", "filters": 10**10, "kernel_size": [3, 3]}})
    with pytest.raises(WeightsError, match=r"a\.keras: (cannot be loaded|its process)"):
        foreign.load(f"keras:{tmp_path}/a.keras", "face")


def test_a_structure_of_any_length(tmp_path: Path) -> None:
    _keras_zip(tmp_path / "a.keras", {"class_name": "Flatten", "config": {}}, " " * MOST_CONFIG)
    with pytest.raises(WeightsError, match="its structure is too long"):
        foreign.load(f"keras:{tmp_path}/a.keras", "face")


@pytest.mark.slow
@pytest.mark.shared
def test_the_feature_network_of_unlock_feeling() -> None:
    """Features equal those of the layers multiplied by hand."""
    picture = foreign.crops(2, 64, colour=True).astype(np.float32) / 255
    model = KerasModel(Reference("keras-json", str(WEIGHTS / "unlock_feeling")), LoadOptions())
    try:
        features = model.predict(picture)
    finally:
        model.close()
    assert features.shape == (2, 400)
    np.testing.assert_allclose(features, _by_hand(picture), rtol=1e-3, atol=1e-4)
    with pytest.raises(WeightsError, match="gives 400 numbers and does not say of what"):
        foreign.load(f"keras-json:{WEIGHTS / 'unlock_feeling'}", "face")


def _by_hand(x: np.ndarray) -> np.ndarray:
    folder = WEIGHTS / "unlock_feeling"
    layers = json.loads((folder / "featureAI.json").read_text())["config"]["layers"]
    with h5py.File(folder / "weights.hdf5") as file:
        for layer in layers:
            kind, name = layer["class_name"], layer["config"].get("name")
            if kind in ("Conv2D", "Dense"):
                own = file["model_weights"][name][name]
                kernel, bias = np.asarray(own["kernel:0"]), np.asarray(own["bias:0"])
            if kind == "Conv2D":
                windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))
                x = np.maximum(np.einsum("nhwcij,ijco->nhwo", windows, kernel) + bias, 0)
            elif kind == "MaxPooling2D":
                n, h, w, c = x.shape
                x = x[:, :h // 2 * 2, :w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c).max((2, 4))
            elif kind == "Flatten":
                x = x.reshape(len(x), -1)
            elif kind == "Dense":
                x = x @ kernel + bias
                x = np.maximum(x, 0) if layer["config"]["activation"] == "relu" else x
    return x


@pytest.mark.long
@pytest.mark.shared
def test_mini_xception_reaches_its_figure(data: Path, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "emocli", "evaluate", "face", "--data", data, "--json",
                           "--face", f"keras:{MINI_XCEPTION}", "-o", tmp_path],
                          capture_output=True, text=True, check=True)
    (figures,) = json.loads(done.stdout).values()
    assert figures["fer2013_private"]["accuracy"] == pytest.approx(0.6551, abs=0.002)
    assert figures["fer2013_private"]["answered"] == 1
