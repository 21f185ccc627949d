"""Drafts of an utterance that goes on, by a recognizer that says what the test wants."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emocli.options import AnalyzeOptions
from emocli.timeline.run import Run
from emocli.timeline.types import MediaInfo
from emocli.transcript.asr import Transcriber

SOUND = np.zeros(16_000, np.float32)


class Slow:
    """A recognizer that has no quick way."""


class Quick(Slow):
    def __init__(self, text: str) -> None:
        self.text = text

    def draft(self, samples: np.ndarray, language: str) -> tuple[str, str]:
        return self.text, "en" if language == "auto" else language


@pytest.mark.parametrize(("recognizer", "drafted"), [
    (Quick("and so, my fellow"), ("and so, my fellow", "ko")),
    (Quick("dogs " * 40), None),
    (Slow(), None),
])
def test_a_draft(monkeypatch: pytest.MonkeyPatch, recognizer: Slow, drafted: tuple[str, str] | None) -> None:
    monkeypatch.setattr(Transcriber, "load", lambda self, run: recognizer)
    run = Run(MediaInfo(Path("talk"), 1.0, has_video=False, has_audio=True))
    assert Transcriber(AnalyzeOptions(language="ko")).draft(run, SOUND) == drafted
