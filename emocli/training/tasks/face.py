"""Training of the face network on FER2013 pixels, by FER+ votes and the competition's label."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from emocli.errors import UsageError
from emocli.face.network import HEADS, build, mirrored
from emocli.storage import atomic, scratch, write_text
from emocli.training import metrics
from emocli.training.checkpoint import Checkpoint
from emocli.training.convert import convert
from emocli.training.corpora import faces as corpus
from emocli.training.half_precision import halve
from emocli.training.loop import Batch, Epoch, Schedule, between, copied, mean_state, seed_all, train
from emocli.training.tasks.face_data import (
    Dataset,
    augment,
    judged,
    load_dataset,
    mixed,
    spoil,
    spoilt,
    targets,
)
from emocli.training.tasks.face_network import FaceNetwork, keras_weights

#: What a recipe says, and what it may say of a stage.
SETTINGS = {"seed", "batch", "channels", "blocks", "dropout", "stages"}
STAGE_SETTINGS = {"crop", "augment", "spoil", "mixup", "begins", "teachers", "taught", "way", "schedule"}
#: Faces on which the ranges of the int8 network are measured, and the statistics of interpolated weights.
EXAMPLES, STATISTICS = 500, 8192
#: PyTorch's, of batch normalization.
MOMENTUM = 0.1


def fit(data: Path, recipe: dict[str, Any], out: Path) -> Iterator[Epoch]:
    """Train as `recipe` says; writes `face.keras`, `face.tflite` and `temperature.txt` into `out` at the end.

    A stage begins where the one before it ended, or with the mean of the weights as all the stages ended that
    its `begins` lists (a model soup, Wortsman et al. 2022); 1 is the first, and one may count twice.

    Raises `UsageError` for a recipe with other settings.
    """
    check(recipe)
    os.environ.setdefault("KERAS_BACKEND", "torch")
    dataset = load_dataset(data, recipe)
    seed_all(recipe["seed"])
    network = FaceNetwork(recipe["channels"], recipe["blocks"], recipe["dropout"])
    ended: list[FaceNetwork] = []
    for number, stage in enumerate(recipe["stages"], 1):
        if begins := stage.get("begins"):
            mean = mean_state([ended[i - 1].state_dict() for i in begins])
            take_over(network, mean, dataset, recipe, stage)
        teachers = [ended[i - 1] for i in stage.get("teachers", ())]
        checkpoint = Checkpoint(out / f"stage{number}.pt", dataset.origin)
        yield from learn(network, dataset, recipe, stage, checkpoint, teachers)
        ended.append(deepcopy(network))
    export(in_keras(network), dataset, out)


def check(recipe: Mapping[str, Any]) -> None:
    """Raise `UsageError` where a recipe lacks a setting, or says what nothing here reads."""
    stages = recipe.get("stages", ())
    for settings, known in ((recipe, SETTINGS), *((stage, STAGE_SETTINGS) for stage in stages)):
        if unknown := settings.keys() - known:
            raise UsageError(min(unknown), "is no setting of the face's recipe or of a stage of it",
                             f"there may be {', '.join(sorted(known))}")
    if missing := SETTINGS - recipe.keys():
        raise UsageError(min(missing), "is missing in the face's recipe", "add it, as the shipped one has it")
    for number, stage in enumerate(stages, 1):
        for name in stage.keys() & {"taught", "way"}:
            if not 0 < stage[name] <= 1:
                raise UsageError(name, f"is {stage[name]}", "give a share, over 0 and up to 1")
        for name in stage.keys() & {"begins", "teachers"}:
            if not all(0 < other < number for other in stage[name]):
                raise UsageError(name, f"names a stage that is not before stage {number}",
                                 "name stages before it, from 1 on")
        if bool(stage.get("teachers")) != bool(stage.get("taught")):
            raise UsageError("taught", f"or teachers are missing in stage {number}", "give both or neither")


def learn(network: FaceNetwork, dataset: Dataset, recipe: Mapping[str, Any], stage: Mapping[str, Any],
          checkpoint: Checkpoint, teachers: Sequence[FaceNetwork] = ()) -> Iterator[Epoch]:
    """One stage: train on crops, judge on whole faces that are held out.

    The share `taught` of every target is what the `teachers` say of the undisturbed face, all alike
    (distillation, Hinton et al. 2015).  With a `way` the weights end so far between what they were and the
    best epoch (weight interpolation, Wortsman et al. 2022).
    """
    batch, held, old = recipe["batch"], dataset.held, copied(network.state_dict())
    pixels = torch.from_numpy(dataset.training.images)[:, None].float()
    target = torch.from_numpy(targets(dataset.training))
    if teachers:
        target = target.lerp(mean_probabilities(teachers, dataset.training), stage["taught"])
    steps = len(pixels) // batch

    def batches(epoch: int) -> Iterator[Batch]:
        order = torch.randperm(len(pixels))
        for picked in order[:steps * batch].split(batch):
            yield mixed(disturbed(pixels[picked], stage), target[picked], stage["mixup"])

    hard = spoilt(held) if stage.get("spoil") else []

    def validate() -> dict[str, float]:
        return judged(views(network, held), held, [(views(network, s)[:, 0], s) for s in hard])

    yield from train(network, batches, forward=network.logits, validate=validate,
                     steps_per_epoch=steps, schedule=Schedule(**stage["schedule"]), checkpoint=checkpoint,
                     seed=recipe["seed"], best_by="score")
    if way := stage.get("way"):
        take_over(network, between(old, network.state_dict(), way), dataset, recipe, stage)


def take_over(network: FaceNetwork, weights: dict[str, Tensor], dataset: Dataset, recipe: Mapping[str, Any],
              stage: Mapping[str, Any]) -> None:
    """Give a network the mean weights of several, and measure its batch normalizations anew."""
    network.load_state_dict(weights)
    seed_all(recipe["seed"])
    pixels = torch.from_numpy(dataset.training.images)[:, None].float()
    some = torch.randperm(len(pixels))[:STATISTICS].split(512)
    measure_statistics(network, (disturbed(pixels[picked], stage) for picked in some))


def disturbed(faces: Tensor, stage: Mapping[str, Any]) -> Tensor:
    """Faces (n, 1, 48, 48), 0..255, augmented, cut and spoilt as a stage says."""
    faces = augment(faces, stage["crop"], stage["augment"])
    return spoil(faces, stage["spoil"]) if stage.get("spoil") else faces


@torch.no_grad()
def measure_statistics(network: FaceNetwork, batches: Iterable[Tensor]) -> None:
    """Measure the batch normalizations' mean and variance anew on faces (n, 1, s, s), 0..255: interpolated
    weights make the old ones wrong (Izmailov et al. 2018)."""
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # all batches count alike
        norm.train()
    for faces in batches:
        network.logits(faces)
    for norm in norms:
        norm.momentum = MOMENTUM
        norm.eval()


@torch.no_grad()
def views(network: FaceNetwork, faces: corpus.Faces) -> np.ndarray:
    """(n, 2, 7) logits, the mean over each face and its mirror image."""
    parts = torch.from_numpy(faces.images)[:, None].float().split(256)
    return torch.cat([(network.logits(x) + network.logits(x.flip(3))) / 2 for x in parts]).numpy()


def mean_probabilities(networks: Sequence[FaceNetwork], faces: corpus.Faces) -> Tensor:
    """(n, 2, 7) of networks, over each face and its mirror image; uncalibrated."""
    for network in networks:
        network.eval()
    return torch.stack([torch.from_numpy(views(n, faces)).softmax(2) for n in networks]).mean(0)


def in_keras(network: FaceNetwork) -> Any:
    """The same network in Keras."""
    model = build(channels=network.channels, blocks=network.blocks)
    for layer, weights in keras_weights(network):
        model.get_layer(layer).set_weights(weights)
    return model


@torch.no_grad()
def logits_of(model: Any, faces: corpus.Faces) -> list[np.ndarray]:
    """(n, 7) logits of each head of a Keras network."""
    answers = [model(part.float()[..., None], training=False)
               for part in torch.from_numpy(faces.images).split(256)]
    return [torch.cat([answer[head] for answer in answers]).numpy() for head in HEADS]


def export(model: Any, dataset: Dataset, out: Path) -> None:
    """Write `face.keras`, the Keras `model` over a face and its mirror image, in half precision;
    `face.tflite`, the same for one view, in int8; and the first head's `temperature.txt`; the second head is
    calibrated in its weights."""
    public, both = dataset.held, mirrored(model)
    votes, label = logits_of(both, public)
    voted = public.majority >= 0
    temperature = metrics.fit_temperature(votes[voted], public.majority[voted])
    write_text(out / "temperature.txt", f"{temperature:.4f}\n")
    head = model.get_layer(HEADS[1])
    too_sure = metrics.fit_temperature(label, public.labels)
    head.set_weights([w / too_sure for w in head.get_weights()])
    some = np.random.default_rng(0).permutation(len(dataset.training))[:EXAMPLES]
    with scratch() as folder, atomic(out / "face.keras") as part:
        both.save(folder / "whole.keras")
        halve(folder / "whole.keras", part)
    with scratch() as folder, atomic(out / "face.tflite") as part:
        model.save(folder / "one_view.keras")
        convert(folder / "one_view.keras", part, quantize="int8",
                examples=dataset.training.images[some, ..., None])
