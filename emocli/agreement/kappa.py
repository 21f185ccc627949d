"""How far two or more codings of the same video agree.

Time is the unit: each interval on which no coding changes counts with its seconds.  Cohen's kappa (1960) for
two, Fleiss' (1971) for all; specific agreement of a class (Spitzer & Fleiss 1974) is twice the time on which
both name it over the time that either gives it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emocli.emotions import EMOTIONS


@dataclass(frozen=True)
class Agreement:
    """Of two codings: `confusion` (7, 7) in seconds, rows the first's; share of time on which they `agree`;
    Cohen's `kappa`; and the specific agreement of each class, nan where neither names it."""

    confusion: np.ndarray
    agree: float
    kappa: float
    classes: np.ndarray


def agreement(lengths: np.ndarray, classes: np.ndarray) -> Agreement:
    """Of two codings, (n,) seconds and (n, 2) classes."""
    confusion = np.zeros((len(EMOTIONS),) * 2)
    np.add.at(confusion, (classes[:, 0], classes[:, 1]), lengths)
    total, rows, columns = confusion.sum(), confusion.sum(1), confusion.sum(0)
    agree, chance = np.trace(confusion) / total, float(rows @ columns) / total**2
    with np.errstate(invalid="ignore"):
        specific = 2 * np.diag(confusion) / (rows + columns)
    return Agreement(confusion, float(agree), _kappa(float(agree), chance), specific)


def fleiss(lengths: np.ndarray, classes: np.ndarray) -> float:
    """Fleiss' kappa of two or more codings, (n,) seconds and (n, codings) classes."""
    coders = classes.shape[1]
    counts = (classes[:, :, None] == np.arange(len(EMOTIONS))).sum(1)
    weights = lengths / lengths.sum()
    agree = ((counts**2).sum(1) - coders) / (coders * (coders - 1))
    return _kappa(float(weights @ agree), float(((weights @ counts / coders) ** 2).sum()))


def _kappa(agree: float, chance: float) -> float:
    """nan where all time has one class: chance cannot be told from agreement."""
    return (agree - chance) / (1 - chance) if chance < 1 - 1e-12 else float("nan")
