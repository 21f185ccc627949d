"""What of a voice is the speaker and what is the mood: PLDA over embeddings of acted speech.

Each actor speaks in all moods, so how an actor's clips differ is mood (and sentence), and how actors' means
differ is the speaker.  Both covariances are drawn towards a sphere, the second because actors are few;
jointly they are diagonal along `axes` (Ioffe 2006, "Probabilistic linear discriminant analysis").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
from safetensors.numpy import save_file

from emocli.speakers.clustering import Likeness
from emocli.speakers.encoder import SpeakerEncoder
from emocli.storage import atomic
from emocli.training.corpora import speech
from emocli.training.loop import Epoch
from emocli.weights import resolve

#: Clips that are embedded together.
_CLIPS = 256


def fit(data: Path, recipe: Mapping[str, Any], folder: Path) -> Iterator[Epoch]:
    """Learn `speakers.safetensors` as the recipe says; its one epoch tells the equal error rate of pairs of
    clips on the training data."""
    vectors, speakers = clips(data, recipe["corpora"], recipe["splits"])
    likeness = learn(vectors, speakers, recipe["round_within"], recipe["round_between"],
                     recipe["scale_between"])
    with atomic(folder / "speakers.safetensors") as part:
        save(likeness, part)
    error = equal_error(likeness, vectors, speakers, np.random.default_rng(recipe["seed"]))
    yield Epoch(1, 1, 0.0, 0.0, 0.0, {"equal_error": error})


def save(likeness: Likeness, path: Path) -> None:
    """Write a file that `Likeness.load` reads, in half precision."""
    numbers = {"mean": likeness.mean.astype(np.float16), "axes": likeness.axes.astype(np.float16),
               "between": likeness.between.astype(np.float32)}
    # In memory eigenvectors lie column by column, which safetensors would not see.
    save_file({name: np.ascontiguousarray(array) for name, array in numbers.items()}, path)


def clips(data: Path, corpora: list[str], splits: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The mean embedding of each clip (n, d), and its speaker (n,)."""
    encoder, speakers = SpeakerEncoder(resolve("speaker")), []
    means: list[np.ndarray] = []
    waiting: list[list[np.ndarray]] = []

    def embed() -> None:
        embedded = encoder.embed(piece for pieces in waiting for piece in pieces)
        ends = np.cumsum([len(pieces) for pieces in waiting])
        means.extend(part.mean(0) for part in np.split(embedded, ends[:-1]))
        waiting.clear()

    for corpus, split in product(corpora, splits):
        for clip in speech.read(data, corpus, split):
            waiting.append([piece for _, piece in encoder.windows(clip.samples)])
            speakers.append(clip.speaker)
            if len(waiting) == _CLIPS:
                embed()
    if waiting:
        embed()
    return np.stack(means), np.array(speakers)


def learn(vectors: np.ndarray, speakers: np.ndarray, round_within: float, round_between: float,
          scale_between: float = 1.0) -> Likeness:
    """PLDA of vectors (n, d) with their speakers (n,), every speaker counting the same."""
    names, at = np.unique(speakers, return_inverse=True)
    means = np.stack([vectors[at == i].mean(0) for i in range(len(names))])
    within = np.mean([np.cov(vectors[at == i].T, bias=True) for i in range(len(names))], 0)
    between = np.cov(means.T)
    spread, axes = scipy.linalg.eigh(_rounded(between, round_between), _rounded(within, round_within))
    return Likeness(means.mean(0), axes, spread * scale_between)


def _rounded(covariance: np.ndarray, share: float) -> np.ndarray:
    size = len(covariance)
    return np.asarray((1 - share) * covariance + share * np.trace(covariance) / size * np.eye(size))


def equal_error(likeness: Likeness, vectors: np.ndarray, speakers: np.ndarray, random: np.random.Generator,
                most: int = 2000) -> float:
    """Share of pairs of clips that are taken for one speaker's and are not, where as many are the other way
    round; pairs of at most `most` clips."""
    chosen = random.permutation(len(vectors))[:most]
    ratios = likeness.ratios(likeness.project(vectors[chosen]))
    first, second = np.triu_indices(len(chosen), 1)
    same = speakers[chosen][first] == speakers[chosen][second]
    own, others = (np.sort(ratios[first, second][which]) for which in (same, ~same))
    passed = 1 - np.searchsorted(others, own) / len(others)
    refused = np.arange(len(own)) / len(own)
    return float(np.max(np.minimum(passed, refused)))
