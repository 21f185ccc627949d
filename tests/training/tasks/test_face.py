"""Training of the face network; Keras on PyTorch wants a process of its own."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.cli import emocli
from support.corpora import RECIPES, mosaic, toml

from emocli.errors import UsageError
from emocli.training.checkpoint import Checkpoint
from emocli.training.corpora.faces import SPLITS
from emocli.training.tasks import face

RECIPE: dict[str, Any] = RECIPES["face"]


@pytest.mark.slow
@pytest.mark.long
def test_the_command_trains_all_stages(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(toml(RECIPE))
    out = tmp_path / "run"
    command = ("train", "face", "--data", tiny, "-o", out, "--recipe", tmp_path / "recipe.toml", "--threads",
               "1")
    first = emocli(*command)
    assert first.returncode == 0, first.stderr
    assert first.stdout.count("epoch   1/1") == 2
    written = {path.name for path in out.iterdir()}
    assert written == {"curves", "stage1.pt", "stage2.pt", "face.keras", "face.tflite",
                                                     "temperature.txt"}
    assert "model.weights.h5" in zipfile.ZipFile(out / "face.keras").namelist()
    dataset = face.load_dataset(tiny, RECIPE)
    assert Checkpoint(out / "stage2.pt", dataset.origin).load() is not None


def test_other_faces_and_another_recipe_are_another_run(tiny: Path, tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "stage1.pt", face.load_dataset(tiny, RECIPE).origin)
    kept.save({"epoch": 1})
    (tmp_path / "faces").mkdir()
    for number, split in enumerate(SPLITS):
        mosaic(tmp_path / "faces" / f"fer2013_{split}.png", 70, 10 + number)  # the same labels
    for data, recipe, named in ((tmp_path, RECIPE, "data"), (tiny, RECIPE | {"dropout": 0.2}, "recipe"),
                                (tiny, RECIPE | {"seed": 2}, "seed")):
        with pytest.raises(UsageError, match=f"another {named}"):
            Checkpoint(kept.path, face.load_dataset(data, recipe).origin).load()


def test_targets_mix_votes_and_labels(tiny: Path) -> None:
    faces = face.corpus.load(tiny, "train")
    target = face.targets(faces, 0.5)
    assert target.shape == (70, 2, 7)
    assert target.sum(2) == pytest.approx(1, abs=1e-6)
    assert (target.argmax(2) == faces.labels[:, None]).all()
    assert target[:, 1].max() == pytest.approx(0.9 + 0.1 / 7)


@pytest.mark.parametrize("size", [40, 48])
def test_augmented_faces_stay_pictures(size: int) -> None:
    torch.manual_seed(0)
    images = torch.rand(8, 1, 48, 48) * 255
    spoilt = face.augment(images, size, 1.0)
    assert spoilt.shape == (8, 1, size, size)
    assert 0 <= float(spoilt.min()) <= float(spoilt.max()) <= 255


def test_accuracy_is_over_the_items_with_a_label() -> None:
    assert face.accuracy(np.eye(7)[[0, 1, 2, 3]], np.array([0, -1, 2, 4])) == pytest.approx(2 / 3)


def test_a_share_of_the_pictures_is_spoilt_and_the_rest_left_alone() -> None:
    torch.manual_seed(0)
    pictures = 255 * torch.rand(400, 1, 48, 48)
    spoilt = face.spoil(pictures, 0.4)
    changed = (spoilt - pictures).abs().amax((1, 2, 3)) > 1e-3
    assert 0.3 < float(changed.float().mean()) < 0.5
    assert float(spoilt.min()) >= 0
    assert float(spoilt.max()) <= 255.1
    darker = spoilt.mean((1, 2, 3)) < 0.85 * pictures.mean((1, 2, 3))
    assert 0.05 < float(darker.float().mean()) < 0.15
    smoother = spoilt.std((1, 2, 3)) < 0.85 * pictures.std((1, 2, 3))
    assert float((smoother & ~darker).float().mean()) > 0.1
    assert torch.equal(face.spoil(pictures, 0.0), pictures)
