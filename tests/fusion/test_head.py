"""The fusion head works with any subset, and follows what the modalities agree on."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from emocli.emotions import NEUTRAL
from emocli.fusion.head import Fusion, FusionHead, pack, save
from emocli.timeline.types import MODALITIES, Reading
from emocli.weights import resolve


@pytest.fixture(scope="module")
def fusion() -> Fusion:
    return Fusion(resolve("fusion"))


def reading(name: str, width: int, index: int, top: float = 0.7) -> Reading:
    scores = np.full(7, (1 - top) / 6)
    scores[index] = top
    return Reading(name, np.zeros(width, np.float32), np.log(scores), scores, 1.0)


@pytest.mark.parametrize("there", [m for m in product((0, 1), repeat=3) if any(m)])
def test_any_subset(fusion: Fusion, there: tuple[int, ...]) -> None:
    for index in range(7):
        readings = {m: reading(m, w, index) if on else Reading(m, reason="absent")
                    for m, w, on in zip(MODALITIES, fusion.head.widths, there, strict=True)}
        scores = fusion.scores([readings])[0]
        assert scores.sum() == pytest.approx(1, abs=1e-5)
        assert scores.argmax() == index


def test_agreement_is_surer_than_one_alone(fusion: Fusion) -> None:
    face, voice = (reading(m, w, 0, 0.6) for m, w in zip(MODALITIES[:2], fusion.head.widths[:2], strict=True))
    text = reading("text", fusion.head.widths[2], 0, 0.6)
    alone, all_three = fusion.scores([{"face": face}, {"face": face, "voice": voice, "text": text}])
    assert all_three[0] > alone[0]


def test_nothing_to_read_is_spread_evenly(fusion: Fusion) -> None:
    scores = fusion.scores([{}])[0]
    assert scores.argmax() == NEUTRAL
    assert scores.max() == pytest.approx(0.25)
    assert scores.sum() == pytest.approx(1)
    assert fusion.scores([]).shape == (0, 7)


def test_absent_readings_leave_no_trace(fusion: Fusion) -> None:
    features, log_scores, mask = pack([{"face": reading("face", fusion.head.widths[0], 0)}],
                                      fusion.head.widths)
    assert mask.tolist() == [[1, 0, 0]]
    features[1] += 100
    log_scores[0, 2] -= 50
    again = pack([{"face": reading("face", fusion.head.widths[0], 0)}], fusion.head.widths)
    changed, plain = fusion.head(features, log_scores, mask), fusion.head(*again)
    assert changed.detach().numpy() == pytest.approx(plain.detach().numpy())


def test_a_modality_by_itself_may_keep_its_scores() -> None:
    head = FusionHead([4, 5, 6]).eval()
    head.alone[1] = 1
    features, scores = [torch.randn(3, w) for w in (4, 5, 6)], torch.randn(3, 3, 7).log_softmax(2)
    mask = torch.tensor([[0.0, 1, 0], [1, 0, 0], [1, 1, 0]])
    logits = head(features, scores, mask)
    assert torch.equal(logits[0], scores[0, 1])
    assert not torch.allclose(logits[1], scores[1, 0])
    assert not torch.allclose(logits[2], scores[2, 1])


def test_the_weights_file_names_the_modalities(tmp_path: Path) -> None:
    save(FusionHead([4, 1]), tmp_path / "two.safetensors", ("text", "loudness"))
    fusion = Fusion(tmp_path / "two.safetensors")
    assert (fusion.modalities, fusion.head.widths) == (("text", "loudness"), (4, 1))
    known = {"text": reading("text", 4, 6), "loudness": reading("loudness", 1, 6)}
    scores = fusion.scores([known, {**known, "face": reading("face", 128, 0)}])
    assert np.array_equal(scores[0], scores[1])


def test_a_file_that_names_none_is_of_those_that_ship(tmp_path: Path) -> None:
    save_file(FusionHead([4, 5, 6]).state_dict(), tmp_path / "old.safetensors")
    assert Fusion(tmp_path / "old.safetensors").modalities == MODALITIES
