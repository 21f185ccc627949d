"""The network over bags of n-grams."""

import numpy as np
import torch

from emocli.text.network import FEATURES, TextNetwork, bags


def test_bags_are_joined_end_to_end() -> None:
    ids, weights, offsets = bags([(np.array([3, 5]), np.ones(2, np.float32)),
                                  (np.array([4]), np.full(1, 0.5, np.float32))])
    assert ids.tolist() == [3, 5, 4]
    assert weights.tolist() == [1, 1, 0.5]
    assert offsets.tolist() == [0, 2]


def test_heads_answer_for_themselves_over_shared_features() -> None:
    torch.manual_seed(0)
    network = TextNetwork(width=4, heads=("en", "ko", "xed"), buckets=16).eval()
    inputs = bags([(np.array([3, 5]), np.ones(2, np.float32)), (np.array([4]), np.ones(1, np.float32))])
    with torch.no_grad():
        (features, english), (same, korean) = network(*inputs, "en"), network(*inputs, "ko")
    assert features.shape == (2, FEATURES)
    assert english.shape == (2, 7)
    assert torch.equal(features, same)
    assert not torch.equal(english, korean)
