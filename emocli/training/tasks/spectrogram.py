"""Training of an image network of `transformers` on mel spectrograms: ConvNeXt, ResNet, ViT, EfficientNet.

One of the ways that emocli grew out of, to compare with and to build on; the shipped voice network is another
(`emocli.training.tasks.voice`).  Split by person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from emocli.emotions import EMOTIONS
from emocli.errors import WeightsError
from emocli.storage import write_text
from emocli.training import metrics
from emocli.training.checkpoint import Checkpoint, Origin, origin
from emocli.training.corpora import speech
from emocli.training.loop import Batch, Epoch, Schedule, seed_all, train
from emocli.voice.described import SHORTEST
from emocli.voice.features import FFT, HOP, SAMPLE_RATE, WINDOW, trim
from emocli.voice.spectrum import decibels, frames, mel_power

#: dB from white to black.
RANGE_DB = 80.0
#: Share of a side by which an image is shifted at most, and how often; area that is erased, and how often.
SHIFT, SHIFTED, ERASE, ERASED = 0.02, 0.5, (0.02, 0.08), 0.25
#: Share of a side that a time or a frequency mask covers at most.
MASK = 0.15


def image_of(samples: np.ndarray, side: int) -> np.ndarray:
    """(side, side) float32 from 0, 80 dB below the loudest, to 1: mel bands upwards, a whole trimmed clip
    across."""
    power = mel_power(frames(trim(samples), FFT, HOP), rate=SAMPLE_RATE, window=WINDOW, bands=side, low=50)
    level = decibels(power, 1e-9)
    grey = (level - level.max()).clip(-RANGE_DB) / RANGE_DB + 1
    return cv2.resize(np.ascontiguousarray(grey.T[::-1], np.float32), (side, side),
                      interpolation=cv2.INTER_AREA)


@dataclass(frozen=True)
class Dataset:
    """`images` (n, side, side) float32 in 0..1, `labels` (n,), `splits` (n,)."""

    images: np.ndarray
    labels: np.ndarray
    splits: np.ndarray
    origin: Origin

    @property
    def scale(self) -> tuple[float, float]:
        """Mean and deviation of the training images."""
        own = self.images[self.splits == "train"]
        return float(own.mean()), float(own.std())

    def where(self, split: str) -> np.ndarray:
        """Positions of a split."""
        return np.flatnonzero(self.splits == split)


def load_dataset(data: Path, recipe: Mapping[str, Any]) -> Dataset:
    """All clips of a recipe's corpora that are long enough."""
    images, clips = [], []
    for name in recipe["corpora"]:
        for clip in speech.read(data, name):
            if len(trim(clip.samples)) >= SHORTEST * SAMPLE_RATE:
                images.append(image_of(clip.samples, recipe["side"]))
                clips.append(clip.identity)
    _, labels, _, splits, _ = zip(*clips, strict=True)
    return Dataset(np.stack(images), np.array(labels), np.array(splits), origin("spectrogram", recipe, clips))


def augment(images: Tensor, random: np.random.Generator, margin: int) -> Tensor:
    """(n, s, s) images, each cut out of itself with a margin, shifted, masked in time and frequency, and now
    and then blackened in part."""
    count, side = len(images), images.shape[-1]
    wide = nn.functional.pad(images, (margin,) * 4)
    out = torch.empty_like(images)
    for i in range(count):
        top, left = random.integers(0, 2 * margin + 1, 2)
        if random.random() < SHIFTED:
            move = random.integers(-round(SHIFT * side), round(SHIFT * side) + 1, 2)
            top, left = np.clip((top + move[0], left + move[1]), 0, 2 * margin)
        image = wide[i, top:top + side, left:left + side].clone()
        for axis in (0, 1):
            width = int(random.integers(0, round(MASK * side) + 1))
            start = int(random.integers(0, side - width + 1))
            image.narrow(axis, start, width).zero_()
        if random.random() < ERASED:
            area, ratio = random.uniform(*ERASE) * side**2, random.uniform(0.5, 2)
            sides = (area * ratio) ** 0.5, (area / ratio) ** 0.5
            height, width = (min(side, round(float(length))) for length in sides)
            top, left = int(random.integers(0, side - height + 1)), int(random.integers(0, side - width + 1))
            image[top:top + height, left:left + width] = 0
        out[i] = image
    return out


