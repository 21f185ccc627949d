"""Training of the face network on FER2013 pixels, by FER+ votes, the competition's label and a teacher."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from emocli.storage import atomic, scratch, write_text
from emocli.training import metrics
from emocli.training.checkpoint import Checkpoint
from emocli.training.convert import convert
from emocli.training.corpora import faces as corpus
from emocli.training.loop import Batch, Epoch, Schedule, seed_all, train
from emocli.training.tasks import face_teacher
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

#: Pictures (n, 1, s, s) to probabilities (n, 2, 7).
Reader = Callable[[Any], Any]
#: Faces on which the ranges of the int8 network are measured.
EXAMPLES = 500


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
    teacher: Reader | None = None
    if "teacher" in recipe:
        teacher = yield from face_teacher.fit(data, dataset, recipe, out)
    stages, models = recipe["stages"], []
    for number, stage in enumerate(stages):
        build = partial(network.build, channels=tuple(recipe["channels"]), dropout=recipe["dropout"],
                        blocks=tuple(stage.get("blocks", recipe["blocks"])))
        models.append(build(size=stage["crop"]))
        if number:
            begin(models, stage.get("begin", [1.0]), copy_head=stage["heads"] > stages[number - 1]["heads"])
        teachers: list[Reader] = [teacher] if teacher else []
        if number:
            teachers.append(partial(probabilities, models[-2]))
        yield from learn(models[-1], whole := build(), dataset, recipe, stage,
                         Checkpoint(out / f"stage{number + 1}.pt", dataset.origin), teachers)
    whole.set_weights(models[-1].get_weights())
    export(whole, dataset.held, out)


def begin(models: Sequence[Any], shares: Sequence[float], *, copy_head: bool) -> None:
    """Give the last of the models the mean of the ones before it, as many as there are `shares`; with
    `copy_head`, its second head begins as the first.  It may be deeper than they are."""
    from emocli.face import network

    *before, model = models
    means = {layer.name: [np.average(same, axis=0, weights=shares) for same in zip(*(
        m.get_layer(layer.name).get_weights() for m in before[-len(shares):]), strict=True)]
        for layer in before[-1].layers if layer.get_weights()}
    network.grow(model, means)
    if copy_head:
        first, second = map(model.get_layer, network.HEADS)
        second.set_weights(first.get_weights())


def learn(model: Any, whole: Any, dataset: Dataset, recipe: Mapping[str, Any], stage: Mapping[str, Any],
          checkpoint: Checkpoint, teachers: Sequence[Reader] = ()) -> Iterator[Epoch]:
    """One stage: train a model of its crop; `whole`, of the full size, judges its weights on faces that are
    held out.  A stage with a `teacher` share learns so much of the mean of what the `teachers` say."""
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
            if share := stage.get("teacher"):
                said = torch.stack([teacher(x) for teacher in teachers]).mean(0)
                y = share * said[:, :heads] + (1 - share) * y
            x, y = mixed(x, y, stage["mixup"])
            yield x.permute(0, 2, 3, 1), y

    def forward(images: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = model(images, training=True)
        return torch.stack([out[name].float() for name in HEADS[:heads]], 1)

    hard = spoilt(held) if stage.get("spoil") else []

    @torch.autocast("cpu", dtype=torch.bfloat16)
    def validate() -> dict[str, float]:
        whole.set_weights(model.get_weights())
        logits = logits_of(whole, held)
        return judged(logits[:heads], held, [(logits_of(whole, s)[0], s) for s in hard])

    yield from train(model, batches, forward=forward, validate=validate, steps_per_epoch=steps,
                     schedule=Schedule(**stage["schedule"]), checkpoint=checkpoint, seed=recipe["seed"],
                     best_by="score")


def probabilities(model: Any, images: Any) -> Any:
    """(n, 1, s, s) grey levels to (n, 2, 7) probabilities."""
    import torch

    from emocli.face.network import HEADS

    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        out = model(images.permute(0, 2, 3, 1), training=False)
    return torch.stack([out[name].float() for name in HEADS], 1).softmax(-1)


def logits_of(model: Any, faces: corpus.Faces) -> list[np.ndarray]:
    """(n, 7) logits of each head."""
    import torch

    from emocli.face.network import HEADS

    parts: list[list[np.ndarray]] = []
    with torch.no_grad():
        for i in range(0, len(faces), 256):
            out = model(torch.from_numpy(faces.images[i:i + 256]).float()[..., None], training=False)
            parts.append([out[head].float().numpy() for head in HEADS])
    return [np.concatenate(batches) for batches in zip(*parts, strict=True)]


def export(model: Any, public: corpus.Faces, out: Path) -> None:
    """Write `face.keras`, the network averaged over a face and its mirror image; `face.tflite`, the same
    network for one of the two, in int8; and the first head's `temperature.txt`; the second head's goes into
    its weights. `public` calibrates both."""
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
        convert(folder / "single.keras", part, quantize="int8", examples=public.images[:EXAMPLES, ..., None])
