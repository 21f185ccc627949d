"""How the voice network takes a speaker, and that each row is read by itself."""

import numpy as np
import pytest
import torch

from emocli.encoders.whisper_encoder import FEATURES
from emocli.voice.network import INPUTS, PRIOR_MEAN, VoiceNetwork, standardise

USUAL = np.zeros(FEATURES, np.float32), np.ones(FEATURES, np.float32)


def spoken(count: int, level: float = 0.0, spread: float = 1.0) -> np.ndarray:
    """Numbers of as many utterances of one speaker."""
    return np.random.default_rng(0).normal(level, spread, (count, FEATURES)).astype(np.float32)


def test_a_well_known_speaker_is_read_against_that_speaker_alone() -> None:
    near, far = (standardise(spoken(400, *own), USUAL) for own in ((0, 1), (5, 3)))
    assert near.shape == (400, INPUTS)
    assert np.abs(near - far).max() < 0.3


def test_a_lone_utterance_is_read_against_the_usual_speaker() -> None:
    one = spoken(1, 5)
    (read,) = standardise(one, USUAL)
    share = 1 / (1 + PRIOR_MEAN)
    assert read[-1] == pytest.approx(share)
    assert read[:-1] == pytest.approx((1 - share) * one[0], abs=1e-4)


def test_enrolled_utterances_tell_of_the_speaker_and_are_not_read() -> None:
    numbers = spoken(12, 5)
    alone, told = standardise(numbers[:2], USUAL), standardise(numbers, USUAL, enrolled=10)
    assert len(told) == 2
    assert told[0, -1] > alone[0, -1]
    assert np.abs(told[:, :-1]).mean() < np.abs(alone[:, :-1]).mean()


def test_the_network_reads_each_row_by_itself() -> None:
    torch.manual_seed(0)
    network = VoiceNetwork(wide=8).eval()
    network.linear.weight.data.normal_(std=0.01)
    inputs = torch.randn(3, INPUTS)
    inputs[:, -1] = 0.5
    with torch.no_grad():
        together, alone = network(inputs), [network(row[None]) for row in inputs]
    assert together[0].shape == (3, 8)
    for part in (0, 1):
        assert together[part].numpy() == pytest.approx(np.concatenate([row[part] for row in alone]), abs=1e-5)
    assert float((together[1][0] - together[1][1]).abs().max()) > 0.01


def test_temperatures_go_from_the_unknown_to_the_known_speaker() -> None:
    network = VoiceNetwork(wide=8).eval()
    inputs = torch.randn(1, INPUTS).expand(3, -1).clone()
    inputs[:, -1] = torch.tensor([1 / (1 + PRIOR_MEAN), 0.6, 1.0])
    with torch.no_grad():
        plain = network(inputs)[1]
        network.temperatures.copy_(torch.tensor([4.0, 2.0]))
        ratio = (plain / network(inputs)[1])[:, 0]
    assert ratio[0] == pytest.approx(4)
    assert 2 < ratio[1] < 4
    assert ratio[2] == pytest.approx(2)


def test_a_state_tells_the_shape() -> None:
    network = VoiceNetwork(wide=12)
    again = VoiceNetwork.like(network.state_dict())
    again.load_state_dict(network.state_dict())
    assert again.hidden.out_features == 12
