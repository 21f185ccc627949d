"""`opensmile:MODEL` and `whisper-encoder:MODEL`: classifiers of scikit-learn that `emocli train voice
--features opensmile|whisper:SIZE` saved with skops, which unlike a pickle runs nothing when it is opened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emocli.adapters.classifier import LoadOptions
from emocli.adapters.reference import Reference
from emocli.adapters.voice_descriptions import LICENCE, OPENSMILE, RATE, WHISPER, describing, is_size, trained
from emocli.errors import UsageError, WeightsError
from emocli.options import torch_device
from emocli.voice.described import SHORTEST
from emocli.voice.features import trim

#: Plain classes of scikit-learn that skops has not reviewed; a forest's trees are not among them, because a
#: forged one makes scikit-learn read any memory.
REVIEWED = {"sklearn.calibration._CalibratedClassifier", "sklearn.calibration._SigmoidCalibration"}
#: What such a file holds.
CONTENT = {"features", "labels", "classifier"}


class SkopsSounds:
    """A `VoiceClassifier`."""

    rate, hears_gaps = RATE, False

    def __init__(self, reference: Reference, options: LoadOptions) -> None:
        path = _located(reference)
        content = _content(reference, path, trust=options.trust)
        features = str(content["features"])
        if (features == OPENSMILE) != (reference.kind == OPENSMILE):
            raise UsageError(str(reference), f"reads {features}",
                             f"give it as {OPENSMILE if features == OPENSMILE else 'whisper-encoder'}:"
                             f"{reference.target}")
        self.files, self._classifier = (path,), content["classifier"]
        self.labels = tuple(map(str, content["labels"]))
        self.notes = (LICENCE,) if features == OPENSMILE else ()
        self._describe = describing(features, offline=options.offline, device=torch_device(options.device))

    def scores(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """See `VoiceClassifier`."""
        rows = np.zeros((len(inputs), len(self.labels)), np.float32)
        for row, samples in zip(rows, map(trim, inputs), strict=True):  # as in training
            if len(samples) >= SHORTEST * RATE:
                described = self._describe(samples)[None]
                row[:] = np.nan
                if np.isfinite(described).all():
                    row[:] = self._classifier.predict_proba(described)[0]
        return rows

    def close(self) -> None:
        """Nothing runs."""


def _located(reference: Reference) -> Path:
    """The file that a reference names, which for Whisper can be a size."""
    name, features, cause = reference.target, OPENSMILE, "names no trained model"
    if reference.kind != OPENSMILE:
        size = is_size(name) and not reference.path.is_file()
        if size and trained(name).is_file():
            return trained(name)
        features = WHISPER + (name if size else "SIZE")
        cause = "no classifier over Whisper of this size has been trained here" if size else "no such file"
    elif name:
        cause = "no such file"
    if not reference.path.is_file():
        classifier = "" if features == OPENSMILE else "--classifier logistic "
        raise UsageError(str(reference), cause, f"run `emocli train voice --features {features} {classifier}"
                         f"--data DIR`, or give {reference.kind}:FILE, a .skops file that it wrote")
    return reference.path


def _content(reference: Reference, path: Path, *, trust: bool) -> dict[str, Any]:
    from skops import io

    with path.open("rb") as file:
        if file.read(1) == b"\x80":
            raise UsageError(str(reference), "is a pickle, which runs code when it is opened; emocli opens "
                             "none", "save it with skops.io.dump")
    try:
        unknown = io.get_untrusted_types(file=path)
        if (strange := sorted(set(unknown) - REVIEWED)) and not trust:
            raise UsageError(str(reference), f"holds {strange[0]}, which may run code or read any memory",
                             "add --trust if you trust whoever made it")
        content = io.load(path, trusted=unknown)
    except UsageError:
        raise
    except Exception as error:  # skops raises what it meets first
        raise WeightsError(str(reference), f"is no skops file ({type(error).__name__})",
                           "give what `emocli train voice --features ...` wrote") from error
    if not isinstance(content, dict) or set(content) != CONTENT:
        raise WeightsError(str(reference), "holds something else than a voice's classifier",
                           "give what `emocli train voice --features ...` wrote")
    return content


def load(reference: Reference, modality: str, options: LoadOptions) -> SkopsSounds:
    """Load the file."""
    return SkopsSounds(reference, options)
