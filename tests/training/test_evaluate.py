"""Evaluation of the shipped weights on small data of the project's layout, and on one's own."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.cli import emocli
from support.corpora import clip

from emocli.errors import DataError
from emocli.training import evaluate, throughput

KEYS = {"n", "accuracy", "macro_f1", "weighted_f1", "ece", "ece_by_chance", "ece_uncalibrated", "per_class",
        "reliability", "parameters", "bytes", "items_per_second", "set", "sets"}


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speed is measured in a process of its own, which `test_throughput` starts."""
    monkeypatch.setattr(throughput, "measure", lambda modality, data: {"items_per_second": 2.0})


def check(result: dict[str, Any], count: int, sets: set[str], *, independent: bool = True) -> None:
    assert set(result) == (KEYS | {"macro_f1_interval"} if independent else KEYS)
    assert result["n"] == count
    assert set(result["sets"]) == sets
    assert 0 <= result["ece"] <= 1
    assert result["parameters"] > 30
    assert sum(b["n"] for b in result["reliability"]) == count


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
def test_faces(tiny: Path) -> None:
    result, predictions = evaluate.evaluate("face", tiny)
    spoilt = {f"ferplus_majority, {kind}" for kind in ("blur", "dark", "low-res", "rotated")}
    check(result, 70, spoilt | {"ferplus_majority_without_repeats", "fer2013_private",
                                "fer2013_private_without_repeats", "fer2013_private_by_the_votes_head"})
    assert predictions.scores.shape == (70, 7)


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("corrupt", ["", "babble"])
def test_voices(corrupt: str, tiny: Path) -> None:
    result, predictions = evaluate.evaluate("voice", tiny, corrupt=corrupt)
    ending = f", {corrupt}" if corrupt else ""
    assert result["set"] == f"ravdess{ending}"
    assert {"emodb" + ending, "nemo" + ending, "ravdess, voice-permissive" + ending} <= set(result["sets"])
    assert ("ravdess, white at 10 dB" in result["sets"]) == (not corrupt)
    check(result, 7, set(result["sets"]))
    assert set(predictions.speakers) == {"ravdess22"}


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.usefixtures("unmeasured")
def test_fusion(tiny: Path) -> None:
    result, _ = evaluate.evaluate("fusion", tiny)
    assert result["set"] == "face+voice+text"
    assert {"face alone, unfused", "voice+text", "voice+text, permissive"} <= set(result["sets"])
    check(result, evaluate.TRIPLETS, set(result["sets"]), independent=False)


@pytest.mark.slow
@pytest.mark.long
def test_the_command_prints_one_json_object_and_draws(tiny: Path, tmp_path: Path) -> None:
    printed = emocli("evaluate", "text", "--data", tiny, "-o", tmp_path, "--json")
    assert printed.returncode == 0, printed.stderr
    result = json.loads(printed.stdout)
    assert result.pop("modes").keys() == {"accurate", "fast"}
    check(result, 56, {"goemotions_ko", "meld_en", "kote_ko", "goemotions_en, --text-mode fast",
                       "goemotions_ko, --text-mode fast"})
    assert result["items_per_second"] > 1
    assert json.loads((tmp_path / "text.json").read_text())["sets"] == result["sets"]
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"text.json", "text.confusion.png", "text.reliability.png"}


@pytest.mark.slow
def test_folders_and_tables_of_ones_own(tmp_path: Path) -> None:
    for name, label in (("happy", 0), ("Sadness", 6), ("notes", 0)):
        (tmp_path / "sounds" / name).mkdir(parents=True)
        for i in range(3):
            (tmp_path / "sounds" / name / f"ann_{i}.ogg").write_bytes(clip(label, i))
    (tmp_path / "a.tsv").write_text("text\tlabels\nI am so happy\tjoy\nI am so sad\tsadness\nhm\tboredom\n")
    for modality, name, count in (("voice", "sounds", 6), ("text", "a.tsv", 2)):
        result, _ = evaluate.evaluate(modality, tmp_path / name)
        assert (result["set"], result["n"], result["sets"]) == (name, count, {})
        assert result["items_per_second"] > 1


def test_data_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        evaluate.evaluate("text", tmp_path / "absent")
    with pytest.raises(DataError, match="no text/"):
        evaluate.evaluate("text", tmp_path)
