"""Training of the face network on FER2013 pixels with FER+ votes mixed into the labels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from emocli.emotions import EMOTIONS
from emocli.training import metrics
from emocli.training.corpora import faces as corpus
from emocli.training.loop import Batch, Epoch, Schedule, seed_all, train


def targets(faces: corpus.Faces, votes_share: float) -> np.ndarray:
    """(n, 7) soft targets: the ten votes and the competition's label, mixed."""
    label = np.eye(len(EMOTIONS), dtype=np.float32)[faces.labels]
    voted = faces.votes.sum(1, keepdims=True) > 0
    return np.where(voted, votes_share * faces.votes + (1 - votes_share) * label, label).astype(np.float32)


def augment(images: Any, size: int, strength: float) -> Any:
    """Flip, turn, scale, shift, light, blur and erase a (n, 1, 48, 48) batch, cut to `size`."""
    import torch
    import torch.nn.functional as F

    n = len(images)

    def spread(low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(n)

    angle = spread(-0.26, 0.26) * strength
    scale = torch.exp(spread(-0.16, 0.10) * strength)
    flip = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = flip * scale * angle.cos(), -scale * angle.sin()
    theta[:, 1, 0], theta[:, 1, 1] = flip * scale * angle.sin(), scale * angle.cos()
    theta[:, :, 2] = torch.stack([spread(-0.12, 0.12), spread(-0.12, 0.12)], 1) * strength
    theta[:, :, :2] *= size / images.shape[-1]
    grid = F.affine_grid(theta, [n, 1, size, size], align_corners=False)
    x = F.grid_sample(images, grid, padding_mode="border", align_corners=False)
    middle = x.mean((2, 3), keepdim=True)
    contrast, light = spread(0.65, 1.35), spread(-30.0, 30.0)
    x = (x - middle) * contrast.view(-1, 1, 1, 1) + middle + light.view(-1, 1, 1, 1)
    soft = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    x = torch.where((torch.rand(n) < 0.12).view(-1, 1, 1, 1), soft, x)
    side = torch.arange(size)
    cy, cx, half = torch.randint(0, size, (n,)), torch.randint(0, size, (n,)), torch.randint(4, size // 4, (n,))
    hole = ((side[None, :, None] - cy[:, None, None]).abs() < half[:, None, None]) \
        & ((side[None, None, :] - cx[:, None, None]).abs() < half[:, None, None]) \
        & (torch.rand(n) < 0.5)[:, None, None]
    return torch.where(hole[:, None], middle, x).clamp(0, 255)


def fit(data: Path, recipe: dict[str, Any], out: Path) -> Iterator[Epoch]:
    """Train as `recipe` says; writes `face.keras` and `temperature.txt` into `out` at the end.

    What is written is the mean of the last stages' weights (Wortsman et al. 2022), each counting
    as much as `average` says.
    """
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras
    import torch

    from emocli.face import network

    training = corpus.load(data, "train")
    public, private = corpus.load(data, "public_test"), corpus.load(data, "private_test")
    training = training.take(~corpus.repeated(training, public) & ~corpus.repeated(training, private))
    public = public.take(~corpus.repeated(public, private))
    pixels = torch.from_numpy(training.images)[:, None].float()
    batch = recipe["batch"]
    steps = len(training) // batch

    seed_all(recipe["seed"])
    keras.utils.clear_session()  # layer names count up within a process; a checkpoint goes by them
    keras.utils.set_random_seed(recipe["seed"])
    shape = {"channels": tuple(recipe["channels"]), "blocks": tuple(recipe["blocks"]),
             "dropout": recipe["dropout"]}
    models = [network.build(size=stage["crop"], **shape) for stage in recipe["stages"]]
    full = network.build(**shape)

    def logits_of(reader: Any, faces: corpus.Faces) -> np.ndarray:
        parts = []
        with torch.no_grad():
            for i in range(0, len(faces), 256):
                x = torch.from_numpy(faces.images[i:i + 256]).float()[..., None]
                parts.append(reader(x, training=False)["logits"].numpy())
        return np.concatenate(parts)

    def batches(stage: dict[str, Any], target: torch.Tensor) -> Iterator[Batch]:
        order = torch.randperm(len(training))
        for i in range(steps):
            picked = order[i * batch:(i + 1) * batch]
            x, y = augment(pixels[picked], stage["crop"], stage["augment"]), target[picked]
            if stage["mixup"] and torch.rand(()) < 0.5:
                share = float(np.random.beta(stage["mixup"], stage["mixup"]))
                x, y = share * x + (1 - share) * x.flip(0), share * y + (1 - share) * y.flip(0)
            yield x.permute(0, 2, 3, 1), y

    def validate(model: Any) -> dict[str, float]:
        full.set_weights(model.get_weights())
        logits, voted = logits_of(full, public), public.majority >= 0
        whole = metrics.summary(logits, public.labels)
        return {"accuracy": whole["accuracy"], "macro_f1": whole["macro_f1"],
                "ferplus": float(np.mean(logits.argmax(1)[voted] == public.majority[voted]))}

    for number, (model, stage) in enumerate(zip(models, recipe["stages"], strict=True), 1):
        if number > 1:
            model.set_weights(models[number - 2].get_weights())
        target = torch.from_numpy(targets(training, stage["votes_share"]))
        yield from train(model, lambda _, stage=stage, target=target: batches(stage, target),  # type: ignore[misc]
                         forward=lambda x, model=model: model(x, training=True)["logits"],  # type: ignore[misc]
                         validate=partial(validate, model), steps_per_epoch=steps,
                         schedule=Schedule(**stage["schedule"]), checkpoint=out / f"stage{number}.pt",
                         seed=recipe["seed"], best_by="accuracy")
    # Stages nearer to one kind of label and to the other, averaged, beat each on both.
    last = [model.get_weights() for model in models[-len(recipe["average"]):]]
    full.set_weights([np.average(some, axis=0, weights=recipe["average"]) for some in zip(*last, strict=True)])
    both = network.mirrored(full)
    temperature = metrics.fit_temperature(logits_of(both, public), public.labels)
    (out / "temperature.txt").write_text(f"{temperature:.4f}\n")
    part = out / "part.keras"
    both.save(part)
    part.replace(out / "face.keras")
