"""Readings by foreign models: batches, absent readings and their reasons, ensembles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import foreign

from emocli.adapters.faces import EnsembleNetwork, ForeignFaceModels
from emocli.adapters.labels import LabelMap
from emocli.adapters.reader import EnsembleReader, ForeignReader, resampled
from emocli.adapters.reference import Reference
from emocli.adapters.registry import Loaded
from emocli.emotions import INDEX
from emocli.media.audio import Sound
from emocli.timeline.run import Run, Speech
from emocli.timeline.types import MediaInfo, Segment, Utterance

RATE = 16_000
SAID = [Utterance(0, 1, "good"), Utterance(2, 3, "bad"), Utterance(3, 4, "..."), Utterance(4, 5, "none"),
        Utterance(5, 6, "nan")]


class Words:
    """Knows four words by heart; keeps the sizes of its batches."""

    labels, files, notes = ("happy", "angry", "bored"), (), ("it has read little",)
    with_sound, size, colour = False, 8, False

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.closed = 0

    def scores(self, inputs: Sequence[Any]) -> np.ndarray:
        self.batches.append(len(inputs))
        known = {"good": (0.9, 0, 0.1), "bad": (0.2, 0.8, 0), "none": (0, 0, 1), "nan": (np.nan, 0, 0)}
        return np.array([known[text] for text in inputs], np.float32)

    def close(self) -> None:
        self.closed += 1


class Ears(Words):
    """Hears who is loud, at 8 kHz."""

    labels, rate, hears_gaps = ("happy", "angry"), 8_000, False

    def scores(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        self.batches.append(len(inputs))
        self.lengths = [len(samples) for samples in inputs]
        loud = np.array([np.abs(samples).max() > 0.4 for samples in inputs])
        return np.stack([1.0 - loud, loud], 1)


class Broken(Words):
    def scores(self, inputs: Sequence[Any]) -> np.ndarray:
        raise RuntimeError("it\nis broken")


def loaded(model: Any, name: str = "keras:a.h5") -> Callable[[], Loaded]:
    kind, target = name.split(":")
    return lambda: Loaded(Reference(kind, target), model, LabelMap(model.labels, {}, {}, name))


@pytest.fixture
def run() -> Run:
    """Six seconds: loud in the first, quiet in the third, silent elsewhere."""
    run = Run(MediaInfo(Path("a.wav"), 6.0, False, True))
    sound = Sound()
    levels = np.repeat([0.5, 0.0, 0.1, 0.0, 0.0, 0.0], RATE) * np.sin(np.arange(6 * RATE) * 0.2)
    sound.append((levels * 32767).astype(np.int16))
    run.speech = Speech(list(SAID), "en", sound)
    return run


SEGMENTS = [Segment(0, 1, SAID[0]), Segment(1, 2), *(Segment(u.start, u.end, u) for u in SAID[1:])]


def test_words(run: Run) -> None:
    model = Words()
    reader = ForeignReader("text", "hf:a/b", loaded(model))
    readings = reader.observe(run)(SEGMENTS)
    assert [r.emotion for r in readings] == ["happiness", "", "anger", "", "", ""]
    assert readings[0].scores == pytest.approx(np.eye(7)[INDEX["happiness"]])
    reasons = [r.reason for r in readings]
    assert reasons[1] == reasons[3] == "no words"
    assert "names none of the seven classes here" in reasons[4]
    assert "no finite numbers" in reasons[5]
    assert model.batches == [4]
    assert sum("left out: bored" in note for note in run.notes) == 1
    assert any("keras:a.h5: gave no finite numbers for 1 of 4 inputs. Try it" in note for note in run.notes)
    assert any("never names surprise" in note for note in run.notes)
    assert "it has read little" in run.notes
    assert "keras" in run.libraries


def test_batches_and_closing(run: Run) -> None:
    model = Words()
    run.speech.utterances[:] = [Utterance(i, i + 1, "good") for i in range(20)]  # type: ignore[index]
    reader = ForeignReader("text", "hf:a/b", loaded(model))
    reader.observe(run)
    assert model.batches == [8, 8, 4]
    reader.close()
    reader.close()
    assert model.closed == 1
    reader.observe(run)
    assert len(model.batches) == 6


def test_voices_at_their_rate(run: Run) -> None:
    model = Ears()
    readings = ForeignReader("voice", "hf:a/b", loaded(model)).observe(run)(SEGMENTS)
    assert [r.emotion for r in readings] == ["anger", "", "happiness", "", "", ""]
    assert model.lengths == [8_000, 8_000]
    assert readings[1].reason == "nobody speaks"
    assert readings[3].reason == "the sound is silent here"


def test_stretches_without_words_are_heard_by_those_that_can(run: Run) -> None:
    model = Ears()
    model.hears_gaps = True
    gap = Segment(0, 2)
    assert ForeignReader("voice", "hf:a/b", loaded(model)).observe(run)([gap])[0].emotion == "anger"
    silent = ForeignReader("voice", "hf:a/b", loaded(model)).observe(run)([Segment(4.5, 5.5)])[0]
    assert silent.reason == "nobody speaks"


def test_a_model_that_fails_costs_its_own_readings(run: Run) -> None:
    readings = ForeignReader("text", "hf:a/b", loaded(Broken())).observe(run)(SEGMENTS)
    assert not any(r.present for r in readings)
    assert readings[0].reason == "keras:a.h5 failed"
    (said,) = (note for note in run.notes if "failed" in note)
    assert "keras:a.h5: failed (RuntimeError: it is broken). Try it alone" in said
    assert "\n" not in said


def test_scores_of_the_wrong_shape(run: Run) -> None:
    model = Words()
    make = loaded(model)
    model.labels = ("happy", "angry")
    readings = ForeignReader("text", "hf:a/b", make).observe(run)(SEGMENTS)
    assert not any(r.present for r in readings)
    assert any("gave scores of the shape (4, 3) for 4 inputs and 2 labels" in note for note in run.notes)


def test_an_ensemble_is_a_weighted_mean(run: Run) -> None:
    class Angry(Words):
        def scores(self, inputs: Sequence[Any]) -> np.ndarray:
            return np.tile([0, 1.0, 0], (len(inputs), 1))

    members = [ForeignReader("text", "hf:a/b", loaded(model)) for model in (Words(), Angry(), Broken())]
    readings = EnsembleReader(members, [0.6, 0.4, 5]).observe(run)(SEGMENTS)
    assert readings[0].scores is not None
    assert readings[0].scores[INDEX["happiness"]] == pytest.approx(0.6)
    assert readings[0].scores[INDEX["anger"]] == pytest.approx(0.4)
    assert readings[4].emotion == "anger"
    assert not readings[1].present
    assert readings[1].reason == "no words"


@pytest.mark.parametrize("broken", [False, True])
def test_faces_by_an_ensemble(broken: bool) -> None:
    class Bright(Words):
        def scores(self, inputs: np.ndarray) -> np.ndarray:
            if broken:
                raise ValueError("no")
            light = inputs.mean((1, 2)) / 255
            return np.stack([light, 1 - light, 0 * light], 1)

    member = loaded(Bright())()
    network = EnsembleNetwork([None, member], [0.5, 0.5], foreign.AlwaysFear(), 1.0)
    assert network.views == ((48, False), (8, False))
    crops = np.zeros((2, 48, 48), np.uint8), np.full((2, 8, 8), 255, np.uint8)
    scores = np.exp(network.classify(*crops).result()[1])
    network.close()
    assert scores[0, INDEX["fear"]] == pytest.approx(1 if broken else 0.5, abs=1e-3)
    assert scores[0, INDEX["happiness"]] == pytest.approx(0 if broken else 0.5, abs=1e-3)
    assert list(network.failures) == (["keras:a.h5"] if broken else [])


def test_faces_without_numbers(run: Run) -> None:
    class Numberless(Words):
        def scores(self, inputs: np.ndarray) -> np.ndarray:
            return np.full((len(inputs), 3), np.nan, np.float32)

    models = ForeignFaceModels([loaded(Numberless())], [1.0])
    network = models.network(run, foreign.AlwaysFear(), 1.0)
    assert np.isnan(network.classify(np.zeros((2, 8, 8), np.uint8)).result()[1]).all()
    assert models.finish(run) == "keras:a.h5 gave no finite numbers"
    assert any("keras:a.h5: gave no finite numbers for 2 faces. Try it alone" in note for note in run.notes)


def test_resampling() -> None:
    tone = np.sin(np.arange(RATE) * 2 * np.pi * 440 / RATE).astype(np.float32)
    there = resampled(tone, 22_050)
    assert len(there) == 22_050
    assert np.abs(np.fft.rfft(there)).argmax() == 440
    assert resampled(tone, RATE) is tone
