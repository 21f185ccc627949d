"""Change points of made-up scores."""

from itertools import accumulate, pairwise

import numpy as np
import pytest

from emocli.timeline.changes import PENALTY, SHORTEST, change_points, resample

RATE = 5


def noisy(parts: list[tuple[int, float]], *, spread: float, slow: float = 0.0, seed: int = 0,
          rate: float = RATE) -> tuple[np.ndarray, np.ndarray]:
    """Times and scores (n, 7) of a face that shows one class after another, each for some seconds; its logits
    stray by `spread`, of which `slow` carries over from one sample to the next."""
    random, logits = np.random.default_rng(seed), list[np.ndarray]()
    noise = random.normal(0, 1, 7)
    for index, seconds in parts:
        for _ in range(round(seconds * rate)):
            noise = slow * noise + np.sqrt(1 - slow**2) * random.normal(0, 1, 7)
            logits.append(3.0 * np.eye(7)[index] + spread * noise)
    scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return (np.arange(len(scores)) + 0.5) / rate, scores


@pytest.mark.parametrize("seed", range(10))
def test_changes_are_found_and_nothing_else(seed: int) -> None:
    random = np.random.default_rng(seed)
    parts = [(int(i), float(round(s * RATE) / RATE)) for i, s in
             zip(random.permutation(7), random.uniform(1.6, 12, 7), strict=True)]
    *edges, end = accumulate(seconds for _, seconds in parts)
    found = change_points(*noisy(parts, spread=0.7, seed=seed), 0, end)
    assert found == pytest.approx(edges, abs=0.4)


@pytest.mark.parametrize("spread", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("index", [0, 6])
def test_noise_changes_nothing(spread: float, index: int) -> None:
    assert not change_points(*noisy([(index, 120)], spread=spread), 0, 120)


def test_noise_that_lasts_changes_little() -> None:
    found = [change_points(*noisy([(seed % 7, 60)], spread=0.5, slow=0.8, seed=seed), 0, 60)
             for seed in range(20)]
    assert sum(map(len, found)) <= 2  # in 20 minutes


def test_a_moment_is_no_change() -> None:
    times, scores = noisy([(6, 6), (0, 0.4), (6, 6)], spread=0.3)
    assert not change_points(times, scores, 0, 12.4)


def test_parts_have_their_least_length_at_any_rate() -> None:
    for rate in (1, 2, 25):
        parts = [(k % 2, 0.5 + 0.3 * k) for k in range(12)]
        times, scores = noisy(parts, spread=1.0, rate=rate)
        end = float(times[-1] + 0.5 / rate)
        times, scores = resample(times, scores, np.ones(len(times)))
        edges = [0.0, *change_points(times, scores, 0.0, end), end]
        assert all(b - a >= SHORTEST - 1e-9 for a, b in pairwise(edges))


def test_a_long_face_is_one_part() -> None:
    times, scores = noisy([(0, 90), (3, 90)], spread=0.5)
    assert change_points(times, scores, 0, 180) == pytest.approx([90], abs=0.4)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_best_of_all_ways(seed: int) -> None:
    """Against every way to divide a few samples."""
    random = np.random.default_rng(seed)
    scores, times = random.dirichlet(np.full(7, 0.2), 14), np.arange(14) * 0.5
    edges = np.concatenate([[-0.25], (times[1:] + times[:-1]) / 2, [6.75]])

    def cost(cuts: list[int]) -> float:
        parts = [scores[a:b] for a, b in pairwise([0, *cuts, 14])]
        if any(edges[b] - edges[a] < SHORTEST for a, b in pairwise([0, *cuts, 14])):
            return float("inf")
        return PENALTY * len(cuts) + sum(float(((p - p.mean(0))**2).sum()) for p in parts)

    ways = [[k + 1 for k in range(13) if way >> k & 1] for way in range(2**13)]
    best = min(ways, key=cost)
    assert change_points(times, scores, -0.25, 6.75) == pytest.approx([edges[k] for k in best])


def test_nothing_to_divide() -> None:
    none = np.zeros((0, 7))
    assert change_points(np.zeros(0), none, 0, 5) == change_points(np.ones(1), np.ones((1, 7)), 0, 5) == []
    times, scores = noisy([(0, 0.4), (6, 0.4)], spread=0.1)
    assert change_points(times, scores, 0, 0.8) == []


def test_resampled_by_weight() -> None:
    times, scores = resample(np.array([0.0, 0.1, 0.2, 0.3]), np.eye(7)[[0, 6, 1, 1]],
                             np.array([3.0, 1, 1, 1]))
    assert times.tolist() == pytest.approx([0.025, 0.25])
    assert scores[0, [0, 6]].tolist() == pytest.approx([0.75, 0.25])
