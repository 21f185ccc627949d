"""Where what a face shows changes: the change points of its scores.

Optimal partitioning (Jackson et al. 2005): of all ways to divide the samples, the one with the least squared
distance from each part's mean, where every change costs `PENALTY`.  `ruptures` offers the same, without parts
that are bounded in seconds, and takes time that grows with the square of the samples where nothing changes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

#: Seconds; parts are at least so long.
SHORTEST = 1.0
#: What a change costs, in squared distance of scores, summed over samples.  Chosen by `bench/changes.py`: the
#: smallest that leaves faces whole which are unchanging, with something to spare for noise that lasts, and
#: before fewer of the changes of films are found.
PENALTY = 2.5
#: Seconds that the means of samples are taken over which are nearer to each other.
STEP = 0.2
#: Samples back to which a part may have begun at any; a longer one is followed from its best beginning alone.
MEMORY = 100
#: Samples whose costs are reckoned at once.
_BLOCK = 1024


def resample(times: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At most one sample in each `STEP`: times (m,), s, and scores (m, 7), which are the means by `weights`
    (n,) of those of sorted `times` (n,) and `scores` (n, 7) that lie in it."""
    bins = np.floor(times / STEP + 1e-6).astype(np.int64)
    firsts = np.flatnonzero(np.diff(bins, prepend=-1))
    total = np.add.reduceat(weights, firsts)
    return (np.add.reduceat(times * weights, firsts) / total,
            np.add.reduceat(scores * weights[:, None], firsts) / total[:, None])


def change_points(times: np.ndarray, scores: np.ndarray, start: float, end: float) -> list[float]:
    """When `scores` (n, 7) change that were sampled at sorted `times` (n,) between `start` and `end`, s: in
    order, each halfway between two samples.  Takes time linear in n."""
    count = len(times)
    if count < 2:
        return []
    edges = np.concatenate([[start], (times[:-1] + times[1:]) / 2, [end]])
    sums, squares = _sums(scores)
    least, began = np.full(count + 1, np.inf), [0] * (count + 1)
    least[0] = -PENALTY
    for first in range(1, count + 1, _BLOCK):
        stops = np.arange(first, min(first + _BLOCK, count + 1))
        begins = np.maximum(stops[:, None] - np.arange(MEMORY, 0, -1), 0)
        costs = _costs(sums, squares, begins, stops[:, None]) + PENALTY
        costs[edges[stops][:, None] - edges[begins] < SHORTEST] = np.inf
        for stop, from_each in zip(stops.tolist(), costs, strict=True):
            oldest, longest = max(stop - MEMORY, 0), began[stop - 1]
            totals = least[oldest:stop] + from_each[-(stop - oldest):]
            best = int(totals.argmin())
            least[stop], began[stop] = totals[best], oldest + best
            if longest < oldest:
                whole = least[longest] + _costs(sums, squares, longest, stop) + PENALTY
                if whole < least[stop]:
                    least[stop], began[stop] = whole, longest
    changes: list[float] = []
    at = began[count]
    while at > 0:
        changes.append(float(edges[at]))
        at = began[at]
    return changes[::-1]


def _sums(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Running sums of scores (n + 1, 7) and of their squares (n + 1,)."""
    sums = np.zeros((len(scores) + 1, scores.shape[1]))
    np.cumsum(scores, axis=0, out=sums[1:])
    return sums, np.concatenate([[0.0], np.cumsum(np.square(scores, dtype=float).sum(1))])


def _costs(sums: np.ndarray, squares: np.ndarray, begins: Any, stops: Any) -> Any:
    """Squared distance from their mean of the samples from each of `begins` to each of `stops`."""
    difference = sums[stops] - sums[begins]
    return squares[stops] - squares[begins] - np.vecdot(difference, difference) / (stops - begins)
