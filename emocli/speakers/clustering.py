"""Which windows of speech are one voice's, and how many voices there are.

Two models, as in VBx (Landini et al. 2022, "Bayesian HMM clustering of x-vector sequences"): PLDA tells what
of an embedding is the speaker and what is the mood, learnt from actors who speak in several moods; and a
hidden Markov model whose states are speakers goes over the windows in order of time, so that a window in
doubt is its neighbours' speaker's.  Speakers who explain too little die out, which is how their number is
found.  It starts from an agglomerative clustering (SciPy) of pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

#: Windows whose pairs are looked at together, so that memory does not grow with the square of the speech.
CHUNK = 512
#: Log likelihood ratio of a pair below which the start keeps two clusters apart.
APART = 0.0
#: Clusters that the model starts from when the number of speakers is given (at least three a speaker), and
#: the most otherwise.
START, MOST_START = 12, 40
#: How much a window counts (they overlap), how much evidence a speaker needs, and the probability that the
#: next window is the same speaker's.
SHARE, NEED, STAY = 0.4, 12.0, 0.95
#: Shares of NEED that are tried in turn until the number of speakers that is asked for lives, and the one
#: that they then divide the windows by.
EASIER, FIXED = (1.0, 0.7, 0.5, 0.3, 0.15), 0.4
#: Windows that a speaker has at least, and rounds of the model.
LEAST, ROUNDS = 3, 20


class Likeness:
    """PLDA: `between` (d,) is how speakers vary along each axis, where one speaker's moods vary by 1."""

    def __init__(self, mean: np.ndarray, axes: np.ndarray, between: np.ndarray) -> None:
        self.mean, self.axes, self.between = (np.asarray(a, np.float64) for a in (mean, axes, between))

    @classmethod
    def load(cls, path: Path) -> Likeness:
        """From a safetensors file with `mean` (d,), `axes` (d, d) and `between` (d,)."""
        return cls(**load_file(path))

    def project(self, embeddings: np.ndarray) -> np.ndarray:
        """Embeddings (n, d) along the axes, all of the length that is expected."""
        along = (embeddings - self.mean) @ self.axes
        return self._usual_length(along)

    def _usual_length(self, vectors: np.ndarray) -> np.ndarray:
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(length, 1e-9) * np.sqrt((1 + self.between).sum()))

    def ratios(self, vectors: np.ndarray) -> np.ndarray:
        """Log likelihood ratio (n, n) of one speaker to two for each pair of projected vectors."""
        total, shared = 1 + self.between, self.between
        rest = total**2 - shared**2
        own = vectors**2 @ (total / rest - 1 / total)
        both = (vectors * (2 * shared / rest)) @ vectors.T
        return np.asarray(-0.5 * (own[:, None] + own - both) + (np.log(total) - 0.5 * np.log(rest)).sum())

    def merge(self, vectors: np.ndarray, *, count: int | None = None) -> np.ndarray:
        """Clusters (n,) of projected vectors, as many as `count` or as are APART (average linkage)."""
        if len(vectors) < 2 or count == 1:
            return np.zeros(len(vectors), int)
        from scipy.cluster.hierarchy import fcluster, linkage
        from scipy.spatial.distance import squareform

        ratios = self.ratios(vectors)
        most = float(ratios.max())
        tree = linkage(squareform(most - ratios, checks=False), "average")
        if count is None:
            return np.asarray(fcluster(tree, max(0.0, most - APART), "distance") - 1)
        return np.asarray(fcluster(tree, count, "maxclust") - 1)

    def means(self, vectors: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """One vector of the usual length for each label 0, 1, ... (k, d)."""
        sums = np.zeros((labels.max() + 1, vectors.shape[1]))
        np.add.at(sums, labels, vectors)
        return self._usual_length(sums)


def cluster(likeness: Likeness, embeddings: np.ndarray, count: int | None = None, *,
            most: int = MOST_START) -> np.ndarray:
    """The speaker 0, 1, ... of each window (n,) in order of time, from their embeddings (n, d).

    `count` speakers, or as many as the windows bear out, but `most` of them; fewer where there are not so
    many windows.
    """
    if len(embeddings) < 2 or count == 1:
        return np.zeros(len(embeddings), int)
    vectors = likeness.project(embeddings)
    start = _start(likeness, vectors, None if count is None else max(START, 3 * count))
    for easier in EASIER:
        labels = _numbered(without_rare(_lives(likeness, vectors, start, NEED * easier), LEAST))
        if count is None or labels.max() + 1 >= count:
            break
    else:
        labels = start
    wanted = min(most, labels.max() + 1) if count is None else count
    if labels.max() + 1 > wanted:
        labels = likeness.merge(likeness.means(vectors, labels), count=wanted)[labels]
    divided = _numbered(_lives(likeness, vectors, labels, NEED * FIXED, fixed=True).argmax(1))
    return divided if count is None or divided.max() == labels.max() else labels


def _start(likeness: Likeness, vectors: np.ndarray, count: int | None) -> np.ndarray:
    """Clusters to begin with: of chunks, then of the chunks' clusters."""
    labels = np.zeros(len(vectors), int)
    for first in range(0, len(vectors), CHUNK):
        chunk = slice(first, first + CHUNK)
        labels[chunk] = likeness.merge(vectors[chunk], count=count) + (labels.max() + 1 if first else 0)
    if len(vectors) > CHUNK:
        labels = likeness.merge(likeness.means(vectors, labels), count=count)[labels]
    if labels.max() >= MOST_START:
        labels = likeness.merge(likeness.means(vectors, labels), count=MOST_START)[labels]
    return labels


def _lives(likeness: Likeness, vectors: np.ndarray, labels: np.ndarray, need: float, *,
           fixed: bool = False) -> np.ndarray:
    """How likely each window is each speaker's, (n, k), by variational Bayes from clusters to begin with;
    with `fixed`, all speakers stay as likely as one another."""
    between, count = likeness.between, int(labels.max()) + 1
    weighed = vectors * np.sqrt(between)
    own = -0.5 * np.square(vectors).sum(1, keepdims=True)
    likely = np.exp(5.0 * (labels[:, None] == np.arange(count)))
    likely /= likely.sum(1, keepdims=True)
    usual, last = np.full(count, 1 / count), -np.inf
    for _ in range(ROUNDS):
        spread = 1 / (1 + SHARE / need * likely.sum(0)[:, None] * between)
        centres = SHARE / need * spread * (likely.T @ weighed)
        scores = SHARE * (weighed @ centres.T - 0.5 * (spread + centres**2) @ between + own)
        likely, counts, evidence = _through_time(scores, usual)
        if not fixed:
            usual = counts / counts.sum()
        bound = evidence + need * 0.5 * float((np.log(spread) - spread - centres**2 + 1).sum())
        if bound - last < 1e-5 * abs(bound):
            break
        last = bound
    return likely


def _through_time(scores: np.ndarray, usual: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Forward and backward over log likelihoods (n, k): how likely each window is each speaker's, how often
    each begins a turn, and the log evidence."""
    most = scores.max(1, keepdims=True)
    likelihood = np.exp(scores - most)
    forward, backward, scale = np.empty_like(scores), np.ones_like(scores), np.empty(len(scores))
    before = usual
    for at, now in enumerate(likelihood):
        before = before * now
        scale[at] = before.sum() + 1e-300
        forward[at] = before / scale[at]
        before = STAY * forward[at] + (1 - STAY) * usual
    for at in range(len(scores) - 2, -1, -1):
        after = backward[at + 1] * likelihood[at + 1]
        backward[at] = (STAY * after + (1 - STAY) * (usual @ after)) / scale[at + 1]
    likely = forward * backward
    likely /= likely.sum(1, keepdims=True)
    begins = (1 - STAY) * usual * (likelihood[1:] * backward[1:] / scale[1:, None]).sum(0)
    return likely, likely[0] + begins, float(np.log(scale).sum() + most.sum())


def without_rare(likely: np.ndarray, least: int) -> np.ndarray:
    """The likeliest speaker of each window, of those who are it of `least` windows; (n, k) in, (n,) out."""
    has = np.bincount(likely.argmax(1), minlength=likely.shape[1])
    kept = np.flatnonzero(has >= min(least, has.max()))
    return np.asarray(kept[likely[:, kept].argmax(1)])


def _numbered(labels: Sequence[int] | np.ndarray) -> np.ndarray:
    """The same labels as 0, 1, ... without holes."""
    return np.unique(labels, return_inverse=True)[1]
