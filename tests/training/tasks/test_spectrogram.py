"""Training of image networks on spectrograms."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.corpora import RECIPES

from emocli.errors import UsageError, WeightsError
from emocli.training.recipe import read_recipe
from emocli.training.tasks import spectrogram

RECIPE: dict[str, Any] = RECIPES["spectrogram"]


@pytest.mark.slow
def test_fit_writes_a_folder_for_transformers_and_refuses_another_run(tiny: Path, tmp_path: Path) -> None:
    assert [epoch.number for epoch in spectrogram.fit(tiny, RECIPE, tmp_path)] == [1, 2]
    folder = tmp_path / "spectrogram.model"
    assert (folder / "model.safetensors").is_file()
    about = json.loads((folder / "images.json").read_text())
    assert about["side"] == 64
    assert 0 < about["mean"] < 1
    for change, named in (({"seed": 2}, "seed"), ({"side": 32}, "recipe"),
                          ({"corpora": ["emodb"]}, "recipe and another data")):
        with pytest.raises(UsageError, match=f"another {named}"):
            list(spectrogram.fit(tiny, RECIPE | change, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["convnext", "resnet", "vit", "efficientnet"])
def test_shipped_image_networks_fit_their_images(kind: str) -> None:
    recipe = read_recipe("spectrogram")
    reader = spectrogram.Reader(spectrogram.network(recipe["backbones"][kind]), (0.4, 0.2))
    assert reader.logits(np.zeros((2, recipe["side"], recipe["side"]), np.float32)).shape == (2, 7)


@pytest.mark.slow
def test_a_pretrained_image_network_begins_a_run(tmp_path: Path) -> None:
    """A folder as `transformers` writes it, made for other classes."""
    from transformers import ConvNextConfig, ConvNextForImageClassification

    config = ConvNextConfig(hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], num_labels=9)
    whole = ConvNextForImageClassification(config)
    whole.save_pretrained(tmp_path / "pretrained")
    begun = spectrogram.network({"pretrained": str(tmp_path / "pretrained")})
    first, kept = (net.convnext.embeddings.patch_embeddings.weight for net in (begun, whole))
    assert torch.equal(first, kept)
    assert begun.classifier.weight.shape == (7, 16)
    with pytest.raises(WeightsError, match="nothing"):
        spectrogram.network({"pretrained": str(tmp_path / "nothing")})


def test_images_are_spoilt_in_part() -> None:
    images = torch.rand(16, 64, 64)
    spoilt = spectrogram.augment(images, np.random.default_rng(0), 3)
    assert spoilt.shape == images.shape
    black = (spoilt == 0).float().mean((1, 2))
    assert 0.02 < black.mean() < 0.4


def test_a_rising_tone_rises() -> None:
    time = np.arange(32000) / 16000
    chirp = np.sin(2 * np.pi * (200 * time + 400 * time**2)).astype(np.float32)
    image = spectrogram.image_of(chirp, 64)
    assert image.shape == (64, 64)
    assert np.diff(image[:, 8:-8].argmax(0)).mean() < 0  # the row of the loudest band moves up
