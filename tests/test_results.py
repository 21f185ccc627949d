"""The figures that the repository quotes: those of `weights/results.json`, which can be made again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import threads
from support.paths import REPO

WEIGHTS = REPO / "weights"
#: What a reader looks for first: modality, set (None for the main one), figure, and the floor below
#: which weights are not shipped.
HEADLINES = [
    ("face", None, "accuracy", 0.85), ("face", "fer2013_private", "accuracy", 0.69),
    ("voice", None, "macro_f1", 0.78), ("voice", "ravdess_speaker_unknown", "macro_f1", 0.68),
    ("voice", "ravdess, --voice-mode fast", "macro_f1", 0.60), ("voice", "emodb", "macro_f1", 0.93),
    ("voice", "ravdess, voice-permissive", "macro_f1", 0.42), ("voice", "nemo", "macro_f1", 0.82),
    ("voice", "ravdess, babble at 10 dB", "macro_f1", 0.66),
    ("text", None, "macro_f1", 0.63), ("text", "goemotions_ko", "macro_f1", 0.53),
    ("text", "kote_ko", "macro_f1", 0.38), ("text", "meld_en", "weighted_f1", 0.42),
    ("fusion", None, "macro_f1", 0.90),
]


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    return json.loads((WEIGHTS / "results.json").read_text())


def figure(results: dict[str, Any], modality: str, name: str | None, key: str) -> float:
    result = results[modality]
    return (result["sets"][name] if name else result)[key]


@pytest.mark.parametrize(("modality", "name", "key", "floor"), HEADLINES)
def test_headlines(results: dict[str, Any], modality: str, name: str | None, key: str, floor: float) -> None:
    value = figure(results, modality, name, key)
    assert value >= floor
    for page in (WEIGHTS / f"{modality}.md", WEIGHTS / "RESULTS.md", REPO / "docs" / "accuracy.md"):
        assert f"{value:.3f}" in page.read_text(), page


def test_fusion_gains(results: dict[str, Any]) -> None:
    fused = {None: results["fusion"]} | results["fusion"]["sets"]
    alone = {m: fused[f"{m} alone, unfused"]["macro_f1"] for m in ("face", "voice", "text")}
    assert fused[None]["macro_f1"] >= max(alone.values()) + 0.10
    for left in ("face", "voice", "text", "face+voice", "face+text", "voice+text"):
        assert fused[left]["macro_f1"] >= max(alone[m] for m in left.split("+"))


#: What nothing was trained on: set (None for the main one), and the floor of its macro-F1.
STRANGERS = [(None, 0.80), ("nemo left out, speaker known", 0.60), ("ravdess left out, speaker known", 0.50),
             ("emodb left out, speaker known", 0.80), ("ravdess pairs, face+voice", 0.85)]


@pytest.mark.parametrize(("name", "floor"), STRANGERS)
def test_what_nothing_was_trained_on(results: dict[str, Any], name: str | None, floor: float) -> None:
    value = figure(results, "strangers", name, "macro_f1")
    assert value >= floor
    for page in (WEIGHTS / "RESULTS.md", REPO / "docs" / "accuracy.md"):
        assert f"{value:.3f}" in page.read_text(), page


def test_strangers_gain_from_fusion_and_are_not_over_sure(results: dict[str, Any]) -> None:
    met = results["strangers"]
    alone = max(met["sets"][f"{m} alone"]["macro_f1"] for m in ("face", "voice", "text"))
    assert met["macro_f1"] >= alone + 0.08
    assert met["ece"] <= 0.10
    assert next(iter(results)) == "strangers"


@pytest.mark.parametrize(("joined", "loss"), [("voice+text", 0.0), ("face+voice", 0.0), ("face+text", 0.01)])
def test_on_strangers_two_are_no_worse_than_the_better_one(results: dict[str, Any], joined: str,
                                                           loss: float) -> None:
    """But for words beside a face, which may cost a hundredth."""
    sets = results["strangers"]["sets"]
    alone = max(sets[f"{m} alone"]["macro_f1"] for m in joined.split("+"))
    assert sets[joined]["macro_f1"] >= alone - loss
    assert results["strangers"]["macro_f1"] >= sets[joined]["macro_f1"] - 0.015
    assert sets[joined]["ece"] <= 0.10


def test_folds_by_actor(results: dict[str, Any]) -> None:
    six = results["voice"]["six_fold"]
    assert sorted(actor for fold in six["folds"] for actor in fold["actors"]) == list(range(1, 25))
    assert six["mean_macro_f1"] >= 0.79
    assert f"mean macro-F1 {six['mean_macro_f1']:.3f}," in (WEIGHTS / "voice.md").read_text()
    for page in (WEIGHTS / "RESULTS.md", REPO / "docs" / "accuracy.md"):
        assert f"{six['mean_macro_f1']:.3f}" in page.read_text(), page


def test_what_the_networks_are_compared_with(results: dict[str, Any]) -> None:
    """The networks that emocli grew out of, on the same test actors, and other ways to fuse, on the same
    triplets."""
    voices, fused = results["voice"]["compared"], results["fusion"]["compared"]
    assert voices["CNN + GRU, 40 x 128 MFCC"]["parameters"] == 466_055
    assert sum("BiLSTM" in name for name in voices) == 3
    assert sum("spectrogram" in name for name in voices) == 4
    assert {r["n"] for r in voices.values()} == {results["voice"]["n"]}
    assert max(r["macro_f1"] for r in voices.values()) < results["voice"]["macro_f1"]
    # Doubt, which strangers need, costs so much where every reader is known (weights/fusion.md).
    assert max(r["macro_f1"] for r in fused.values()) < results["fusion"]["macro_f1"] + 0.02
    page = (WEIGHTS / "RESULTS.md").read_text()
    assert all(name in page for name in (*voices, *fused, *results["text"]["compared"]))


def test_sizes_and_speed(results: dict[str, Any]) -> None:
    """The bars of size that the networks were made for, and the two voices side by side."""
    modes = results["voice"]["modes"]
    assert modes["fast"]["bytes"] <= 1.1e6 < modes["accurate"]["bytes"] <= 16e6
    assert results["face"]["bytes"] <= 6e6
    assert sum((WEIGHTS / f"text_{lang}.safetensors").stat().st_size for lang in ("en", "ko")) <= 45e6
    assert results["text"]["modes"]["accurate"]["ms"] <= 15
    assert results["voice"]["seconds_a_second"] <= 0.03
    for modality in ("face", "voice", "text", "fusion"):
        assert f"{results[modality]['items_per_second']:,.0f} items/s" in (WEIGHTS / "RESULTS.md").read_text()


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.long
@pytest.mark.timeout(1200)
def test_one_command_makes_the_figures_again(results: dict[str, Any], data: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "emocli", "evaluate", "all", "--data", data, "-o", tmp_path, "--json"]
    run = subprocess.run(command, capture_output=True, text=True, env=threads.as_many_as_usual())
    assert run.returncode == 0, run.stderr
    again = json.loads(run.stdout)
    known, made = ([figure(of, *headline[:3]) for headline in HEADLINES] for of in (results, again))
    assert made == pytest.approx(known, abs=0.004)
    assert len(made) == len(HEADLINES)
    assert (tmp_path / "RESULTS.md").read_text().count("By class") > 8
    assert (tmp_path / "voice.confusion.png").stat().st_size > 5000
