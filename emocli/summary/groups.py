"""What differs between two groups of videos, and how surely.

A video is one observation, whatever its length: its rows depend on each other, videos of different people do
not.  Each class is tested by permutation (which videos are whose is shuffled; all ways are gone through where
they are few), and its p is corrected for the number of classes (Holm 1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from emocli.emotions import EMOTIONS
from emocli.errors import UsageError
from emocli.summary.compute import DRAWS, LEAST, LEVEL, SEED

#: Ways of shuffling that are gone through at most, and corrected p below which a difference is called sure.
SHUFFLES, SURE = 9_999, 0.05


@dataclass(frozen=True)
class Difference:
    """Of one class: the mean share of the `first` group and of the `second`, and the second less the first,
    with its interval, None where a group has fewer than LEAST videos; `p`, and `corrected`."""

    emotion: str
    first: float
    second: float
    low: float | None
    high: float | None
    p: float
    corrected: float

    @property
    def difference(self) -> float:
        """The second group's share less the first's."""
        return self.second - self.first


@dataclass(frozen=True)
class Groups:
    """How many videos were compared, the differences in the order of EMOTIONS, and the smallest corrected p
    that as many videos could have."""

    videos: tuple[int, int]
    differences: tuple[Difference, ...]
    smallest: float

    @property
    def enough(self) -> bool:
        """Whether any difference, however large, could be called sure."""
        return self.smallest < SURE


def compare(first: Sequence[dict[str, float]], second: Sequence[dict[str, float]], *,
            seed: int = SEED) -> Groups:
    """Compare the shares of time by emotion of the videos of two groups.

    Raises `UsageError` where a group has fewer than two videos: nothing is known then of how videos vary.
    """
    from scipy import stats

    if min(len(first), len(second)) < 2:
        raise UsageError("emocli compare", f"has groups of {len(first)} and {len(second)} videos, of which "
                         "none can be compared", "give two videos or more of each, better six")
    groups = [np.array([[shares[emotion] for emotion in EMOTIONS] for shares in group])
              for group in (first, second)]
    p = np.atleast_1d(stats.permutation_test(
        groups, _difference, vectorized=True, n_resamples=SHUFFLES, alternative="two-sided",
        random_state=np.random.default_rng(seed)).pvalue)
    corrected, intervals = holm(p), _intervals(groups, seed)
    before, after = (group.mean(0).tolist() for group in groups)
    differences = (Difference(emotion, before[c], after[c], *intervals[c], float(p[c]), float(corrected[c]))
                   for c, emotion in enumerate(EMOTIONS))
    ways = comb(len(first) + len(second), len(first))
    # As scipy counts: both tails, and where ways are drawn, the one that is there as one of them.
    smallest = 2 / ways if ways <= SHUFFLES else 2 / (SHUFFLES + 1)
    return Groups((len(first), len(second)), tuple(differences), min(1.0, smallest * len(EMOTIONS)))


def _difference(first: np.ndarray, second: np.ndarray, axis: int = 0) -> np.ndarray:
    return np.asarray(second.mean(axis) - first.mean(axis))


def holm(p: np.ndarray) -> np.ndarray:
    """Values (n,) corrected for being n: the smallest n times, the next n - 1 times, none below one
    before."""
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(stepped, 1)
    return corrected


def _intervals(groups: Sequence[np.ndarray], seed: int) -> list[tuple[float | None, float | None]]:
    """Percentile bootstrap over the videos of each group."""
    if min(map(len, groups)) < LEAST:
        return [(None, None)] * len(EMOTIONS)
    random, tail = np.random.default_rng(seed), (1 - LEVEL) / 2
    means = [random.multinomial(len(group), np.full(len(group), 1 / len(group)), size=DRAWS) @ group
             / len(group) for group in groups]
    low, high = np.quantile(means[1] - means[0], (tail, 1 - tail), axis=0)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
