"""Training of the face network; Keras on PyTorch wants a process of its own."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from support.cli import emocli
from support.corpora import RECIPES, mosaic, toml

from emocli.errors import UsageError
from emocli.training.checkpoint import Checkpoint
from emocli.training.corpora.faces import SPLITS
from emocli.training.tasks import face_data

RECIPE: dict[str, Any] = RECIPES["face"]
#: Two stages of which the second is deeper.
GROW = """
import numpy as np, torch
from emocli.face import network
from emocli.training.tasks.face import begin
shallow, deep = (network.build(channels=(8, 8, 16, 16), blocks=blocks) for blocks in [(1, 1, 1), (2, 1, 3)])
shallow.set_weights([np.random.default_rng(0).uniform(0.1, 0.5, w.shape) for w in shallow.get_weights()])
begin([shallow, deep], [1.0], copy_head=False)
faces = torch.rand(2, 48, 48, 1) * 255
with torch.no_grad():
    answers = [model(faces, training=False)["logits"].numpy() for model in (shallow, deep)]
np.testing.assert_allclose(*answers, rtol=1e-5)
assert np.ptp(answers[0]) > 0
"""


@pytest.mark.slow
@pytest.mark.long
def test_the_command_trains_all_stages(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(toml(RECIPE))
    out = tmp_path / "run"
    command = ("train", "face", "--data", tiny, "-o", out, "--recipe", tmp_path / "recipe.toml", "--threads",
               "1")
    first = emocli(*command)
    assert first.returncode == 0, first.stderr
    assert first.stdout.count("epoch   1/1") == 3
    written = {path.name for path in out.iterdir()}
    assert written == {"curves", "teacher.pt", "stage1.pt", "stage2.pt", "face.keras", "face.tflite",
                       "temperature.txt"}
    assert "model.weights.h5" in zipfile.ZipFile(out / "face.keras").namelist()
    dataset = face_data.load_dataset(tiny, RECIPE)
    assert Checkpoint(out / "stage2.pt", dataset.origin).load() is not None


def test_other_faces_and_another_recipe_are_another_run(tiny: Path, tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "stage1.pt", face_data.load_dataset(tiny, RECIPE).origin)
    kept.save({"epoch": 1})
    (tmp_path / "faces").mkdir()
    for number, split in enumerate(SPLITS):
        mosaic(tmp_path / "faces" / f"fer2013_{split}.png", 70, 10 + number)  # the same labels
    for data, recipe, named in ((tmp_path, RECIPE, "data"), (tiny, RECIPE | {"dropout": 0.2}, "recipe"),
                                (tiny, RECIPE | {"seed": 2}, "seed")):
        with pytest.raises(UsageError, match=f"another {named}"):
            Checkpoint(kept.path, face_data.load_dataset(data, recipe).origin).load()

@pytest.mark.slow
def test_a_deeper_stage_begins_as_the_shallower_one() -> None:
    done = subprocess.run([sys.executable, "-c", GROW], capture_output=True, text=True, check=False,
                          env=os.environ | {"KERAS_BACKEND": "torch"})
    assert done.returncode == 0, done.stderr
