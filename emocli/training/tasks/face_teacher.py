"""Training of the teacher: a large network whose answers the shipped face network learns beside the labels
(distillation, Hinton et al. 2015).  It stays where it was trained."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from emocli.training import face_recognition
from emocli.training.checkpoint import Checkpoint
from emocli.training.corpora.faces import Faces
from emocli.training.face_recognition import ExpressionNetwork
from emocli.training.loop import Batch, Epoch, Schedule, seed_all, train
from emocli.training.tasks.face_data import Dataset, augment, judged, mixed, spoil, spoilt, targets

#: Faces that give the normalization its first statistics, and faces of one call.
STATISTICS, CALL = 512, 128


def enlarged(faces: Tensor, size: int) -> Tensor:
    """(n, 1, s, s) pictures at `size` px."""
    larger = F.interpolate(faces, size=size, mode="bilinear", align_corners=False)
    return larger.contiguous(memory_format=torch.channels_last)


class Teacher:
    """The network and the side of the pictures that it takes, px."""

    def __init__(self, recipe: Mapping[str, Any]) -> None:
        self.size: int = recipe["size"]
        self.network = ExpressionNetwork(dropout=recipe["dropout"])
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def logits(self, faces: Tensor) -> Tensor:
        """(n, 1, s, s) grey levels to (n, 2, 7)."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out: Tensor = self.network(enlarged(faces, self.size))
        return out.float()

    @torch.no_grad()
    def __call__(self, faces: Tensor) -> Tensor:
        """(n, 1, s, s) grey levels to (n, 2, 7) probabilities."""
        return self.logits(faces).softmax(-1)

    @torch.no_grad()
    def views(self, faces: Faces) -> np.ndarray:
        """(n, 2, 7) logits, the mean over each face and its mirror image."""
        pixels = torch.from_numpy(faces.images)[:, None].float().split(CALL)
        return torch.cat([(self.logits(x) + self.logits(x.flip(3))) / 2 for x in pixels]).numpy()


def fit(data: Path, dataset: Dataset, recipe: Mapping[str, Any],
        out: Path) -> Generator[Epoch, None, Teacher]:
    """Train the teacher by a recipe's `teacher` table; `teacher.pt` in `out` is its checkpoint.

    `pretrained`, where the table has it, is a folder in `data` with the weights to begin with.

    Raises `DataError` when that folder does not hold them.
    """
    settings, batch, held = recipe["teacher"], recipe["batch"], dataset.held
    seed_all(recipe["seed"])
    teacher = Teacher(settings)
    pixels = torch.from_numpy(dataset.training.images)[:, None].float()
    target = torch.from_numpy(targets(dataset.training, 1.0))
    if "pretrained" in settings:
        some = pixels[torch.randperm(len(pixels))[:STATISTICS]]
        face_recognition.start_from(teacher.network, data / settings["pretrained"],
                                    enlarged(some, teacher.size))
    steps = len(pixels) // batch

    def batches(epoch: int) -> Iterator[Batch]:
        order = torch.randperm(len(pixels))
        for picked in order[:steps * batch].split(batch):
            x = spoil(augment(pixels[picked], pixels.shape[-1], settings["augment"]),
                           settings["spoil"])
            yield mixed(x, target[picked], settings["mixup"])

    hard = spoilt(held)

    def validate() -> dict[str, float]:
        logits = list(teacher.views(held).swapaxes(0, 1))
        return judged(logits, held, [(teacher.views(s)[:, 0], s) for s in hard])

    yield from train(teacher.network, batches, forward=teacher.logits, validate=validate,
                     steps_per_epoch=steps, schedule=Schedule(**settings["schedule"]),
                     checkpoint=Checkpoint(out / "teacher.pt", dataset.origin), seed=recipe["seed"],
                     best_by="score")
    return teacher
