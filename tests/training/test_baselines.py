"""The networks that the shipped ones are compared with."""

import numpy as np
import pytest
import torch
from support.media import tone

from emocli.training import baselines
from emocli.training.corpora.speech import Clip


def test_the_live_caption_network_has_its_size() -> None:
    network = baselines.CnnGru()
    assert baselines.parameters(network) == 466_055
    assert network(torch.zeros(3, 40, 128)).shape == (3, 7)
    assert baselines.CnnBiLstm()(torch.zeros(3, 13, 100)).shape == (3, 7)


def test_cepstrum_is_cut_and_padded() -> None:
    short, long = (baselines.mfcc(tone(seconds), 13, 100, 512) for seconds in (1.0, 5.0))
    assert short.shape == long.shape == (13, 100)
    assert not short[:, 40:].any()
    assert long[:, -1].any()


@pytest.mark.parametrize("enrolled", [False, True])
def test_a_speakers_offset_goes_against_the_baseline(enrolled: bool) -> None:
    random = np.random.default_rng(0)
    said = random.standard_normal((4, 13, 100)).astype(np.float32)
    offset = random.standard_normal((13, 1)).astype(np.float32)
    labels = (2, 0, 2, 0)  # each speaker's first clip is neutral
    clips = [Clip("", np.zeros(0, np.float32), label, who, "train")
             for label, who in zip(labels, "aabb", strict=True)]
    plain = baselines.against_baseline(said, clips, enrolled=enrolled)
    moved = baselines.against_baseline(np.concatenate([said[:2], said[2:] + offset]), clips,
                                       enrolled=enrolled)
    assert moved == pytest.approx(plain, abs=1e-4)
    assert np.abs(plain - said).max() > 0.01


def test_a_network_learns_what_can_be_told_apart() -> None:
    random = np.random.default_rng(0)
    labels = np.tile(np.arange(7), 24)
    inputs = random.standard_normal((len(labels), 13, 100)).astype(np.float32)
    inputs[np.arange(len(labels)), labels] += 2.0
    split = np.repeat(["train", "dev", "test"], len(labels) // 3)
    result = baselines.fit_and_test(baselines.CnnBiLstm, inputs, labels, split, epochs=6, batch=8)
    assert result["macro_f1"] > 0.8
    assert result["n"] == 56
