"""Training of the face network on FER2013 pixels with FER+ votes mixed into the labels."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from emocli.emotions import EMOTIONS
from emocli.storage import atomic, scratch, write_text
from emocli.training import corruptions, metrics
from emocli.training.checkpoint import Checkpoint, Origin, origin
from emocli.training.convert import convert
from emocli.training.corpora import faces as corpus
from emocli.training.loop import Batch, Epoch, Schedule, seed_all, train


def targets(faces: corpus.Faces, votes_share: float, smoothing: float = 0.1) -> np.ndarray:
    """(n, 2, 7) soft targets: for the first head the ten votes and the competition's label, mixed;
    for the second the label, smoothed."""
    label = np.eye(len(EMOTIONS), dtype=np.float32)[faces.labels]
    voted = faces.votes.sum(1, keepdims=True) > 0
    first = np.where(voted, votes_share * faces.votes + (1 - votes_share) * label, label)
    return np.stack([first, (1 - smoothing) * label + smoothing / len(EMOTIONS)], 1).astype(np.float32)


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
    cy, cx = torch.randint(0, size, (n,)), torch.randint(0, size, (n,))
    half = torch.randint(4, size // 4, (n,))
    hole = ((side[None, :, None] - cy[:, None, None]).abs() < half[:, None, None]) \
        & ((side[None, None, :] - cx[:, None, None]).abs() < half[:, None, None]) \
        & (torch.rand(n) < 0.5)[:, None, None]
    return torch.where(hole[:, None], middle, x).clamp(0, 255)


def spoil(images: Any, share: float) -> Any:
    """Blur, darken, shrink or turn that share of a (n, 1, s, s) batch, each a quarter of it, by chance as far
    as twice what `corruptions` does."""
    import torch
    import torch.nn.functional as F

    out, kind = images.clone(), torch.randint(0, 4, (len(images),))
    kind[torch.rand(len(images)) >= share] = -1
    size, level = images.shape[-1], float(torch.rand(()))
    blurred, dark, small, turned = (torch.nonzero(kind == k)[:, 0] for k in range(4))
    if len(blurred):
        taps = torch.exp(-torch.arange(-6.0, 7.0).square() / (2 * (0.6 + 1.9 * level) ** 2))
        taps = (taps / taps.sum())[None, None]
        rows = F.conv2d(F.pad(images[blurred], (6, 6, 6, 6), mode="replicate"), taps[..., None])
        out[blurred] = F.conv2d(rows, taps[:, :, None])
    out[dark] = images[dark] * (0.15 + 0.65 * torch.rand(len(dark), 1, 1, 1))
    if len(small):
        few = F.interpolate(images[small], size=round(size * (0.3 + 0.45 * level)), mode="area")
        out[small] = F.interpolate(few, size=size, mode="bilinear", align_corners=False)
    if len(turned):
        angle = (torch.rand(len(turned)) - 0.5) * 1.2
        turn = torch.zeros(len(turned), 2, 3)
        turn[:, 0, 0], turn[:, 0, 1] = angle.cos(), -angle.sin()
        turn[:, 1, 0], turn[:, 1, 1] = angle.sin(), angle.cos()
        grid = F.affine_grid(turn, [len(turned), 1, size, size], align_corners=False)
        out[turned] = F.grid_sample(images[turned], grid, padding_mode="border", align_corners=False)
    return out


@dataclass(frozen=True)
class Dataset:
    """Faces to learn from, none of which stands among the others, and to judge by; `origin` for
    checkpoints."""

    training: corpus.Faces
    held: corpus.Faces
    origin: Origin


def load_dataset(data: Path, recipe: Mapping[str, Any]) -> Dataset:
    """FER2013's training and public test pictures, without those that stand twice."""
    training, public, private = (corpus.load(data, split) for split in corpus.SPLITS)
    training = training.take(~corpus.repeated(training, public) & ~corpus.repeated(training, private))
    public = public.take(~corpus.repeated(public, private))
    return Dataset(training, public, origin("face", recipe, training.images, training.labels, training.votes,
                                            public.images, public.labels, public.majority))


def fit(data: Path, recipe: dict[str, Any], out: Path) -> Iterator[Epoch]:
    """Train as `recipe` says; writes `face.keras`, `face.tflite` and `temperature.txt` into `out` at the end.

    A stage begins with the mean of the weights of the stages before it, the latest last, counting as
    much as its `begin` says (Wortsman et al. 2022); where it is the first with both heads, the
    second begins as a copy of the first.  What is written is the last stage's best epoch.
    """
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    from emocli.face import network

    dataset = load_dataset(data, recipe)
    seed_all(recipe["seed"])
    keras.utils.clear_session()  # layer names count up within a process; a checkpoint goes by them
    keras.utils.set_random_seed(recipe["seed"])
    shape = {"channels": tuple(recipe["channels"]), "blocks": tuple(recipe["blocks"]),
             "dropout": recipe["dropout"]}
    stages = recipe["stages"]
    models = [network.build(size=stage["crop"], **shape) for stage in stages]
    whole = network.build(**shape)
    for number, stage in enumerate(stages):
        if number:
            begin(models[:number + 1], stage.get("begin", [1.0]),
                  copy_head=stage["heads"] > stages[number - 1]["heads"])
        yield from learn(models[number], whole, dataset, recipe, stage,
                         Checkpoint(out / f"stage{number + 1}.pt", dataset.origin))
    whole.set_weights(models[-1].get_weights())
    export(whole, dataset.held, out)


