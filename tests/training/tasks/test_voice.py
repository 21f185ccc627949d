"""Training of the voice network over what the ear heard."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.cli import emocli
from support.corpora import RECIPES, toml

from emocli import quantized as store
from emocli.encoders.whisper_encoder import FEATURES
from emocli.errors import UsageError
from emocli.training.hearing import COPIES, Heard
from emocli.training.tasks import voice
from emocli.voice.network import INPUTS, VoiceNetwork, standardise

RECIPE: dict[str, Any] = RECIPES["voice"]


def made_up(*speakers: str, classes: int = 7) -> Heard:
    """A corpus of three clips of each class a speaker, whose class stands in the first numbers; the last
    speaker is for development."""
    random, each = np.random.default_rng(0), 3 * classes
    labels, count = np.tile(np.repeat(np.arange(classes), 3), len(speakers)), each * len(speakers)
    features = random.normal(size=(COPIES, count, FEATURES)).astype(np.float32)
    for width in range(40):
        features[:, np.arange(count), labels + 7 * width] += 4
    recordings = np.tile(np.repeat(np.arange(len(speakers)), each), (COPIES, 1))
    splits = np.repeat(["train"] * (len(speakers) - 1) + ["dev"], each)
    names = np.array([f"{i:04d}" for i in range(count)])
    return Heard(features, recordings, names, labels, np.repeat(speakers, each), splits, np.ones(count))


def tables() -> dict[str, Heard]:
    return {"ravdess": made_up("ravdess01", "ravdess02", "ravdess19"),
            "emodb": made_up("emodb03", "emodb08", "emodb14", classes=6)}


@pytest.mark.slow
def test_fit_writes_the_network_and_refuses_another_run(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    epochs = list(voice.fit(tiny, RECIPE, out, tmp_path / "kept"))
    assert [epoch.number for epoch in epochs] == [1, 2, 1, 2]  # of both members
    assert set(epochs[0].metrics) == {"macro_f1", "ravdess", "nemo", "emodb"}
    assert {path.name for path in out.iterdir()} == {
        "checkpoint_0.pt", "checkpoint_1.pt", "voice.safetensors", "left_out.npz", "without_emodb_0.pt",
        "without_emodb_1.pt"}
    assert VoiceNetwork.like(store.read(out / "voice.safetensors")).hidden.out_features == 32
    with np.load(out / "left_out.npz") as kept:
        assert kept["emodb.known"].shape == kept["emodb.alone"].shape == (len(kept["emodb.labels"]), 7)
    with pytest.raises(UsageError, match="another recipe"):
        list(voice.fit(tiny, RECIPE | {"smoothing": 0.1}, out, tmp_path / "kept"))


@pytest.mark.slow
@pytest.mark.long
def test_the_command_trains_as_many_epochs_as_it_is_told(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(toml(RECIPE))
    done = emocli("train", "voice", "--data", tiny, "-o", tmp_path / "out", "--epochs", "1", "--threads", "1",
                  "--recipe", tmp_path / "recipe.toml")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch   1/1") == 2  # of both members


@pytest.mark.slow
def test_what_marks_the_classes_is_learnt_for_known_and_unknown_speakers(tmp_path: Path) -> None:
    training, watched = voice.split(tables())
    recipe = RECIPE | {"pool": 600, "steps": 30, "corpora": {"ravdess": 1, "emodb": 1},
                       "schedule": {"epochs": 4, "lr": 2e-2}}
    model = voice.untrained(recipe)
    *_, last = voice.fit_members(model, training, watched, recipe, tmp_path / "c.pt")
    assert last.metrics["macro_f1"] > 0.8
    assert not model.training
    for known in (True, False):
        logits = voice.logits_of(model, watched["emodb"], known=known)
        assert (logits.argmax(1) == watched["emodb"].labels).mean() > 0.7


def test_a_corpus_left_out_is_in_no_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[set[str]] = []

    def fit_tables(model: VoiceNetwork, training: voice.Tables, *args: Any) -> list[Any]:
        trained.append(set(training))
        return []

    monkeypatch.setattr(voice, "fit_tables", fit_tables)
    several = tables() | {"ravdess_song": made_up("ravdess01", "ravdess19")}
    recipe = RECIPE | {"left_out": ["ravdess", "emodb"], "members": ["all"]}
    left = list(voice.left_out(several, recipe, tmp_path))
    assert [one.corpus for one in left] == ["ravdess", "emodb"]
    assert trained == [{"emodb"}, {"ravdess", "ravdess_song"}]
    assert all(one.known.shape == one.alone.shape == (len(one.labels), 7) for one in left)


def test_one_network_answers_with_the_mean_of_its_members() -> None:
    torch.manual_seed(0)
    members = [VoiceNetwork(wide=4, view=view).eval() for view in ("all", "loud", "")]
    for member in members:
        torch.nn.init.normal_(member.linear.weight, std=0.02)
    model = VoiceNetwork(wide=12).eval()
    model.load_state_dict(voice.merged(members))
    inputs = torch.randn(5, INPUTS)
    expected = torch.stack([member(inputs)[1] for member in members]).mean(0)
    assert torch.allclose(model(inputs)[1], expected, atol=1e-5)


def test_test_speakers_calibrate_nothing() -> None:
    labels = np.tile(np.arange(7), 20)
    logits = 3.0 * np.eye(7)[labels] + np.random.default_rng(0).normal(size=(140, 7))
    splits = np.repeat(["train", "test"], 70)
    one = voice.LeftOut("emodb", labels, splits, splits, logits, logits)
    spoilt = logits.copy()
    spoilt[70:] = -spoilt[70:]
    assert voice.temperatures_of([replace(one, known=spoilt, alone=spoilt)]) == voice.temperatures_of([one])


def test_temperatures_are_of_unknown_and_of_known_speakers() -> None:
    random, labels = np.random.default_rng(0), np.repeat(np.arange(7), 100)
    sharp = 12.0 * np.eye(7)[labels] * (random.random(700) < 0.5)[:, None] + random.normal(size=(700, 7))
    one = voice.LeftOut("emodb", labels, np.repeat("emodb03", 700), np.repeat("train", 700), sharp, sharp / 4)
    alone, known = voice.temperatures_of([one])
    assert known == pytest.approx(4 * alone, rel=0.05)


def test_recordings_are_picked_with_some_classes_rare() -> None:
    labels, random = np.repeat([0, 1], [90, 10]), np.random.default_rng(0)
    picks = [voice.pick(labels, np.arange(100), 10, random) for _ in range(200)]
    assert all(len(set(p)) == 10 for p in picks)
    share = np.array([labels[p].mean() for p in picks])
    assert share.mean() > 0.25
    assert share.std() > 0.1
    assert len(voice.pick(labels, np.arange(95, 100), 10, random)) == 5


@pytest.mark.parametrize("copies", [[0.5, 0.25, 0.25], [0.5, 0.25, 0.25, 0.25, 0.25]])
def test_a_recipe_says_how_often_each_copy_is_learnt(tiny: Path, copies: list[float]) -> None:
    with pytest.raises(UsageError, match="that add up to 1"):
        voice.prepare(tiny, RECIPE | {"copies": copies})


@torch.no_grad()
def test_speakers_are_read_in_training_as_they_are_read_in_use() -> None:
    torch.manual_seed(0)
    model = VoiceNetwork(wide=4).eval()
    torch.nn.init.normal_(model.linear.weight, std=0.02)
    table = made_up("a", "b")
    table = table.take(np.random.default_rng(0).permutation(len(table)))
    logits, usual = voice.logits_of(model, table), (np.zeros(FEATURES), np.ones(FEATURES))
    for who in ("a", "b"):
        own = np.flatnonzero(table.speakers == who)
        inputs = torch.from_numpy(standardise(table.features[0, own], usual))
        assert np.allclose(logits[own], model.of_speaker(inputs)[1], atol=1e-5)


def test_batches_know_which_classes_a_corpus_has() -> None:
    usual = np.zeros(FEATURES, np.float32), np.ones(FEATURES, np.float32)
    pool = voice.draw({"emodb": made_up("a", "b", classes=6)}, usual,
                      RECIPE | {"corpora": {"emodb": 1}, "pool": 40})
    assert len(pool.labels) >= 40
    draw = voice.sampler(pool, RECIPE)
    (inputs, mask), target = next(draw(0))
    assert inputs.shape == (20, INPUTS)
    assert mask.tolist() == [[1] * 6 + [0]] * 20
    assert target[:, 0].sum(1).tolist() == pytest.approx([1] * 20)
    assert torch.equal(next(draw(0))[1], target)
    assert not torch.equal(next(draw(1))[1], target)


@pytest.mark.slow
def test_folds_leave_four_actors_out_and_their_files_to_their_own(tmp_path: Path) -> None:
    recipe = RECIPE | {"pool": 30, "steps": 1, "schedule": {"epochs": 1, "lr": 1e-3}}
    those = {"ravdess": made_up(*(f"ravdess{actor:02d}" for actor in range(1, 25))),
             "emodb": made_up("emodb03", "emodb14", classes=6)}
    folds = list(voice.folds(those, recipe, tmp_path))
    assert [actor for actors, *_ in folds for actor in actors] == list(range(1, 25))
    assert all(len(tested) == len(logits) == 84 for _, tested, logits in folds)
    with pytest.raises(UsageError, match=r"fold1_0\.pt: was begun with another seed"):
        next(voice.folds(those, recipe | {"seed": 2}, tmp_path))
