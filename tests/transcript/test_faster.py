"""faster-whisper, in place of whose networks a script answers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from emocli.transcript.faster import FasterWhisper

pytestmark = pytest.mark.slow
SOUND = np.zeros(2 * 16_000, np.float32)


class Network:
    """Is sure of German once, then not sure of Arabic."""

    is_multilingual = True

    def __init__(self) -> None:
        self.answers = [[("<|de|>", 0.9), ("<|ar|>", 0.1)], *[[("<|ar|>", 0.6), ("<|de|>", 0.3)]] * 4]

    def detect_language(self, windows: object) -> list[list[tuple[str, float]]]:
        return [self.answers.pop(0)]


@pytest.mark.parametrize(("brief", "languages", "seconds"), [
    (True, ["de"] * 5, 12.0), (False, ["de", *["ar"] * 4], 30.0)])
def test_what_is_read_at_once_takes_less_and_has_the_language_of_what_came_before(
        monkeypatch: pytest.MonkeyPatch, brief: bool, languages: list[str], seconds: float) -> None:
    encoded, asked = list[float](), list[str]()

    def encode(features: np.ndarray) -> np.ndarray:
        encoded.append(features.shape[1] / 100)
        return np.zeros((1, 4, 8), np.float32)

    def transcribe(samples: np.ndarray, *, language: str, max_new_tokens: int,
                   **more: object) -> tuple[list[object], None]:
        asked.append(language)
        assert 20 < max_new_tokens < 200
        return [], None

    monkeypatch.setattr("faster_whisper.WhisperModel", lambda *given, **more: SimpleNamespace(
        model=Network(), encode=encode, feature_extractor=lambda s: np.zeros((80, len(s) // 160 + 1))))
    monkeypatch.setattr("faster_whisper.BatchedInferencePipeline",
                        lambda model: SimpleNamespace(transcribe=transcribe))
    recognizer = FasterWhisper(Path("base"), brief=brief)
    recognizer.recognize([SOUND], "auto", lambda: None)
    for _ in range(3):  # which say nothing of the language of what comes after them
        recognizer.draft(SOUND, "auto")
    recognizer.recognize([SOUND], "auto", lambda: None)
    assert (asked, encoded) == (languages, [seconds, 12.0, 12.0, 12.0, seconds])
