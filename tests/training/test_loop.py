"""The loop that trains every network."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from emocli.errors import UsageError
from emocli.training import metrics
from emocli.training.checkpoint import Checkpoint, origin
from emocli.training.loop import Epoch, Schedule, seed_all, train

RECIPE = {"seed": 1, "epochs": 4}
INPUTS = torch.from_numpy(np.random.default_rng(0).normal(size=(64, 5)).astype(np.float32))
LABELS = INPUTS.argmax(1)


def run(folder: Path | None, recipe: dict[str, int] = RECIPE) -> tuple[nn.Module, Iterator[Epoch]]:
    seed_all(recipe["seed"])
    model = nn.Sequential(nn.Linear(5, 8), nn.Dropout(0.2), nn.Linear(8, 5))

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        for picked in torch.randperm(64).split(16):
            yield INPUTS[picked], torch.eye(5)[LABELS[picked]]

    def validate() -> dict[str, float]:
        assert not model.training
        return {"macro_f1": metrics.macro_f1(model(INPUTS).numpy(), LABELS.numpy())}

    checkpoint = Checkpoint(folder / "checkpoint.pt",
                            origin("test", recipe, LABELS.numpy())) if folder else None
    return model, train(model, batches, forward=model, validate=validate, steps_per_epoch=4,
                        checkpoint=checkpoint,
                        schedule=Schedule(epochs=recipe["epochs"], lr=0.02), seed=recipe["seed"])


def test_a_resumed_run_ends_like_an_unbroken_one(tmp_path: Path) -> None:
    whole, epochs = run(None)
    figures = [epoch.metrics for epoch in epochs]
    _, broken = run(tmp_path)
    assert [next(broken).number, next(broken).number] == [1, 2]
    broken.close()
    resumed, rest = run(tmp_path)
    after = list(rest)
    assert [(epoch.number, epoch.of) for epoch in after] == [(3, 4), (4, 4)]
    assert [epoch.metrics for epoch in after] == figures[2:]
    weights = list(zip(whole.parameters(), resumed.parameters(), strict=True))
    assert len(weights) == 4
    assert all(torch.equal(*pair) for pair in weights)
    assert not resumed.training
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_finished_run_is_taken_as_it_is(tmp_path: Path) -> None:
    first, epochs = run(tmp_path)
    assert len(list(epochs)) == 4
    again, epochs = run(tmp_path)
    assert list(epochs) == []
    assert torch.equal(first[0].weight, again[0].weight)


@pytest.mark.parametrize("change", [{"seed": 2}, {"epochs": 5}])
def test_another_run_is_not_gone_on_with(change: dict[str, int], tmp_path: Path) -> None:
    list(run(tmp_path)[1])
    with pytest.raises(UsageError, match=r"checkpoint\.pt: was begun with another"):
        next(run(tmp_path, RECIPE | change)[1])


def test_it_learns_and_keeps_the_best_epoch() -> None:
    model, epochs = run(None, {"seed": 1, "epochs": 20})
    f1 = [epoch.metrics["macro_f1"] for epoch in epochs]
    assert max(f1) > 0.9
    with torch.no_grad():
        assert metrics.macro_f1(model(INPUTS).numpy(), LABELS.numpy()) == max(f1)


def test_the_rate_rises_and_falls() -> None:
    twice = Schedule(epochs=2, lr=1, warmup=0.1, cycles=2)
    assert twice.factor(0.499) < 0.02 < 0.9 < twice.factor(0.55)
    assert twice.factor(0.3) == pytest.approx(twice.factor(0.8))
    schedule = Schedule(epochs=1, lr=1, warmup=0.1)
    rates = [schedule.factor(at / 100) for at in range(101)]
    assert rates[0] == pytest.approx(1e-3)
    assert max(rates) == rates[10] == pytest.approx(1)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.01)
