"""The fusion head works with any subset, follows what the modalities agree on, and invents nothing."""

from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from emocli.emotions import EMOTIONS, NEUTRAL
from emocli.errors import WeightsError
from emocli.fusion.head import Fusion, FusionHead, pack, save
from emocli.timeline.types import MODALITIES, Reading
from emocli.weights import resolve


@pytest.fixture(scope="module")
def fusion() -> Fusion:
    return Fusion(resolve("fusion"))


def reading(name: str, index: int, top: float = 0.7) -> Reading:
    scores = np.full(7, (1 - top) / 6)
    scores[index] = top
    return Reading(name, np.zeros(1, np.float32), np.log(scores), scores, 1.0)


def readings(**of: tuple[int, float]) -> dict[str, Reading]:
    return {name: reading(name, *what) for name, what in of.items()}


@pytest.mark.parametrize("there", [m for m in product((0, 1), repeat=3) if any(m)])
def test_any_subset(fusion: Fusion, there: tuple[int, ...]) -> None:
    for index in range(7):
        known = {m: reading(m, index) if on else Reading(m, reason="absent")
                 for m, on in zip(MODALITIES, there, strict=True)}
        scores = fusion.scores([known])[0]
        assert scores.sum() == pytest.approx(1, abs=1e-5)
        assert scores.argmax() == index


def test_agreement_is_surer_than_one_alone(fusion: Fusion) -> None:
    alone, together = fusion.scores([readings(face=(0, 0.6)),
                                     readings(face=(0, 0.6), voice=(0, 0.6), text=(0, 0.6))])
    assert together[0] > alone[0]


@pytest.mark.parametrize("pair", combinations(MODALITIES, 2))
@pytest.mark.parametrize("index", range(7))
def test_two_hesitant_readers_make_no_sure_one(fusion: Fusion, pair: tuple[str, str], index: int) -> None:
    """Two readers at 0.55 that agree are far from certain together."""
    scores = fusion.scores([{name: reading(name, index, 0.55) for name in pair}])[0]
    assert scores.argmax() == index
    assert scores.max() <= 0.85


@pytest.mark.parametrize("lonely", MODALITIES)
@pytest.mark.parametrize(("two", "one"), [(2, 0), (0, 6), (6, 5), (5, 2)])
def test_two_against_one_goes_to_the_two(fusion: Fusion, lonely: str, two: int, one: int) -> None:
    known = {m: reading(m, one if m == lonely else two, 0.6) for m in MODALITIES}
    assert fusion.scores([known])[0].argmax() == two


def test_a_class_that_another_beats_everywhere_does_not_win(fusion: Fusion) -> None:
    """Whatever the rest of the scores: no reader prefers it, so neither does the head."""
    random, beaten = np.random.default_rng(3), 0
    for _ in range(500):
        scores = random.dirichlet(np.full(7, 0.5), 3)
        known = {m: Reading(m, np.zeros(1, np.float32), np.log(own + 1e-9), own, 1.0)
                 for m, own in zip(MODALITIES, scores, strict=True)}
        winner = int(fusion.scores([known])[0].argmax())
        better = (scores > scores[:, [winner]]).all(0)
        beaten += int(len(set(scores.argmax(1))) > 1)
        assert not better.any()
    assert beaten > 100  # readers that disagree


def test_the_film_that_came_out_happy(fusion: Fusion) -> None:
    """Seen once: a neutral face and neutral words, of which a hesitant voice made happiness."""
    scores = fusion.scores([readings(face=(NEUTRAL, 0.75), voice=(0, 0.52), text=(NEUTRAL, 0.46))])[0]
    assert EMOTIONS[int(scores.argmax())] == "neutral"


def test_words_that_show_nothing_speak_little_against_an_emotion(fusion: Fusion) -> None:
    def lead(shown: int, other: int) -> float:
        log_scores, mask = pack([readings(text=(shown, 0.7))])
        logits = fusion.head(log_scores, mask)[0]
        return (logits[shown] - logits[other]).item()

    for emotion in set(range(7)) - {NEUTRAL}:
        assert 0 < 1.5 * lead(NEUTRAL, emotion) < lead(emotion, NEUTRAL)
        assert fusion.scores([readings(face=(emotion, 0.6), text=(NEUTRAL, 0.7))])[0].argmax() == emotion


def test_sure_readers_that_disagree_leave_doubt(fusion: Fusion) -> None:
    for a, b in combinations(range(7), 2):
        scores = fusion.scores([readings(face=(a, 0.98), text=(b, 0.98))])[0]
        assert scores.max() < 0.95


def test_nothing_to_read_is_spread_evenly(fusion: Fusion) -> None:
    scores = fusion.scores([{}])[0]
    assert scores.argmax() == NEUTRAL
    assert scores.max() == pytest.approx(0.25)
    assert scores.sum() == pytest.approx(1)
    assert fusion.scores([]).shape == (0, 7)


def test_absent_readings_leave_no_trace(fusion: Fusion) -> None:
    log_scores, mask = pack([readings(face=(0, 0.7))])
    assert mask.tolist() == [[1, 0, 0]]
    plain = fusion.head(log_scores, mask)
    changed = log_scores.clone()
    changed[0, 2] -= 50
    assert torch.equal(fusion.head(changed, mask), plain)


def test_the_weights_file_names_the_modalities(tmp_path: Path) -> None:
    save(FusionHead(2), tmp_path / "two.safetensors", ("text", "loudness"))
    fusion = Fusion(tmp_path / "two.safetensors")
    assert fusion.modalities == ("text", "loudness")
    known = readings(text=(6, 0.7), loudness=(6, 0.7))
    scores = fusion.scores([known, {**known, "face": reading("face", 0)}])
    assert np.array_equal(scores[0], scores[1])


def test_a_file_that_names_none_is_of_those_that_ship(tmp_path: Path) -> None:
    save_file(FusionHead().state_dict(), tmp_path / "old.safetensors")
    assert Fusion(tmp_path / "old.safetensors").modalities == MODALITIES


def test_another_head(tmp_path: Path) -> None:
    save_file({"squeeze.0.weight": torch.zeros(3)}, tmp_path / "old.safetensors")
    with pytest.raises(WeightsError, match="no fusion head of this version"):
        Fusion(tmp_path / "old.safetensors")
