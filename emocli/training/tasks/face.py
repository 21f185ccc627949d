"""Training of the face networks on FER2013 pixels, by FER+ votes and the competition's label.

Several networks are trained; what ships gives the mean of their logits.
"""

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
from emocli.face.network import HEADS, averaged, build, mirrored
from emocli.storage import atomic, scratch, write_text
from emocli.training import metrics
from emocli.training.checkpoint import Checkpoint
from emocli.training.convert import convert
from emocli.training.corpora import faces as corpus
from emocli.training.half_precision import halve
from emocli.training.loop import Batch, Epoch, Schedule, between, copied, seed_all, train
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

#: What a recipe may say of a member, and of a stage.
SETTINGS = ({"channels", "blocks", "dropout", "continues", "stages"},
            {"crop", "augment", "spoil", "mixup", "taught", "way", "schedule"})
#: Faces on which the ranges of the int8 network are measured, and the statistics of interpolated weights.
EXAMPLES, STATISTICS = 500, 8192
#: PyTorch's, of batch normalization.
MOMENTUM = 0.1


def fit(data: Path, recipe: dict[str, Any], out: Path) -> Iterator[Epoch]:
    """Train as `recipe` says; writes `face.keras`, `face.tflite` and `temperature.txt` into `out` at the end.

    Each stage goes on from the one before it, the first from nothing or from where the member ended that
    `continues` names, 1 being the first.  What is written gives the mean of the members' logits, each at the
    best epoch of its last stage.

    Raises `UsageError` for a recipe with other settings.
    """
    check(recipe)
    os.environ.setdefault("KERAS_BACKEND", "torch")
    dataset = load_dataset(data, recipe)
    seed_all(recipe["seed"])
    members: list[FaceNetwork] = []
    for number, settings in enumerate(recipe["members"], 1):
        network = deepcopy(members[settings["continues"] - 1]) if "continues" in settings \
            else FaceNetwork(settings["channels"], settings["blocks"], settings["dropout"])
        for stage_number, stage in enumerate(settings["stages"], 1):
            checkpoint = Checkpoint(out / f"member{number}_stage{stage_number}.pt", dataset.origin)
            yield from learn(network, dataset, recipe, stage, checkpoint, members)
        members.append(network)
    export([in_keras(member, f"member{number}") for number, member in enumerate(members, 1)], dataset, out)


def check(recipe: Mapping[str, Any]) -> None:
    """Raise `UsageError` where a recipe says what nothing here reads."""
    for number, member in enumerate(recipe["members"], 1):
        for settings, known in ((member, SETTINGS[0]), *((stage, SETTINGS[1]) for stage in member["stages"])):
            if unknown := settings.keys() - known:
                raise UsageError(min(unknown), "is no setting of the face's recipe",
                                 f"it may have {', '.join(sorted(known))}")
            for name in settings.keys() & {"taught", "way"}:
                if not 0 < settings[name] <= 1:
                    raise UsageError(name, f"is {settings[name]}", "give a share, over 0 and up to 1")
        if "continues" not in member and member["stages"][0].get("taught"):
            raise UsageError("taught", f"lets member {number} learn from itself, untrained",
                             "begin its first stage without")
        if "continues" in member and not 0 < member["continues"] < number:
            raise UsageError("continues", f"names no member before member {number}", "name one, from 1 on")


def learn(network: FaceNetwork, dataset: Dataset, recipe: Mapping[str, Any], stage: Mapping[str, Any],
          checkpoint: Checkpoint, before: Sequence[FaceNetwork] = ()) -> Iterator[Epoch]:
    """One stage: train on crops, judge on whole faces that are held out.

    `taught` is the share of every target that is what the members `before` and the network as it begins say
    of the undisturbed face, all alike (distillation, Hinton et al. 2015).  With a `way` the weights end so
    far between what they were and the best epoch (Wortsman et al. 2022).
    """
    batch, held, old = recipe["batch"], dataset.held, copied(network.state_dict())
    pixels = torch.from_numpy(dataset.training.images)[:, None].float()
    target = torch.from_numpy(targets(dataset.training))
    if share := stage.get("taught"):
        target = (1 - share) * target + share * mean_probabilities([*before, network], dataset.training)
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
        network.load_state_dict(between(old, network.state_dict(), way))
        seed_all(recipe["seed"])
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


def in_keras(network: FaceNetwork, name: str) -> Any:
    """The same network in Keras."""
    model = build(channels=network.channels, blocks=network.blocks, name=name)
    for layer, weights in keras_weights(network):
        model.get_layer(layer).set_weights(weights)
    return model


@torch.no_grad()
def logits_of(model: Any, faces: corpus.Faces) -> list[np.ndarray]:
    """(n, 7) logits of each head of a Keras network."""
    answers = [model(part.float()[..., None], training=False)
               for part in torch.from_numpy(faces.images).split(256)]
    return [torch.cat([answer[head] for answer in answers]).numpy() for head in HEADS]


def export(models: Sequence[Any], dataset: Dataset, out: Path) -> None:
    """Write `face.keras`, the mean over Keras `models` and over a face and its mirror image, in half
    precision; `face.tflite`, the same for one view, in int8; and the first head's `temperature.txt`; the
    second head is calibrated in the models' weights, each alone and then all together."""
    public = dataset.held
    for member in models:
        calibrate_label([member], logits_of(mirrored(member), public)[1], public)
    model = averaged(models)
    both = mirrored(model)
    votes, label = logits_of(both, public)
    voted = public.majority >= 0
    temperature = metrics.fit_temperature(votes[voted], public.majority[voted])
    write_text(out / "temperature.txt", f"{temperature:.4f}\n")
    calibrate_label(models, label, public)
    some = np.random.default_rng(0).permutation(len(dataset.training))[:EXAMPLES]
    with scratch() as folder, atomic(out / "face.keras") as part:
        both.save(folder / "whole.keras")
        halve(folder / "whole.keras", part)
    with scratch() as folder, atomic(out / "face.tflite") as part:
        model.save(folder / "one_view.keras")
        convert(folder / "one_view.keras", part, quantize="int8",
                examples=dataset.training.images[some, ..., None])


def calibrate_label(models: Sequence[Any], logits: np.ndarray, faces: corpus.Faces) -> None:
    """Divide the second head's weights in each of the models by the temperature of these `logits` (n, 7)."""
    temperature = metrics.fit_temperature(logits, faces.labels)
    for model in models:
        head = model.get_layer(HEADS[1])
        head.set_weights([w / temperature for w in head.get_weights()])
