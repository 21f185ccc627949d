"""Figures of accuracy, all from scikit-learn, and of calibration."""

from __future__ import annotations

from typing import Any

import numpy as np

from emocli.emotions import EMOTIONS

#: Items of a class below which an interval says nothing.
LEAST = 5


def macro_f1(scores: np.ndarray, labels: np.ndarray) -> float:
    """Mean F1 of the classes present in `labels` (n,); `scores` (n, k) may be logits, too."""
    from sklearn.metrics import f1_score

    return float(f1_score(labels, scores.argmax(1), labels=np.unique(labels), average="macro",
                          zero_division=0))


def macro_f1_interval(scores: np.ndarray, labels: np.ndarray, draws: int = 1000,
                      ) -> tuple[float, float] | None:
    """The 95 % confidence interval of `macro_f1` (percentile bootstrap, Efron & Tibshirani 1993); None where
    a class has fewer than LEAST of the n items.

    scores: (n, k); labels: (n,) int.  It takes the items to be independent: where few people said all of
    them, it is too narrow.
    """
    classes, counts = scores.shape[1], np.bincount(labels)
    if counts[counts > 0].min() < LEAST:
        return None
    confusion = np.bincount(labels.astype(int) * classes + scores.argmax(1), minlength=classes**2)
    drawn = np.random.default_rng(0).multinomial(len(labels), confusion / len(labels), draws)
    drawn = drawn.reshape(draws, classes, classes)  # as often each pair of label and answer
    right = np.diagonal(drawn, axis1=1, axis2=2)
    f1 = 2 * right / np.maximum(1, drawn.sum(1) + drawn.sum(2))
    low, high = np.quantile(f1[:, np.unique(labels)].mean(1), (0.025, 0.975))
    return float(low), float(high)


def reliability(scores: np.ndarray, labels: np.ndarray, bins: int = 10) -> list[dict[str, float]]:
    """Of the items in each bin of confidence that is not empty: mean confidence, share that is right,
    count."""
    confidence, hit = scores.max(1), scores.argmax(1) == labels
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    return [{"confidence": float(confidence[which == b].mean()), "accuracy": float(hit[which == b].mean()),
             "n": int(np.sum(which == b))} for b in range(bins) if np.any(which == b)]


def expected_calibration_error(scores: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins (Guo et al. 2017).

    scores: (n, k) probabilities; labels: (n,) int.  From the bins of the diagram, because torchmetrics, which
    gives the same, takes seconds to import and ten times as long.
    """
    return float(sum(abs(b["accuracy"] - b["confidence"]) * b["n"] for b in reliability(scores, labels, bins))
                 / len(labels))


def chance_calibration_error(scores: np.ndarray, draws: int = 100) -> float:
    """The ECE that perfectly calibrated scores (n, k) would show by chance: the mean over labels drawn from
    the scores themselves.  With few items it is far from 0."""
    random, confidence, guess = np.random.default_rng(0), scores.max(1), scores.argmax(1)
    drawn = (np.where(random.random(len(scores)) < confidence, guess, -1) for _ in range(draws))
    return float(np.mean([expected_calibration_error(scores, labels) for labels in drawn]))


def uncalibrated(scores: np.ndarray, temperature: float) -> np.ndarray:
    """What the scores (n, k) were before the logits were divided by `temperature`."""
    from scipy.special import softmax

    return np.asarray(softmax(np.log(np.maximum(scores, 1e-12)) * temperature, axis=1))


def summary(scores: np.ndarray, labels: np.ndarray, temperature: float = 1.0) -> dict[str, Any]:
    """Accuracy, macro and weighted F1 over the classes present in `labels`, ECE, per class.

    `temperature` is the one that calibrated the scores; the ECE without it stands beside.  It draws labels by
    chance a hundred times: what only wants the macro-F1 asks `macro_f1`.
    """
    from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

    guess, present = scores.argmax(1), np.unique(labels)
    by_class = precision_recall_fscore_support(labels, guess, labels=present, zero_division=0)
    return {
        "n": len(labels),
        "accuracy": float(accuracy_score(labels, guess)),
        "macro_f1": macro_f1(scores, labels),
        "weighted_f1": float(f1_score(labels, guess, average="weighted", zero_division=0)),
        "ece": expected_calibration_error(scores, labels),
        "ece_by_chance": chance_calibration_error(scores),
        "ece_uncalibrated": expected_calibration_error(uncalibrated(scores, temperature), labels),
        "per_class": {EMOTIONS[c]: {"precision": float(p), "recall": float(r), "f1": float(f),
                                    "support": int(n)}
                      for c, p, r, f, n in zip(present, *by_class, strict=True)},
    }


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature that minimises the log loss of softmax(logits / T) (Guo et al. 2017)."""
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    def loss(log_t: float) -> float:
        picked = log_softmax(logits / np.exp(log_t), axis=1)[np.arange(len(labels)), labels]
        return float(-picked.mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x))
