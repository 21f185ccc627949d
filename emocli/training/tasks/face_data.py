"""Faces to learn from and to judge by: targets, augmentation, spoilt pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from emocli.emotions import EMOTIONS
from emocli.training import corruptions
from emocli.training.checkpoint import Origin, origin
from emocli.training.corpora import faces as corpus


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


def targets(faces: corpus.Faces, smoothing: float = 0.1) -> np.ndarray:
    """(n, 2, 7) soft targets: for the first head the ten votes, or the competition's label where there are
    none; for the second the label, smoothed."""
    label = np.eye(len(EMOTIONS), dtype=np.float32)[faces.labels]
    voted = faces.votes.sum(1, keepdims=True) > 0
    first = np.where(voted, faces.votes, label)
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


def mixed(x: Any, y: Any, alpha: float) -> tuple[Any, Any]:
    """A batch as it is or, every other time, each picture and target mixed with another's (mixup, Zhang et
    al. 2018)."""
    if not alpha or np.random.random() < 0.5:
        return x, y
    share = float(np.random.beta(alpha, alpha))
    return share * x + (1 - share) * x.flip(0), share * y + (1 - share) * y.flip(0)


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


def spoilt(faces: corpus.Faces) -> list[corpus.Faces]:
    """Every fourth face, spoilt in each of the ways of `corruptions`."""
    few = faces.take(np.arange(len(faces)) % 4 == 0)
    return [replace(few, images=corruptions.spoil_faces(few.images, kind)) for kind in corruptions.FACES]


def judged(logits: np.ndarray, faces: corpus.Faces,
           hard: Sequence[tuple[np.ndarray, corpus.Faces]]) -> dict[str, float]:
    """Accuracies of both heads' logits (n, 2, 7), and of the first head's (n, 7) on the spoilt faces beside
    them; `score` is what epochs are chosen by."""
    result = {"votes": accuracy(logits[:, 0], faces.majority), "label": accuracy(logits[:, 1], faces.labels)}
    if hard:
        result["spoilt"] = float(np.mean([accuracy(z, faces.majority) for z, faces in hard]))
    return result | {"score": sum(result.values())}


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share of right answers (n, 7) among the items with a label, -1 being none."""
    return float(np.mean(logits.argmax(1)[labels >= 0] == labels[labels >= 0]))
