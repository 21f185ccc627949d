"""Training of the small voice network."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.corpora import RECIPES

from emocli import quantized as store
from emocli.errors import UsageError
from emocli.training.tasks import voice_small as voice
from emocli.voice.small_network import INPUTS, SmallNetwork

RECIPE: dict[str, Any] = RECIPES["voice_small"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of spectrograms, filled by the first test that needs it."""
    return tmp_path_factory.mktemp("features")


@pytest.mark.slow
def test_fit_writes_the_network_and_refuses_another_run(tiny: Path, kept: Path, tmp_path: Path) -> None:
    epochs = list(voice.fit(tiny, RECIPE, tmp_path, kept))
    assert [epoch.number for epoch in epochs] == [1, 2]
    assert set(epochs[0].metrics) == {"macro_f1", "ravdess", "nemo", "emodb"}
    assert {path.name for path in tmp_path.iterdir()} == {
        "checkpoint.pt", "voice_small.safetensors", "temperature.txt"}
    assert len(SmallNetwork.like(store.read(tmp_path / "voice_small.safetensors")).bodies) == 3
    with pytest.raises(UsageError, match="another recipe"):
        list(voice.fit(tiny, RECIPE | {"mixup": 0.1}, tmp_path, kept))
    with pytest.raises(UsageError, match="another recipe and another data"):
        list(voice.fit(tiny, RECIPE | {"corpora": {"ravdess": 3, "emodb": 1}}, tmp_path, kept))


@pytest.mark.slow
def test_kept_spectrograms_give_the_same_tables(tiny: Path, kept: Path) -> None:
    recipe = RECIPE | {"corpora": {"ravdess": 1}}
    (fresh, *usual), (again, *kept_usual) = (voice.prepare(tiny, recipe, folder) for folder in (None, kept))
    assert np.array_equal(fresh["ravdess"].inputs, again["ravdess"].inputs)
    assert fresh["ravdess"].inputs.shape == (len(voice.VERSIONS), 35, INPUTS)
    for statistics, same in zip(usual, kept_usual, strict=True):
        assert np.array_equal(statistics, same)


def made_up(*speakers: str) -> voice.Table:
    """A corpus of seven clips a speaker whose class stands in the first columns; the last speaker is for
    development."""
    random = np.random.default_rng(0)
    labels, count = np.tile(np.arange(7), len(speakers)), 7 * len(speakers)
    inputs = random.normal(size=(len(voice.VERSIONS), count, INPUTS)).astype(np.float32)
    inputs[:, np.arange(count), labels] += 3
    splits = np.repeat(["train"] * (len(speakers) - 1) + ["dev"], 7)
    return voice.Table(inputs, labels, np.repeat(speakers, 7), splits, random.integers(20, 90, count))


def test_batches_are_of_classes_alike_often() -> None:
    rare = made_up("a", "b")
    rare = rare.take((rare.labels == 0) | (np.arange(14) == 1))
    draw = voice.sampler({"ravdess": rare}, RECIPE | {"batch": 200, "steps": 1, "mixup": 0})
    (inputs, mask), target = next(draw(0))
    assert inputs.shape == (200, INPUTS)
    assert mask.tolist() == [[1, 1, 0, 0, 0, 0, 0]] * 200
    assert target.shape == (200, 1, 7)
    assert target[:, 0].argmax(1).float().mean() == pytest.approx(0.5, abs=0.1)
    assert torch.equal(next(draw(0))[1], target)
    assert not torch.equal(next(draw(1))[1], target)