def begin(models: Sequence[Any], shares: Sequence[float], *, copy_head: bool) -> None:
    """Give the last of the models the mean of the ones before it, as many as there are `shares`; with
    `copy_head`, its second head begins as the first."""
    from emocli.face import network

    *before, model = models
    weights = [m.get_weights() for m in before[-len(shares):]]
    model.set_weights([np.average(layers, axis=0, weights=shares) for layers in zip(*weights, strict=True)])
    if copy_head:
        first, second = map(model.get_layer, network.HEADS)
        second.set_weights(first.get_weights())


def learn(model: Any, whole: Any, dataset: Dataset, recipe: Mapping[str, Any], stage: Mapping[str, Any],
          checkpoint: Checkpoint) -> Iterator[Epoch]:
    """One stage: train a model of its crop; `whole`, of the full size, judges its weights on faces that are
    held out."""
    import torch

    from emocli.face.network import HEADS

    heads, batch, held = stage["heads"], recipe["batch"], dataset.held
    pixels = torch.from_numpy(dataset.training.images)[:, None].float()
    target = torch.from_numpy(targets(dataset.training, stage["votes_share"])[:, :heads])
    steps = len(pixels) // batch

    def batches(epoch: int) -> Iterator[Batch]:
        order = torch.randperm(len(pixels))
        for i in range(steps):
            picked = order[i * batch:(i + 1) * batch]
            x, y = augment(pixels[picked], stage["crop"], stage["augment"]), target[picked]
            x = spoil(x, stage["spoil"]) if stage.get("spoil") else x
            if stage["mixup"] and torch.rand(()) < 0.5:
                share = float(np.random.beta(stage["mixup"], stage["mixup"]))
                x, y = share * x + (1 - share) * x.flip(0), share * y + (1 - share) * y.flip(0)
            yield x.permute(0, 2, 3, 1), y

    def forward(images: torch.Tensor) -> torch.Tensor:
        out = model(images, training=True)
        return torch.stack([out[name] for name in HEADS[:heads]], 1)

    spoilt = [replace(held, images=corruptions.spoil_faces(held.images, kind)) for kind in corruptions.FACES
              ] if stage.get("spoil") else []

    def validate() -> dict[str, float]:
        whole.set_weights(model.get_weights())
        logits = logits_of(whole, held)
        votes, label = accuracy(logits[0], held.majority), accuracy(logits[heads - 1], held.labels)
        result = {"votes": votes, "label": label, "score": votes + label if heads > 1 else label}
        if spoilt:
            result["spoilt"] = float(np.mean([accuracy(logits_of(whole, s)[0], s.majority) for s in spoilt]))
            result["score"] += result["spoilt"]
        return result

    yield from train(model, batches, forward=forward, validate=validate, steps_per_epoch=steps,
                     schedule=Schedule(**stage["schedule"]), checkpoint=checkpoint, seed=recipe["seed"],
                     best_by="score")


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share of right answers (n, 7) among the items with a label, -1 being none."""
    return float(np.mean(logits.argmax(1)[labels >= 0] == labels[labels >= 0]))


def logits_of(model: Any, faces: corpus.Faces) -> list[np.ndarray]:
    """(n, 7) logits of each head."""
    import torch

    from emocli.face.network import HEADS

    parts: list[list[np.ndarray]] = []
    with torch.no_grad():
        for i in range(0, len(faces), 256):
            out = model(torch.from_numpy(faces.images[i:i + 256]).float()[..., None], training=False)
            parts.append([out[head].numpy() for head in HEADS])
    return [np.concatenate(batches) for batches in zip(*parts, strict=True)]


def export(model: Any, public: corpus.Faces, out: Path) -> None:
    """Write `face.keras`, the network averaged over a face and its mirror image; `face.tflite`, the same
    network for one of the two; and the first head's `temperature.txt`; the second head's goes into its
    weights. `public` calibrates both."""
    from emocli.face import network

    both = network.mirrored(model)
    votes, label = logits_of(both, public)
    voted = public.majority >= 0
    temperature = metrics.fit_temperature(votes[voted], public.majority[voted])
    write_text(out / "temperature.txt", f"{temperature:.4f}\n")
    head = model.get_layer(network.HEADS[1])
    head.set_weights([w / metrics.fit_temperature(label, public.labels) for w in head.get_weights()])
    with atomic(out / "face.keras") as part:
        both.save(part)
    with scratch() as folder, atomic(out / "face.tflite") as part:
        model.save(folder / "single.keras")
        convert(folder / "single.keras", part)
