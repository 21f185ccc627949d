"""From a foreign model's labels to the seven classes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from emocli.emotions import EMOTIONS, INDEX, index_of
from emocli.errors import UsageError, WeightsError

#: Share of its probability that a model must give to labels that are ours, else it has said nothing.
LEAST = 1e-6


class LabelMap:
    """Which of the seven classes each own label stands for; `unmapped` are those that stand for none.

    `table` is the adapter's (lower case), `overrides` the user's, where "" drops a label.  Raises
    `WeightsError`, which begins with `subject`, when no label stands for any.
    """

    def __init__(self, labels: Sequence[str], table: Mapping[str, str], overrides: Mapping[str, str],
                 subject: str) -> None:
        own = {key.lower(): name for key, name in {**table, **overrides}.items()}
        classes = [_class(label, own) for label in labels]
        self.unmapped = tuple(label for label, c in zip(labels, classes, strict=True) if c is None)
        self._matrix = np.zeros((len(labels), len(EMOTIONS)), np.float32)
        for row, c in enumerate(classes):
            if c is not None:
                self._matrix[row, c] = 1
        if not self._matrix.any():
            shown = ", ".join(labels[:8]) + (", ..." if len(labels) > 8 else "")
            raise WeightsError(subject, f"none of its labels ({shown}) stands for one of the seven classes",
                               "give --labels map.toml with lines like LABEL_0 = \"happiness\"")

    @property
    def missing(self) -> tuple[str, ...]:
        """Classes that no label stands for, which it therefore never names."""
        return tuple(name for name, own in zip(EMOTIONS, self._matrix.T, strict=True) if not own.any())

    def seven(self, scores: np.ndarray) -> np.ndarray:
        """Own probabilities (n, labels) as those of the seven classes (n, 7): summed, and made to sum to 1
        without what is not mapped.  Rows of zeros where it says nothing of the seven, NaN where it did not
        give numbers."""
        seven = np.asarray(scores, np.float32) @ self._matrix
        seven[~np.isfinite(scores).all(1)] = np.nan
        total = seven.sum(1, keepdims=True)
        seven[total[:, 0] <= LEAST] = 0
        return np.asarray(seven / np.where(seven.any(1, keepdims=True), total, 1))


def weighted_mean(members: Sequence[np.ndarray], shares: Sequence[float]) -> np.ndarray:
    """Scores (n, 7) of several models as one: the mean over those that say something of an item, rows of NaN
    where none does.  A model says nothing in rows of zeros, or that are not finite."""
    total, scores = np.zeros((len(members[0]), 1)), np.zeros(members[0].shape)
    for own, share in zip(members, shares, strict=True):
        there = np.isfinite(own).all(1, keepdims=True) & own.any(1, keepdims=True)
        scores, total = scores + np.where(there, own, 0) * share, total + there * share
    return np.where(total > 0, scores / np.where(total > 0, total, 1), np.nan)


def _class(label: str, own: Mapping[str, str]) -> int | None:
    key = label.strip().lower()
    if key in own:
        return INDEX.get(own[key])
    return index_of(key)


def read_labels(path: str, modality: str) -> dict[str, str]:
    """The table of `--labels`: lines `own = "happiness"`, for all models or, in a table `[voice]`, for those
    of a modality; "" drops a label.  Raises `UsageError`."""
    if not path:
        return {}
    try:
        whole = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(path, f"cannot be read as labels ({error})",
                         "write lines like LABEL_0 = \"happiness\"") from error
    table = {k: v for k, v in whole.items() if not isinstance(v, dict)} | dict(whole.get(modality) or {})
    for label, name in table.items():
        if name not in (*EMOTIONS, ""):
            raise UsageError(path, f"{label} = {name!r} is none of the seven classes",
                             f"give one of {', '.join(EMOTIONS)}, or \"\" to drop it")
    return table