def network(backbone: Mapping[str, Any]) -> nn.Module:
    """An image network with seven classes: the configuration of a `model_type`, or a `pretrained` one, a
    folder or a name on the hub.

    Raises `WeightsError` when a pretrained one cannot be had.
    """
    from transformers import AutoConfig, AutoModelForImageClassification
    from transformers.utils import logging

    logging.disable_progress_bar()
    if "pretrained" not in backbone:
        config = AutoConfig.for_model(backbone["model_type"], num_labels=len(EMOTIONS),
                                      **backbone.get("config", {}))
        return AutoModelForImageClassification.from_config(config)
    name = backbone["pretrained"]
    try:
        return AutoModelForImageClassification.from_pretrained(name, num_labels=len(EMOTIONS),
                                                               ignore_mismatched_sizes=True)
    except OSError as error:
        raise WeightsError(name, "is no folder of a pretrained image network and cannot be fetched",
                           "connect to a network, or give the recipe a folder") from error


class Reader:
    """A network over images, which it standardises and repeats over three colours."""

    def __init__(self, model: nn.Module, scale: tuple[float, float]) -> None:
        self.model, self._scale = model, scale

    def __call__(self, images: Tensor) -> Tensor:
        """Logits (n, 7) of (n, s, s)."""
        mean, deviation = self._scale
        x = ((images - mean) / deviation)[:, None].expand(-1, 3, -1, -1)
        return torch.as_tensor(self.model(pixel_values=x).logits)

    def logits(self, images: np.ndarray, batch: int = 64) -> np.ndarray:
        """The same of an array, without learning."""
        with torch.no_grad():
            return np.concatenate([self(torch.from_numpy(images[i:i + batch])).numpy()
                                   for i in range(0, len(images), batch)])


def learn(reader: Reader, known: Dataset, recipe: Mapping[str, Any],
          checkpoint: Checkpoint | None) -> Iterator[Epoch]:
    """Train on the training speakers; the development speakers choose the epoch."""
    training, dev, batch = known.where("train"), known.where("dev"), recipe["batch"]
    target = torch.eye(len(EMOTIONS))

    def batches(epoch: int) -> Iterator[Batch]:
        random = np.random.default_rng(recipe["seed"] * 1000 + epoch)
        order = random.permutation(training)
        for i in range(0, len(order) - batch + 1, batch):
            picked = order[i:i + batch]
            images = augment(torch.from_numpy(known.images[picked]), random, recipe["margin"])
            yield images, target[known.labels[picked]]

    def validate() -> dict[str, float]:
        return {"macro_f1": metrics.macro_f1(reader.logits(known.images[dev]), known.labels[dev])}

    yield from train(reader.model, batches, forward=reader, validate=validate, checkpoint=checkpoint,
                     steps_per_epoch=len(training) // batch, schedule=Schedule(**recipe["schedule"]),
                     seed=recipe["seed"])


def fit(data: Path, recipe: dict[str, Any], out: Path) -> Iterator[Epoch]:
    """Train the recipe's `backbone`; writes it into `out` as a folder that `transformers` reads, and beside
    it what its images want."""
    import json

    known = load_dataset(data, recipe)
    seed_all(recipe["seed"])
    reader = Reader(network(recipe["backbones"][recipe["backbone"]]), known.scale)
    yield from learn(reader, known, recipe, Checkpoint(out / "checkpoint.pt", known.origin))
    folder = out / "spectrogram.model"
    reader.model.save_pretrained(folder)  # type: ignore[operator]
    mean, deviation = known.scale
    write_text(folder / "images.json", json.dumps(
        {"side": recipe["side"], "mean": mean, "deviation": deviation, "labels": EMOTIONS}) + "\n")
