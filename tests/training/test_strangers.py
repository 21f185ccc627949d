"""Readings of what nothing was trained on: pairs of face and voice by actor, and triplets of a corpus left
out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emocli.emotions import EMOTIONS
from emocli.errors import DataError
from emocli.training import strangers
from emocli.training.hearing import Heard
from emocli.training.metrics import macro_f1
from emocli.training.predictions import Predictions
from emocli.training.tasks import voice

ACTORS = 6


@pytest.fixture
def table() -> Heard:
    """Ten clips of each class and actor."""
    labels, actors = np.tile(np.arange(7), 10 * ACTORS), np.repeat(np.arange(1, ACTORS + 1), 70)
    names = np.array([f"03-01-{i:04d}-{actor:02d}" for i, actor in enumerate(actors)])
    nothing = np.zeros((1, len(labels)))
    return Heard(nothing, nothing, names, labels, np.array([f"ravdess{actor:02d}" for actor in actors]),
                 np.repeat("train", len(labels)), np.ones(len(labels)))


@pytest.fixture
def data(table: Heard, tmp_path: Path) -> Path:
    """Action units that tell the class half the time, in a scale of each actor's own; one clip has none."""
    random = np.random.default_rng(0)
    units = random.normal(size=(len(table), 35))
    clear = random.random(len(table)) < 0.5
    units[clear, table.labels[clear]] += 12
    actors = np.array([int(name[-2:]) for name in table.names])
    (tmp_path / "av").mkdir()
    np.savez(tmp_path / "av" / "ravdess_action_units.npz", au=(units * actors[:, None])[1:],
             name=["01" + name[2:] for name in table.names[1:]])
    return tmp_path


def test_real_pairs_are_joined_by_actors_left_out(table: Heard, data: Path) -> None:
    random, folds = np.random.default_rng(1), []
    for actors in ([1, 2], [3, 4], [5, 6]):
        tested = table.take(np.isin(table.speakers, [f"ravdess{a:02d}" for a in actors]))
        logits = random.normal(size=(len(tested), 7))
        clear = random.random(len(tested)) < 0.5
        logits[clear, tested.labels[clear]] += 6
        folds.append((actors, tested, logits))
    sets = strangers.pairs(data, folds, table, strangers.FusionHead())
    f1 = {name: macro_f1(p.scores, p.labels) for name, p in sets.items()}
    assert all(len(p) == len(table) for p in sets.values())
    assert f1["ravdess pairs, face+voice"] > max(f1["ravdess pairs, face alone"],
                                                 f1["ravdess pairs, voice alone"]) + 0.1
    # the clip without a face
    assert sets["ravdess pairs, face alone"].scores[0] == pytest.approx(np.full(7, 1 / 7))


def test_action_units_are_standardised_by_actor(table: Heard, data: Path) -> None:
    units = strangers.action_units(data)
    for actor in range(1, ACTORS + 1):
        own = np.stack([u for name, u in units.items() if int(name[-2:]) == actor])
        assert own.std(0) == pytest.approx(1, abs=0.02)
        assert own.mean(0) == pytest.approx(0, abs=1e-6)


def test_triplets_have_only_the_classes_that_every_reader_was_given() -> None:
    """A corpus without anger makes no angry triplets."""
    random, labels = np.random.default_rng(0), np.tile(np.arange(7), 30)
    logits = random.normal(size=(210, 7)) + 3 * np.eye(7)[labels]
    items = Predictions(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), labels)
    known = voice.LeftOut("nemo", labels, np.repeat("nemoAA0", 210), np.repeat("train", 210), logits, logits)
    calm = EMOTIONS.index("anger") != labels
    other = replace(known, corpus="emodb", labels=labels[calm], known=logits[calm], alone=logits[calm])
    sets = strangers.fused(strangers.FusionHead(), other, [known, other], {"face": items, "text": items})
    assert list(sets) == ["face+voice+text", "voice+text", "face+text", "face+voice", "text alone",
                          "voice alone", "face alone"]
    together = sets["face+voice+text"]
    assert EMOTIONS.index("anger") not in together.labels
    assert together.scores.sum(1) == pytest.approx(1)
    assert macro_f1(together.scores, together.labels) > macro_f1(sets["face alone"].scores, together.labels)


def test_voices_left_out_are_calibrated_on_the_others() -> None:
    random, labels = np.random.default_rng(0), np.tile(np.arange(7), 60)
    logits = random.normal(size=(420, 7)) + 2 * np.eye(7)[labels]
    plain = voice.LeftOut("nemo", labels, np.repeat("nemoAA0", 420), np.repeat("train", 420), logits, logits)
    sure = replace(plain, corpus="emodb", known=4 * logits, alone=2 * logits)
    sets = strangers.voices_left_out([plain, sure])
    assert len(sets) == 4
    over, under = sets["emodb left out, speaker known"], sets["nemo left out, speaker known"]
    assert over.scores.max(1).mean() > under.scores.max(1).mean() + 0.2
    assert over.temperature == pytest.approx(under.temperature / 4, rel=0.05)
    alone = sets["nemo left out, speaker unknown"]
    assert alone.temperature == pytest.approx(under.temperature / 2, rel=0.05)


def test_only_the_data_folder_has_strangers(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Give the data folder"):
        strangers.evaluate(tmp_path, tmp_path)
