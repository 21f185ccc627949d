"""Training of a classifier of scikit-learn over descriptions of the voice: openSMILE's, or Whisper's of any
size.  What it is for: comparison, and other sizes than the one that ships."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from emocli.adapters.voice_descriptions import OPENSMILE, WHISPER, Describe, describing, is_size, trained
from emocli.emotions import EMOTIONS
from emocli.errors import UsageError
from emocli.storage import atomic
from emocli.training import metrics
from emocli.training.corpora import speech
from emocli.training.loop import Epoch
from emocli.voice.described import SHORTEST
from emocli.voice.features import SAMPLE_RATE, trim

#: Corpora of speech to learn from; the development speakers of these choose the strength.
CORPORA = ("ravdess", "nemo", "emodb")
#: What is written, in the folder of the run.
FILE = "voice.skops"


def candidates(name: str, seed: int) -> list[Any]:
    """Untrained classifiers of a kind, weak to strong.  Raises `UsageError` for an unknown kind."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    kinds: dict[str, list[Any]] = {
        "svm": [make_pipeline(StandardScaler(), CalibratedClassifierCV(
            SVC(C=c, class_weight="balanced"), ensemble=False)) for c in (1, 10)],
        "forest": [RandomForestClassifier(300, min_samples_leaf=leaf, class_weight="balanced",
                                          random_state=seed) for leaf in (4, 2)],
        "logistic": [make_pipeline(StandardScaler(), LogisticRegression(
            C=c, class_weight="balanced", max_iter=1000)) for c in (0.001, 0.01)]}
    if name not in kinds:
        raise UsageError("--classifier", f"{name} is not known", f"choose from {', '.join(kinds)}")
    return kinds[name]


def describe(data: Path, split: str, corpora: tuple[str, ...],
             by: Describe) -> tuple[np.ndarray, np.ndarray]:
    """Descriptions (n, d) and labels (n,) of the clips of a split that are long enough."""
    clips = [(samples, clip.label) for name in corpora for clip in speech.read(data, name, split)
             for samples in [trim(clip.samples)] if len(samples) >= SHORTEST * SAMPLE_RATE]
    return np.stack([by(samples) for samples, _ in clips]), np.array([label for _, label in clips])


def fit(data: Path, recipe: dict[str, Any], out: Path, *, features: str, classifier: str) -> Iterator[Epoch]:
    """Train every candidate, an "epoch" each, and write the one that does best on development speakers as
    `voice.skops`, and that over a size of Whisper also where `whisper-encoder:SIZE` looks for it.  `features`
    as `describing` takes them."""
    from skops import io

    corpora = tuple(name for name in CORPORA if name in recipe["corpora"])
    models, by = candidates(classifier, recipe["seed"]), describing(features)
    x, y = describe(data, "train", corpora, by)
    dev_x, dev_y = describe(data, "dev", corpora, by)
    best = -1.0
    for number, model in enumerate(models, 1):
        model.fit(x, y)
        scores = np.zeros((len(dev_y), len(EMOTIONS)))
        scores[:, model.classes_] = model.predict_proba(dev_x)
        score = metrics.macro_f1(scores, dev_y)
        if score > best:
            best = score
            content = {"features": features, "classifier": model,
                       "labels": [EMOTIONS[c] for c in model.classes_]}
            size = features.removeprefix(WHISPER)
            kept = [trained(size)] if features != OPENSMILE and is_size(size) else []
            for path in (out / FILE, *kept):
                with atomic(path) as part:
                    io.dump(content, part)
        yield Epoch(number, len(models), 0.0, 0.0, 0.0, {"macro_f1": score})
