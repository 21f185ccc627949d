"""One training loop for every network: a generator that the caller drives, prints and stops.

A Keras model on the torch backend is a `torch.nn.Module` too, so face, voice, text and fusion share it.
After every epoch the whole state is written beside the weights; a run of the same recipe, seed and data with
the same folder goes on from there.  Each epoch is seeded by its own number, so that a resumed run and an
unbroken one see the same batches.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from emocli.training.checkpoint import Checkpoint

Batch = tuple[Any, Tensor]


@dataclass(frozen=True)
class Schedule:
    """How long and how hard to train.  `warmup` is a share of a cycle; the rate then falls along a half
    cosine to one hundredth, and begins anew with the next of `cycles` (SGDR, Loshchilov & Hutter 2017).
    `ema` is the decay of the weight average that is validated and kept; `eps` is AdamW's, and a large one
    shrinks the steps of rare features."""

    epochs: int
    lr: float
    weight_decay: float = 0.0
    warmup: float = 0.1
    ema: float = 0.998
    eps: float = 1e-8
    clip: float = 5.0
    cycles: int = 1

    def factor(self, progress: float) -> float:
        """Share of `lr` at `progress` (0..1) of the run."""
        progress = progress * self.cycles % 1 if progress < 1 else 1.0
        if progress < self.warmup:
            return max(progress / self.warmup, 1e-3)
        along = (progress - self.warmup) / max(1e-9, 1 - self.warmup)
        return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * along))


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to.  `metrics` holds what the validation function returned."""

    number: int
    of: int
    loss: float
    lr: float
    seconds: float
    metrics: dict[str, float] = field(default_factory=dict)


def soft_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Mean cross-entropy of (n, k) logits against (n, k) target distributions."""
    return -(target * torch.log_softmax(logits, dim=-1)).sum(-1).mean()


def seed_all(seed: int) -> None:
    """Seed Python's, numpy's and torch's generators (the batches draw from the last two)."""
    import random

    import numpy as np

    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


class Trainer:
    """A model, its optimizer, the running average of its weights, and the best average so far."""

    def __init__(self, model: nn.Module, schedule: Schedule) -> None:
        self.model, self.schedule = model, schedule
        self.weights = [p for p in model.parameters() if p.requires_grad]
        groups = [{"params": [p for p in self.weights if p.ndim > 1], "weight_decay": schedule.weight_decay},
                  {"params": [p for p in self.weights if p.ndim <= 1], "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=schedule.lr, eps=schedule.eps)
        self.average = copied(model.state_dict())
        self.best, self.best_value, self.epoch = self.average, -math.inf, 0

    def state(self) -> dict[str, Any]:
        """All that an unfinished run needs to go on."""
        return {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
                "average": self.average, "best": self.best, "best_value": self.best_value,
                "epoch": self.epoch}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from such a state."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average, self.best = state["average"], state["best"]
        self.best_value, self.epoch = state["best_value"], state["epoch"]

    def step(self, loss: Tensor, number: int, steps: int) -> float:
        """One step down the gradient, the `number`-th of all `steps`; the learning rate that it took."""
        rate = self.schedule.lr * self.schedule.factor(number / steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.weights, self.schedule.clip)
        self.optimizer.step()
        keep = min(self.schedule.ema, (1 + number) / (10 + number))
        with torch.no_grad():
            for key, tensor in self.model.state_dict().items():
                if tensor.is_floating_point():
                    self.average[key].lerp_(tensor, 1 - keep)
                else:
                    self.average[key].copy_(tensor)
        return rate

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The model holds the averaged weights, and does not learn."""
        current = copied(self.model.state_dict())
        self.model.load_state_dict(self.average)
        self.model.eval()
        with torch.no_grad():
            yield
        self.model.load_state_dict(current)

    def judge(self, value: float) -> None:
        """Keep the averaged weights if they are the best so far; ends the epoch."""
        self.epoch += 1
        if value > self.best_value:
            self.best, self.best_value = copied(self.average), value


def copied(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A copy of a state dict that later steps leave alone."""
    return {key: tensor.detach().clone() for key, tensor in state.items()}


def between(old: dict[str, Tensor], new: dict[str, Tensor], way: float) -> dict[str, Tensor]:
    """The state so far on the way from an old one to a new one (weight interpolation, Wortsman et al. 2022);
    counts are the new one's."""
    return {key: old[key].lerp(tensor, way) if tensor.is_floating_point() else tensor
            for key, tensor in new.items()}


def mean_state(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of several networks' states (model soup, Wortsman et al. 2022); counts are the last one's."""
    mean = states[0]
    for count, state in enumerate(states[1:], 2):
        mean = between(mean, state, 1 / count)
    return mean


def train(model: nn.Module, batches: Callable[[int], Iterable[Batch]], *,
          forward: Callable[[Any], Tensor], validate: Callable[[], dict[str, float]],
          steps_per_epoch: int, schedule: Schedule, checkpoint: Checkpoint | None, seed: int = 0,
          loss: Callable[[Tensor, Tensor], Tensor] = soft_cross_entropy,
          best_by: str = "macro_f1") -> Iterator[Epoch]:
    """Train `model`, yielding an `Epoch` after each; leaves the best averaged weights in it.

    `batches(epoch)` yields (inputs, target); `forward(inputs)` gives logits in training mode; `validate()`
    scores the model, which then holds the averaged weights.  Already finished epochs found in `checkpoint`,
    if there is one, are not run again.

    Raises `UsageError` when the checkpoint is of another origin.
    """
    trainer, total = Trainer(model, schedule), schedule.epochs * steps_per_epoch
    if checkpoint and (state := checkpoint.load()):
        trainer.restore(state)
    for epoch in range(trainer.epoch, schedule.epochs):
        seed_all(seed * 10_007 + epoch)
        began, losses, rate = time.perf_counter(), 0.0, schedule.lr
        model.train()
        step = 0
        for step, (inputs, target) in enumerate(batches(epoch), 1):
            value = loss(forward(inputs), target)
            rate = trainer.step(value, epoch * steps_per_epoch + step - 1, total)
            losses += float(value.detach())
        with trainer.averaged():
            metrics = validate()
        trainer.judge(metrics[best_by])
        if checkpoint:
            checkpoint.save(trainer.state())
        seconds = time.perf_counter() - began
        yield Epoch(epoch + 1, schedule.epochs, losses / max(1, step), rate, seconds, metrics)
    model.load_state_dict(trainer.best)
    model.eval()
