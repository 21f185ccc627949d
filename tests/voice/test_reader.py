"""Which voice network a run takes, and when."""

import os
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from emocli.errors import WeightsError
from emocli.options import AnalyzeOptions
from emocli.timeline.run import Run, Speech
from emocli.timeline.types import MediaInfo, Reading, Segment, Utterance
from emocli.voice.reader import VoiceReader, voice_mode


def no_recording(path: Path) -> AbstractContextManager[Speech]:
    raise AssertionError(path)


def test_a_busy_machine_takes_the_small_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    for busy, mode in ((0.5, "accurate"), (3.5, "fast")):
        monkeypatch.setattr(os, "getloadavg", lambda busy=busy: (busy, 0.0, 0.0))
        assert voice_mode("auto") == mode
        assert voice_mode("cascade") == "cascade"


def test_the_weights_of_each_mode() -> None:
    names = [VoiceReader(AnalyzeOptions(**options), no_recording).weights for options in (
        {}, {"voice_mode": "fast"}, {"voice_mode": "cascade"}, {"commercial": True})]
    ear = "whisper-encoder"
    assert names == [("voice", ear), ("voice-small",), ("voice-small", "voice", ear),
                     ("voice-permissive", ear)]


def test_damaged_weights_are_known_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emocli.weights.state", lambda weight: "damaged")
    with pytest.raises(WeightsError, match=r"voice\.safetensors: is damaged"):
        VoiceReader(AnalyzeOptions(), no_recording)


def test_without_speech_nothing_is_loaded_and_nothing_took_part() -> None:
    run = Run(MediaInfo(Path("a.wav"), 3.0, False, True))
    run.speech = Speech([], "", None)  # type: ignore[arg-type]
    read = VoiceReader(AnalyzeOptions(), no_recording).observe(run)
    assert [r.reason for r in read([Segment(0, 3)])] == ["nobody speaks"]
    assert not run.weights


def read_loudly(model: None, speech: Speech, progress: object, *,
                enrolled: object) -> tuple[list[Reading], list[float]]:
    """Something of every utterance."""
    scores = np.full(7, 1 / 7)
    return ([Reading("voice", scores=scores) for _ in speech.utterances],
            [u.end - u.start for u in speech.utterances])


def test_nobody_speaks_only_where_nobody_was_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words over no speech have no voice; a moment of speech that no words cover is not called silence."""
    monkeypatch.setattr("emocli.voice.model.load", lambda names, device: None)
    monkeypatch.setattr("emocli.voice.model.read", read_loudly)
    sign, said = Utterance(0, 2, "HOTEL", (), "en", "sidecar"), Utterance(3, 5, "Hello", (), "en", "sidecar")
    run = Run(MediaInfo(Path("a.wav"), 9.0, False, True))
    run.speech = Speech([sign, said], "en", None, [Utterance(2.5, 5.6)])  # type: ignore[arg-type]
    read = VoiceReader(AnalyzeOptions(), no_recording).observe(run)
    readings = read([Segment(0, 2, sign), Segment(2, 3), Segment(3, 5, said), Segment(5, 7), Segment(7, 9)])
    few = "too little speech to read"
    assert [r.reason for r in readings] == [
        "nobody is heard under these words", few, "", few, "nobody speaks"]
    assert [r.present for r in readings] == [False, False, True, False, False]
