"""How the voice network takes a speaker: each row by itself, and adapted to the speaker's others."""

import numpy as np
import pytest
import torch
from scipy.special import softmax

from emocli.encoders.whisper_encoder import FEATURES
from emocli.voice import network
from emocli.voice.network import INPUTS, PRIOR_MEAN, VoiceNetwork, adapted, standardise

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


def said(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and logits of `count` utterances of a speaker who sounds in two ways, one of class 0 and one of
    class 1, but of the first utterance of each way nothing is known."""
    random = torch.Generator().manual_seed(0)
    way = torch.arange(count) % 2
    inputs = torch.randn(2, INPUTS, generator=random)[way] + torch.randn(count, INPUTS, generator=random)
    logits = 3.0 * torch.eye(7)[way]
    logits[:2] = 0
    return inputs, logits


def refined_one_by_one(inputs: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """What `adapted` says it does, utterance by utterance and class by class."""
    x = inputs[:, :-1].astype(float).clip(-5, 5)
    x -= x.mean(0)
    count, refined = len(x), logits.astype(float)
    share = (count - 1) / (count - 1 + network.HALF_PULL)
    for _ in range(network.ITERATIONS):
        probabilities = softmax(refined, 1)
        refined = logits.astype(float)
        for i in range(count):
            others = [j for j in range(count) if j != i]
            cosines = [x[i] @ x[j] / np.linalg.norm(x[i]) / np.linalg.norm(x[j]) for j in others]
            for k in range(7):
                weights = probabilities[others, k]
                refined[i, k] += network.PULL * share * (weights @ cosines) / (
                    weights.sum() + network.PSEUDO_COUNT)
    return np.asarray(refined / (1 + network.SHARPENED * share**2))


def test_answers_are_refined_by_the_speakers_other_utterances() -> None:
    inputs, logits = said(30)
    inputs[0, 0] = 1e4
    wanted = refined_one_by_one(inputs.numpy(), logits.numpy())
    assert adapted(inputs, logits).numpy() == pytest.approx(wanted, abs=1e-4)


def test_an_utterance_is_taken_as_the_speakers_others_that_it_is_like() -> None:
    inputs, logits = said(200)
    answers = adapted(inputs, logits)
    assert answers.argmax(1).tolist() == [0, 1] * 100
    assert answers.softmax(1)[:2].amax(1).min() > 0.5


def test_a_lone_utterance_is_read_as_if_not_adapted_and_a_speaker_is_calibrated() -> None:
    torch.manual_seed(0)
    model = VoiceNetwork(wide=8).eval()
    model.linear.weight.data.normal_(std=0.01)
    inputs, _ = said(40)
    inputs[:, -1] = 1.0
    with torch.no_grad():
        assert torch.equal(model.of_speaker(inputs[:1])[1], model(inputs[:1])[1])
        plain = model.of_speaker(inputs)[1]
        assert float((plain - model(inputs)[1]).abs().max()) > 0.1
        model.temperatures.copy_(torch.tensor([4.0, 2.0]))
        assert torch.allclose(model.of_speaker(inputs)[1], plain / 2, atol=1e-5)
