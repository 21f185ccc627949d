"""Classifiers of scikit-learn over openSMILE's and Whisper's descriptions, trained and saved as users do."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import foreign
from support.paths import SHARED

from emocli.adapters import skops_sounds
from emocli.adapters.voice_descriptions import LICENCE, describing
from emocli.emotions import EMOTIONS
from emocli.errors import UsageError, WeightsError
from emocli.training.tasks import voice_classifier

io = pytest.importorskip("skops.io")
pytestmark = pytest.mark.slow
SWEEP = (0.3 * np.sin(np.linspace(0, 900, 16_000) ** 1.2)).astype(np.float32)


def saved(path: Path, features: str, width: int, classifier: str = "logistic", **more: Any) -> Path:
    """A classifier over so many numbers, the first of which tells two classes apart."""
    random = np.random.default_rng(2)
    labels = random.integers(0, 2, 60)
    x = random.normal(size=(60, width)) + 4 * labels[:, None]
    model = voice_classifier.candidates(classifier, 1)[0].fit(x, labels)
    io.dump({"features": features, "labels": ["happiness", "anger"], "classifier": model, **more}, path)
    return path


@pytest.mark.parametrize("classifier", ["svm", "forest", "logistic"])
def test_opensmile(tmp_path: Path, classifier: str) -> None:
    pytest.importorskip("opensmile")
    model = saved(tmp_path / "a.skops", "opensmile", 88, classifier)
    if classifier == "forest":  # a forged one can make scikit-learn read any memory
        with pytest.raises(UsageError, match=r"holds sklearn.tree._tree.Tree.*--trust"):
            foreign.load(f"opensmile:{model}", "voice")
    loaded = foreign.load(f"opensmile:{model}", "voice", trust=classifier == "forest")
    scores = loaded.classifier.scores([SWEEP, SWEEP[:9_000]])
    assert scores.shape == (2, 2)
    assert scores.sum(1) == pytest.approx(np.ones(2))


@pytest.mark.skipif("EMOCLI_WHISPER" not in os.environ, reason="wants Whisper's weights (EMOCLI_WHISPER)")
def test_whispers_encoder_hears_what_our_ear_hears(tmp_path: Path) -> None:
    """Whisper `base` is where our own ear is from; only its int8 weights differ."""
    from emocli import weights
    from emocli.encoders import whisper_encoder
    from emocli.options import EAR

    (checkpoint,) = Path(os.environ["EMOCLI_WHISPER"]).rglob("base.pt")
    described = describing(f"whisper:{checkpoint}")(SWEEP)
    own = whisper_encoder.load(weights.resolve(EAR)).features([SWEEP])[0]
    assert described.shape == own.shape
    assert np.corrcoef(described, own)[0, 1] > 0.99
    model = saved(tmp_path / "a.skops", f"whisper:{checkpoint}", len(described))
    assert foreign.load(f"whisper-encoder:{model}", "voice").classifier.scores([SWEEP]).shape == (1, 2)
    with pytest.raises(UsageError, match="Give it as whisper-encoder:"):
        foreign.load(f"opensmile:{model}", "voice")


@pytest.mark.shared
def test_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stand_in(features: str, **options: object) -> Callable[[np.ndarray], np.ndarray]:
        return lambda x: np.array([np.abs(x).mean(), x.std(), np.abs(np.diff(x)).mean(), len(x)])

    monkeypatch.setenv("EMOCLI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(voice_classifier, "CORPORA", ("emodb",))
    monkeypatch.setattr(voice_classifier, "describing", stand_in)
    monkeypatch.setattr(skops_sounds, "describing", stand_in)
    with pytest.raises(UsageError, match=r"has been trained here.*--features whisper:tiny --classifier"):
        foreign.load("whisper-encoder:tiny", "voice")
    (*_, last) = voice_classifier.fit(SHARED / "data", {"corpora": {"emodb": 1.0}, "seed": 1}, tmp_path,
                                      features="whisper:tiny", classifier="logistic")
    path = tmp_path / "voice.skops"
    content = io.load(path, trusted=io.get_untrusted_types(file=path))
    by_size, by_file = (foreign.load(f"whisper-encoder:{name}", "voice").classifier
                        for name in ("tiny", path))
    np.testing.assert_array_equal(by_size.scores([SWEEP]), by_file.scores([SWEEP]))
    assert by_size.files[0].is_relative_to(tmp_path / "cache")
    assert set(content["labels"]) < set(EMOTIONS)
    assert last.metrics["macro_f1"] > 0.15
    with pytest.raises(UsageError, match="Choose from svm, forest, logistic"):
        voice_classifier.candidates("boost", 1)


def test_files_that_are_refused(tmp_path: Path) -> None:
    from functools import partial

    bad = tmp_path / "bad.skops"
    with pytest.raises(UsageError, match=r"names no trained model.*emocli train voice --features opensmile"):
        foreign.load("opensmile", "voice")
    bad.write_bytes(pickle.dumps({"features": "opensmile"}))
    with pytest.raises(UsageError, match="is a pickle"):
        foreign.load(f"opensmile:{bad}", "voice")
    bad.write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="is no skops file"):
        foreign.load(f"opensmile:{bad}", "voice")
    io.dump([1, 2], bad)
    with pytest.raises(WeightsError, match="something else"):
        foreign.load(f"opensmile:{bad}", "voice")
    io.dump({"features": "opensmile", "labels": ["anger"], "classifier": partial(os.system, "true")}, bad)
    with pytest.raises(UsageError, match="--trust"):
        foreign.load(f"opensmile:{bad}", "voice")


def test_the_licence_of_opensmile_is_shown_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("opensmile")
    monkeypatch.setenv("EMOCLI_CACHE", str(tmp_path / "cache"))
    model = saved(tmp_path / "a.skops", "opensmile", 88)
    for _ in range(2):  # before anything is read
        foreign.load(f"opensmile:{model}", "voice")
        assert caplog.messages == [LICENCE]
    monkeypatch.setenv("EMOCLI_CACHE", str(model))  # in which nothing can be kept
    describing("opensmile")
    assert caplog.messages == [LICENCE, LICENCE]
