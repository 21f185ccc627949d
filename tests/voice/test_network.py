"""The network over functionals."""

import numpy as np
import pytest
import torch

from emocli.voice.network import INPUTS, SMALL, VoiceNetwork


@pytest.fixture(scope="module")
def network() -> VoiceNetwork:
    torch.manual_seed(0)
    return VoiceNetwork(members=4, wide=16, view=8).eval()


def test_the_network_reads_each_row_by_itself(network: VoiceNetwork) -> None:
    inputs = torch.from_numpy(np.random.default_rng(0).normal(size=(3, INPUTS)).astype(np.float32))
    with torch.no_grad():
        together, alone = network(inputs), [network(row[None]) for row in inputs]
    for part, shape in enumerate([(3, SMALL * 8), (3, 7)]):
        assert together[part].shape == shape
        assert together[part].numpy() == pytest.approx(np.concatenate([row[part] for row in alone]), abs=1e-4)


def test_its_beginning_is_a_network_of_the_same_features(network: VoiceNetwork) -> None:
    state = network.beginning()
    small = VoiceNetwork.like(state).eval()
    small.load_state_dict(state)
    inputs = torch.randn(2, INPUTS)
    with torch.no_grad():
        features, logits = small.each(inputs)
        whole, of_all = network.each(inputs)
    assert torch.equal(features, whole)
    assert torch.equal(logits, of_all[:, :SMALL])


def test_far_inputs_are_cut(network: VoiceNetwork) -> None:
    with torch.no_grad():
        far, farther = (network(torch.full((1, INPUTS), value))[1] for value in (10.0, 1e6))
    assert torch.equal(far, farther)
