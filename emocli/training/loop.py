"""One training loop for every network: a generator that the caller drives, prints and stops.

A Keras model on the torch backend is a `torch.nn.Module` too, so face, voice, text and fusion
share it.  After every epoch the whole state is written beside the weights (temporary file,
then rename); a run with the same folder goes on from there.  Each epoch is seeded by its own
number, so that a resumed run and an unbroken one see the same batches.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

Batch = tuple[Any, Tensor]


@dataclass(frozen=True)
class Schedule:
    """How long and how hard to train.  `warmup` is a share of all steps; the rate then falls
    along a half cosine to one hundredth.  `ema` is the decay of the weight average that is
    validated and kept; `eps` is AdamW's, and a large one shrinks the steps of rare features."""

    epochs: int
    lr: float
    weight_decay: float = 0.0
    warmup: float = 0.1
    ema: float = 0.998
    eps: float = 1e-8
    clip: float = 5.0

    def factor(self, progress: float) -> float:
        """Share of `lr` at `progress` (0..1) of the run."""
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


def save_atomic(state: dict[str, Any], path: Path) -> None:
    """`torch.save` to a temporary file beside `path`, then rename."""
    part = path.with_name(path.name + ".part")
    torch.save(state, part)
    part.replace(path)


def seed_all(seed: int) -> None:
    """Seed Python's, numpy's and torch's generators (the batches draw from the last two)."""
    import random

    import numpy as np

    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def train(model: nn.Module, batches: Callable[[int], Iterable[Batch]], *,
          forward: Callable[[Any], Tensor], validate: Callable[[], dict[str, float]],
          steps_per_epoch: int, schedule: Schedule, checkpoint: Path | None, seed: int = 0,
          loss: Callable[[Tensor, Tensor], Tensor] = soft_cross_entropy,
          best_by: str = "macro_f1") -> Iterator[Epoch]:
    """Train `model`, yielding an `Epoch` after each; leaves the best averaged weights in it.

    `batches(epoch)` yields (inputs, target); `forward(inputs)` gives logits in training mode;
    `validate()` scores the model, which then holds the averaged weights.  Already finished
    epochs found in `checkpoint`, if there is one, are not run again.
    """
    weights = [p for p in model.parameters() if p.requires_grad]
    decay = [p for p in weights if p.ndim > 1]
    plain = [p for p in weights if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": schedule.weight_decay},
         {"params": plain, "weight_decay": 0.0}], lr=schedule.lr, eps=schedule.eps)
    average = {k: v.detach().clone() for k, v in model.state_dict().items()}
    best, best_value, first = average, -math.inf, 0
    if checkpoint and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        average, best = state["average"], state["best"]
        best_value, first = state["best_value"], state["epoch"] + 1
    total = schedule.epochs * steps_per_epoch
    for epoch in range(first, schedule.epochs):
        seed_all(seed * 10_007 + epoch)
        began, losses, step, rate = time.perf_counter(), 0.0, 0, schedule.lr
        model.train()
        for inputs, target in batches(epoch):
            at = epoch * steps_per_epoch + step
            rate = schedule.lr * schedule.factor(at / total)
            for group in optimizer.param_groups:
                group["lr"] = rate
            value = loss(forward(inputs), target)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(weights, schedule.clip)
            optimizer.step()
            losses, step = losses + float(value.detach()), step + 1
            keep = min(schedule.ema, (1 + at) / (10 + at))
            with torch.no_grad():
                for key, tensor in model.state_dict().items():
                    if tensor.is_floating_point():
                        average[key].lerp_(tensor, 1 - keep)
                    else:
                        average[key].copy_(tensor)
        current = {k: v.detach().clone() for k, v in model.state_dict().items()}
        model.load_state_dict(average)
        model.eval()
        with torch.no_grad():
            metrics = validate()
        if metrics[best_by] > best_value:
            best_value = metrics[best_by]
            best = {k: v.clone() for k, v in average.items()}
        model.load_state_dict(current)
        if checkpoint:
            save_atomic({"model": current, "optimizer": optimizer.state_dict(), "average": average,
                         "best": best, "best_value": best_value, "epoch": epoch}, checkpoint)
        yield Epoch(epoch + 1, schedule.epochs, losses / max(1, step), rate,
                    time.perf_counter() - began, metrics)
    model.load_state_dict(best)
    model.eval()
