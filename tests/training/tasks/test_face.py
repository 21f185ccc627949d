"""Training of the face network; Keras on PyTorch wants a process of its own."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from support.cli import emocli
from support.corpora import RECIPES, mosaic, toml

from emocli.errors import UsageError
from emocli.training.checkpoint import Checkpoint
from emocli.training.corpora.faces import SPLITS
from emocli.training.tasks import face, face_data
from emocli.training.tasks.face_network import FaceNetwork

RECIPE: dict[str, Any] = RECIPES["face"]
#: Both networks give the same answers, whatever the depth.
SAME = """
import numpy as np, torch
from emocli.training.tasks.face import in_keras
from emocli.training.tasks.face_network import FaceNetwork
faces = torch.rand(3, 1, 48, 48) * 255
for channels, blocks in (((8, 8, 16, 16), (1, 1, 1)), ((16, 8, 24, 32), (2, 1, 3))):
    network = FaceNetwork(channels, blocks, 0.1)
    network.train()(torch.rand(64, 1, 48, 48) * 255)  # statistics that are not 0 and 1
    answer = network.eval()(faces).detach().numpy()
    out = in_keras(network)(faces.permute(0, 2, 3, 1), training=False)
    for n, head in enumerate(("logits", "label_logits")):
        np.testing.assert_allclose(out[head].detach().numpy(), answer[:, n], rtol=1e-3, atol=1e-4)
    assert out["features"].shape == (3, channels[-1])
    assert np.ptp(answer) > 0.01
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
    assert written == {"curves", "stage1.pt", "stage2.pt", "stage3.pt", "face.keras", "face.tflite",
                       "temperature.txt"}
    assert "model.weights.h5" in zipfile.ZipFile(out / "face.keras").namelist()
    dataset = face_data.load_dataset(tiny, RECIPE)
    assert Checkpoint(out / "stage3.pt", dataset.origin).load() is not None


def test_other_faces_and_another_recipe_are_another_run(tiny: Path, tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "stage1.pt", face_data.load_dataset(tiny, RECIPE).origin)
    kept.save({"epoch": 1})
    (tmp_path / "faces").mkdir()
    for number, split in enumerate(SPLITS):
        mosaic(tmp_path / "faces" / f"fer2013_{split}.png", 70, 10 + number)  # the same labels
    for data, recipe, named in ((tmp_path, RECIPE, "data"), (tiny, RECIPE | {"batch": 10}, "recipe"),
                                (tiny, RECIPE | {"seed": 2}, "seed")):
        with pytest.raises(UsageError, match=f"another {named}"):
            Checkpoint(kept.path, face_data.load_dataset(data, recipe).origin).load()


@pytest.mark.slow
def test_the_network_is_the_same_in_keras() -> None:
    done = subprocess.run([sys.executable, "-c", SAME], capture_output=True, text=True, check=False,
                          env=os.environ | {"KERAS_BACKEND": "torch"})
    assert done.returncode == 0, done.stderr


