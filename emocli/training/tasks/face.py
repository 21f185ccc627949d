"""Training of the face networks on FER2013 pixels, by FER+ votes and the competition's label.

Several networks are trained; what ships gives the weighted mean of their logits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from emocli.face.network import HEADS, averaged, build, mirrored
from emocli.storage import atomic, scratch, write_text
from emocli.training import metrics
from emocli.training.checkpoint import Checkpoint
from emocli.training.convert import convert
from emocli.training.corpora import faces as corpus
from emocli.training.half_precision import halve
from emocli.training.loop import Batch, Epoch, Schedule, copied, seed_all, train
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

#: Faces on which the ranges of the int8 network are measured.
EXAMPLES = 500


def fit(data: Path, recipe: dict[str, Any], out: Path) -> Iterator[Epoch]:
    """Train as `recipe` says; writes `face.keras`, `face.tflite` and `temperature.txt` into `out` at the end.

    A stage begins with the mean of the weights of the stages before it, the latest last, counting as
    much as its `begin` says (Wortsman et al. 2022); where it is the first with both heads, the
    second begins as a copy of the first.  What is written gives the weighted mean of the members' logits,
    each at the best epoch of its last stage, by their `share`.
    """
    os.environ.setdefault("KERAS_BACKEND", "torch")
    dataset = load_dataset(data, recipe)
    seed_all(recipe["seed"])
    members: list[FaceNetwork] = []
    shares = [settings.get("share", 1) for settings in recipe["members"]]
    for number, settings in enumerate(recipe["members"], 1):
        network = FaceNetwork(settings["channels"], settings["blocks"], settings["dropout"])
        states: list[dict[str, Tensor]] = []
        for stage_number, stage in enumerate(settings["stages"]):
            if states:
                copy_head = stage["heads"] > settings["stages"][stage_number - 1]["heads"]
                begin(network, states, stage.get("begin", [1.0]), copy_head=copy_head)
            checkpoint = Checkpoint(out / f"member{number}_stage{stage_number + 1}.pt", dataset.origin)
            yield from learn(network, dataset, recipe, stage, checkpoint)
            states.append(copied(network.state_dict()))
        members.append(network)
    export([in_keras(m, s["channels"], s["blocks"], f"member{number}")
            for number, (m, s) in enumerate(zip(members, recipe["members"], strict=True), 1)],
           shares, dataset, out)


def begin(network: FaceNetwork, states: Sequence[Mapping[str, Tensor]], shares: Sequence[float], *,
          copy_head: bool) -> None:
    """Give the network the mean of the last states, as many as there are `shares`; with `copy_head`, its
    second head begins as the first."""
    last = states[-len(shares):]
    total = sum(shares)
    network.load_state_dict({
        name: sum(share / total * state[name] for share, state in zip(shares, last, strict=True))
        if tensor.is_floating_point() else tensor for name, tensor in last[-1].items()})
    if copy_head:
        first, second = (network.layers[head] for head in HEADS)
        second.load_state_dict(first.state_dict())


def learn(network: FaceNetwork, dataset: Dataset, recipe: Mapping[str, Any], stage: Mapping[str, Any],
          checkpoint: Checkpoint) -> Iterator[Epoch]:
    """One stage: train on crops, judge on whole faces that are held out."""
    heads, batch, held = stage["heads"], recipe["batch"], dataset.held
    pixels = torch.from_numpy(dataset.training.images)[:, None].float()
    target = torch.from_numpy(targets(dataset.training, stage["votes_share"]))[:, :heads]
    steps = len(pixels) // batch

    def batches(epoch: int) -> Iterator[Batch]:
        order = torch.randperm(len(pixels))
        for picked in order[:steps * batch].split(batch):
            x, y = augment(pixels[picked], stage["crop"], stage["augment"]), target[picked]
            x = spoil(x, stage["spoil"]) if stage.get("spoil") else x
            yield mixed(x, y, stage["mixup"])

    hard = spoilt(held) if stage.get("spoil") else []

    def validate() -> dict[str, float]:
        logits = views(network, held)
        return judged([logits[:, n] for n in range(heads)], held,
                      [(views(network, s)[:, 0], s) for s in hard])

    yield from train(network, batches, forward=lambda x: network.logits(x)[:, :heads], validate=validate,
                     steps_per_epoch=steps, schedule=Schedule(**stage["schedule"]), checkpoint=checkpoint,
                     seed=recipe["seed"], best_by="score")


@torch.no_grad()
def views(network: FaceNetwork, faces: corpus.Faces) -> np.ndarray:
    """(n, 2, 7) logits, the mean over each face and its mirror image."""
    parts = torch.from_numpy(faces.images)[:, None].float().split(256)
    return torch.cat([(network.logits(x) + network.logits(x.flip(3))) / 2 for x in parts]).numpy()


def in_keras(network: FaceNetwork, channels: Sequence[int], blocks: Sequence[int], name: str) -> Any:
    """The same network in Keras."""
    model = build(channels=tuple(channels), blocks=tuple(blocks), name=name)
    for layer, weights in keras_weights(network):
        model.get_layer(layer).set_weights(weights)
    return model


@torch.no_grad()
def logits_of(model: Any, faces: corpus.Faces) -> list[np.ndarray]:
    """(n, 7) logits of each head of a Keras network."""
    answers = [model(part.float()[..., None], training=False)
               for part in torch.from_numpy(faces.images).split(256)]
    return [torch.cat([answer[head] for answer in answers]).numpy() for head in HEADS]


def export(models: Sequence[Any], shares: Sequence[float], dataset: Dataset, out: Path) -> None:
    """Write `face.keras`, the mean over Keras `models` by their `shares` and over a face and its mirror
    image, in half precision; `face.tflite`, the same for one view, in int8; and the first head's
    `temperature.txt`; the second head's goes into the models' weights."""
    public = dataset.held
    model = averaged(models, shares)
    both = mirrored(model)
    votes, label = logits_of(both, public)
    voted = public.majority >= 0
    temperature = metrics.fit_temperature(votes[voted], public.majority[voted])
    write_text(out / "temperature.txt", f"{temperature:.4f}\n")
    temperature = metrics.fit_temperature(label, public.labels)
    for member in models:
        head = member.get_layer(HEADS[1])
        head.set_weights([w / temperature for w in head.get_weights()])
    some = np.random.default_rng(0).permutation(len(dataset.training))[:EXAMPLES]
    with scratch() as folder, atomic(out / "face.keras") as part:
        both.save(folder / "whole.keras")
        halve(folder / "whole.keras", part)
    with scratch() as folder, atomic(out / "face.tflite") as part:
        model.save(folder / "one_view.keras")
        convert(folder / "one_view.keras", part, quantize="int8",
                examples=dataset.training.images[some, ..., None])
