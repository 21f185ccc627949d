"""Figures of accuracy and calibration."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import f1_score

from emocli.training import metrics, report


def calibrated(count: int, spread: float = 1.5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits, their probabilities, and labels drawn from these."""
    random = np.random.default_rng(0)
    logits = random.normal(0, spread, (count, 7))
    scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return logits, scores, (random.random((count, 1)) > scores.cumsum(1)).sum(1).clip(0, 6)


def test_ece_of_the_sure_and_wrong() -> None:
    sure = np.tile(np.eye(7)[0], (10, 1))
    assert metrics.expected_calibration_error(sure, np.zeros(10, int)) == 0
    assert metrics.expected_calibration_error(sure, np.ones(10, int)) == 1
    half = np.array([0] * 5 + [1] * 5)
    assert metrics.expected_calibration_error(sure, half) == pytest.approx(0.5)


def test_ece_is_that_of_scikit_learns_curve() -> None:
    _, scores, _ = calibrated(2000)
    labels = np.random.default_rng(1).integers(0, 7, 2000)
    hit, confidence = scores.argmax(1) == labels, scores.max(1)
    right, sure = calibration_curve(hit, confidence, n_bins=15)
    counts = np.histogram(confidence, 15, (0, 1))[0]
    expected = float((np.abs(right - sure) * counts[counts > 0]).sum() / 2000)
    assert metrics.expected_calibration_error(scores, labels) == pytest.approx(expected, abs=1e-6)
    assert expected > 0.1


def test_temperature_is_recovered() -> None:
    logits, chances, labels = calibrated(20000)
    assert metrics.fit_temperature(3 * logits, labels) == pytest.approx(3, rel=0.05)
    cooler = np.exp(logits / 2) / np.exp(logits / 2).sum(1, keepdims=True)
    assert metrics.uncalibrated(cooler, 2.0) == pytest.approx(chances)
    bins = [b for b in metrics.reliability(chances, labels) if b["n"] >= 200]
    assert len(bins) > 5
    assert [b["accuracy"] for b in bins] == pytest.approx([b["confidence"] for b in bins], abs=0.05)


def test_macro_f1_is_over_the_classes_that_are_there() -> None:
    summary = metrics.summary(np.eye(7)[[0, 0, 5]], np.array([0, 0, 5]))
    assert summary["macro_f1"] == 1
    assert list(summary["per_class"]) == ["happiness", "anger"]


def test_macro_f1_alone_is_that_of_the_summary() -> None:
    logits, scores, _ = calibrated(500)
    labels = np.random.default_rng(1).integers(0, 6, 500)
    expected = f1_score(labels, scores.argmax(1), labels=range(6), average="macro")
    assert metrics.macro_f1(scores, labels) == metrics.macro_f1(logits, labels)
    assert metrics.macro_f1(scores, labels) == pytest.approx(expected, abs=1e-9)
    assert metrics.summary(scores, labels)["macro_f1"] == pytest.approx(expected, abs=1e-9)


def test_few_items_look_badly_calibrated_by_chance() -> None:
    random = np.random.default_rng(0)
    scores = random.dirichlet(np.full(7, 0.5), 4000)
    labels = np.array([random.choice(7, p=p) for p in scores])
    many, few = metrics.chance_calibration_error(scores), metrics.chance_calibration_error(scores[:200])
    assert many < 0.025 < 0.05 < few
    assert metrics.expected_calibration_error(scores, labels) == pytest.approx(many, abs=0.02)


@pytest.mark.parametrize(("count", "classes"), [(120, 6), (900, 7)])
def test_the_interval_of_the_macro_f1_is_that_of_items_drawn_again(count: int, classes: int) -> None:
    _, scores, _ = calibrated(count)
    random = np.random.default_rng(2)
    labels = np.where(random.random(count) < 0.5, scores.argmax(1), random.integers(0, 7, count)) % classes
    redrawn = [f1_score(labels[picked], scores[picked].argmax(1), labels=range(classes), average="macro",
                        zero_division=0) for picked in random.integers(0, count, (400, count))]
    interval = metrics.macro_f1_interval(scores, labels.astype(np.int8))
    assert interval == pytest.approx(np.quantile(redrawn, (0.025, 0.975)), abs=0.02)


def test_the_interval_of_what_is_always_right_has_no_width() -> None:
    labels = np.arange(700) % 7
    assert metrics.macro_f1_interval(np.eye(7)[labels], labels) == (1, 1)


def test_there_is_no_interval_where_a_class_is_hardly_there() -> None:
    labels = np.array([0] * 30 + [3] * 4)
    assert metrics.macro_f1_interval(np.eye(7)[labels], labels) is None


def test_an_interval_stands_in_brackets() -> None:
    assert report.macro_f1({"macro_f1": 0.5, "macro_f1_interval": [0.41, 0.5899]}) == "0.500 (0.410-0.590)"
    assert report.macro_f1({"macro_f1": 0.5, "macro_f1_interval": None}) == "0.500"
    assert report.macro_f1({"macro_f1": 0.5}) == "0.500"