def test_where_stages_begin_and_who_teaches(tiny: Path, tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[tuple[str, torch.Tensor, list[float]]] = []

    def learn(network: FaceNetwork, dataset: Any, recipe: Any, stage: Any, kept: Checkpoint,
              teachers: list[FaceNetwork]) -> list[Any]:
        weight = network.layers["stem_conv"].weight
        taught_by = [teacher.layers["stem_conv"].weight.unique().item() for teacher in teachers]
        begun.append((kept.path.stem, weight.detach().clone(), taught_by))
        torch.nn.init.constant_(weight, 3 * len(begun))
        return []

    monkeypatch.setattr(face, "learn", learn)
    monkeypatch.setattr(face, "export", lambda *args: None)
    monkeypatch.setattr(face, "in_keras", lambda *args: None)
    assert not list(face.fit(tiny, RECIPE, tmp_path))
    assert [(name, taught_by) for name, _, taught_by in begun] == [
        ("stage1", []), ("stage2", []), ("stage3", [3, 6])]
    assert begun[0][1].std() > 0
    assert [float(weight.unique()) for _, weight, _ in begun[1:]] == [3, 5]  # (3 + 6 + 6) / 3


def test_a_stage_taught_by_networks(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = face_data.load_dataset(tiny, RECIPE)
    learner, *teachers = (FaceNetwork((8, 8), (1,), 0.1) for _ in range(3))
    batches: list[Any] = []
    monkeypatch.setattr(face, "train", lambda model, made, **rest: batches.append(next(made(0))) or [])
    stage = {"crop": 40, "augment": 1.0, "mixup": 0.0, "schedule": {"epochs": 1, "lr": 1e-3}}
    kept = Checkpoint(tmp_path / "a.pt", dataset.origin)
    for taught in (1.0, 0.0, 0.5):
        torch.manual_seed(1)
        assert not list(face.learn(learner, dataset, RECIPE, stage | {"taught": taught}, kept, teachers))
    predicted, labels, half = (target for _, target in batches)
    alone = [face.mean_probabilities([teacher], dataset.training) for teacher in teachers]
    rows = {tuple(row) for row in ((alone[0] + alone[1]) / 2).flatten(1).numpy().round(4).tolist()}
    assert {tuple(row) for row in predicted.flatten(1).numpy().round(4).tolist()} <= rows
    assert torch.allclose(half, (predicted + labels) / 2, atol=1e-5)
    assert not torch.allclose(labels, predicted, atol=0.05)


def test_a_stage_that_ends_between(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = face_data.load_dataset(tiny, RECIPE)
    network = FaceNetwork((8, 8), (1,), 0.1)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}

    def train(model: FaceNetwork, *args: Any, **settings: Any) -> list[Any]:
        model.load_state_dict({name: tensor + 1 for name, tensor in model.state_dict().items()})
        return []

    monkeypatch.setattr(face, "train", train)
    stage = {"crop": 48, "augment": 1.0, "spoil": 0.4, "mixup": 0.0, "way": 0.25,
             "schedule": {"epochs": 1, "lr": 1e-3}}
    kept = Checkpoint(tmp_path / "a.pt", dataset.origin)
    assert not list(face.learn(network, dataset, RECIPE, stage, kept))
    after = network.state_dict()
    for name in ("layers.stem_conv.weight", "layers.logits.bias"):
        assert torch.allclose(after[name], before[name] + 0.25, atol=1e-5)
    norm = network.layers["stem_norm"]
    seen: list[torch.Tensor] = []
    network.layers["stem_conv"].register_forward_hook(lambda layer, inputs, out: seen.append(out.float()))
    faces = torch.from_numpy(dataset.training.images)[:, None].float()
    with torch.no_grad():
        network.eval()(faces)
    assert torch.allclose(norm.running_mean, seen[0].mean((0, 2, 3)), atol=0.3)  # of faces, not of a guess
    assert norm.momentum == 0.1


@pytest.mark.parametrize(("number", "change", "named"), [
    (1, {"share": 2}, "share: is no setting"), (2, {"begins": [3]}, "begins: names a stage that"),
    (0, {"begins": [1]}, "not before stage 1"), (2, {"teachers": [0]}, "teachers: names a stage"),
    (1, {"way": 5}, "way: is 5"), (1, {"taught": 0.5}, "teachers are missing in stage 2"),
    (2, {"teachers": []}, "teachers are missing in stage 3")])
def test_a_recipe_of_other_settings(number: int, change: dict[str, Any], named: str) -> None:
    stages = list(RECIPE["stages"])
    stages[number] = stages[number] | change
    with pytest.raises(UsageError, match=named):
        face.check(RECIPE | {"stages": stages})
    face.check(RECIPE)


def test_a_recipe_of_a_version_before_and_one_without_a_setting() -> None:
    with pytest.raises(UsageError, match="members: is no setting of the face's recipe"):
        face.check({"seed": 1, "batch": 64, "members": []})
    with pytest.raises(UsageError, match="stages: is missing in the face's recipe"):
        face.check({name: value for name, value in RECIPE.items() if name != "stages"})
