"""Training of the fusion head."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support import foreign
from support.corpora import RECIPES

from emocli.adapters.classifier import LoadOptions
from emocli.errors import DataError, UsageError
from emocli.fusion.head import Fusion
from emocli.training.tasks import fusion

RECIPE: dict[str, Any] = RECIPES["fusion"]
ITEMS = fusion.Predictions(np.full((70, 7), 1 / 7), np.resize(np.arange(7), 70))


@pytest.mark.slow
def test_a_head_without_the_face_is_fitted_and_refuses_another_run(tiny: Path, tmp_path: Path) -> None:
    epochs = list(fusion.fit(tiny, RECIPE, tmp_path))
    assert [epoch.number for epoch in epochs] == [1, 2]
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint.pt", "fusion.safetensors"}
    head = Fusion(tmp_path / "fusion.safetensors").head
    fitted = [float(head.temperatures[mask]) for mask in (0b010, 0b100, 0b110)]  # voice, text, both
    assert 1 not in fitted
    assert head.temperatures[0b001] == 1
    for change, named in (({"seed": 2}, "seed"), ({"keep": 0.5}, "recipe"),
                          ({"voice": "voice-small"}, "recipe and another data")):
        with pytest.raises(UsageError, match=f"another {named}"):
            list(fusion.fit(tiny, RECIPE | change, tmp_path))


@pytest.mark.slow
def test_a_head_over_an_ensemble_of_voices(tiny: Path, tmp_path: Path) -> None:
    ensemble = "builtin:fast+builtin:accurate"
    assert list(fusion.fit(tiny, dict(RECIPE), tmp_path, voice=ensemble))
    Fusion(tmp_path / "fusion.safetensors")
    both, fast, accurate = (fusion.predict(tiny, "dev", ("ravdess",), name, ("voice",))["voice"]
                            for name in (ensemble, "builtin:fast", "builtin:accurate"))
    np.testing.assert_allclose(both.scores, (fast.scores + accurate.scores) / 2, atol=1e-6)
    known = fusion.predict(tiny, "dev", ("ravdess",), "voice", ("voice",))["voice"]
    order, same = (np.lexsort(p.scores.T) for p in (known, accurate))
    np.testing.assert_allclose(known.scores[order], accurate.scores[same], atol=1e-6)
    assert (known.labels[order] == accurate.labels[same]).all()


@pytest.mark.slow
@pytest.mark.long
def test_a_head_over_a_voice_of_keras(tiny: Path, tmp_path: Path) -> None:
    name = f"keras:{foreign.keras_files(tmp_path)}/mean.keras"
    with pytest.raises(UsageError, match="--features is not given"):
        fusion.predict(tiny, "dev", ("ravdess",), name, ("voice",))
    loading = LoadOptions(features="mfcc40-mean")
    assert list(fusion.fit(tiny, dict(RECIPE), tmp_path, voice=name, loading=loading))
    Fusion(tmp_path / "fusion.safetensors")


@pytest.mark.long
def test_a_head_with_all_three_is_fitted(tiny: Path, tmp_path: Path) -> None:
    recipe = RECIPE | {"modalities": ["face", "voice", "text"], "voice": "voice",
                       "speech": ["ravdess", "nemo"]}
    assert len(list(fusion.fit(tiny, recipe, tmp_path))) == 2
    head = Fusion(tmp_path / "fusion.safetensors").head
    assert bool((head.temperatures[1:] != 1).all())


def test_a_voice_is_learnt_or_held_but_not_both() -> None:
    voices = replace(ITEMS, speakers=np.repeat(["ravdess19", "ravdess20"], 35))
    random = np.random.default_rng(0)
    learnt, held = fusion.hold_out(voices, 0.3, random, ["ravdess20"])
    assert learnt.speakers is not None
    assert held.speakers is not None
    assert set(learnt.speakers) == {"ravdess19"}
    assert set(held.speakers) == {"ravdess20"}
    assert [len(part) for part in fusion.hold_out(ITEMS, 0.3, random, ["ravdess20"])] == [49, 21]


def test_an_item_that_is_read_in_several_ways_is_learnt_or_held_but_not_both() -> None:
    several = replace(ITEMS, items=np.arange(70) // 14)  # each label twice in all ways
    learnt, held = fusion.hold_out(several, 0.4, np.random.default_rng(0), [])
    assert learnt.items is not None
    assert held.items is not None
    for label in range(7):
        assert not set(learnt.items[learnt.labels == label]) & set(held.items[held.labels == label])
    assert (len(learnt), len(held)) == (42, 28)


def test_triplets_share_their_label() -> None:
    random = np.random.default_rng(0)
    where, drawn = fusion.triplets({"face": ITEMS, "voice": ITEMS}, 140, random)
    assert np.bincount(drawn).tolist() == [20] * 7
    assert set(where) == {"face", "voice"}
    for positions in where.values():
        assert (ITEMS.labels[positions] == drawn).all()
    with pytest.raises(DataError, match="no labelled item of surprise"):
        fusion.triplets({"face": ITEMS.take(np.flatnonzero(ITEMS.labels != 1))}, 7, random)


def test_a_modality_that_is_not_there_is_zeros() -> None:
    where, _ = fusion.triplets({"text": ITEMS}, 7, np.random.default_rng(0))
    log_scores = fusion.tensors({"text": ITEMS}, where)
    assert torch.equal(log_scores[:, :2], torch.zeros(7, 2, 7))
    assert log_scores[:, 2].exp().sum(1).numpy() == pytest.approx(1)


def test_disturbed_triplets_contradict_and_are_over_sure() -> None:
    sure = replace(ITEMS, scores=np.eye(7)[ITEMS.labels] * 0.6 + 0.4 / 7)
    both, random = {"face": sure, "text": sure}, np.random.default_rng(0)
    where, labels = fusion.triplets(both, 700, random)
    plain = fusion.tensors(both, where)
    same = fusion.disturb(plain, both, random, {"contradict": 0.0, "over_sure": 1.0})
    assert same[:, [0, 2]].numpy() == pytest.approx(plain[:, [0, 2]].numpy(), abs=1e-5)
    spoilt = fusion.disturb(plain, both, random, {"contradict": 0.5, "over_sure": 2.0})
    wrong = (spoilt.argmax(2).numpy()[:, [0, 2]] != labels[:, None])
    assert not wrong.all(1).any()  # one of them at most
    assert 0.35 < wrong.any(1).mean() < 0.5  # now and then, the other item has the same label
    assert spoilt[:, [0, 2]].amax(2).exp().mean() > plain[:, [0, 2]].amax(2).exp().mean() + 0.05
    assert not spoilt[:, 1].isnan().any()


def test_words_are_trusted_less_beside_a_face_only() -> None:
    head = fusion.FusionHead()
    fusion.distrust_words(head, 0.25)
    rows = {mask: head.trust.detach()[head.subset(torch.tensor([mask]))[0]].tolist() for mask in fusion.MASKS}
    assert rows.pop((1, 0, 1)) == rows.pop((1, 1, 1)) == [1, 1, 0.75]
    assert all(trust == [1, 1, 1] for trust in rows.values())


def test_a_recipe_that_wants_strangers_says_where_they_come_from(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Give --left-out"):
        next(fusion.fit(tiny, RECIPE | {"strangers": True}, tmp_path))


def test_subsets_are_of_what_is_there() -> None:
    assert fusion.subsets(("voice", "text")) == ((0, 0, 1), (0, 1, 0), (0, 1, 1))
    assert len(fusion.MASKS) == 7
    assert fusion.MASKS[-1] == (1, 1, 1)
