"""Voice features and the reader."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from support.media import tone, write

from emocli.analyzer import voice_mode
from emocli.media.audio import decode
from emocli.media.probe import probe
from emocli.timeline.types import Segment, Utterance
from emocli.voice.network import INPUTS
from emocli.voice.reader import UNSURE, VoiceReader, enrol, load
from emocli.weights import manifest, resolve


@pytest.mark.slow
def test_reader(tmp_path: Path) -> None:
    reader = VoiceReader(resolve("voice"), temperature=manifest()["voice"].temperature)
    sound = np.concatenate([np.zeros(16000, np.float32), tone(2, 220), np.zeros(16000, np.float32)])
    path = write(tmp_path / "a.wav", sound=sound, audio_codec="pcm_s16le")
    *_, (_, stream) = decode(probe(path))
    with stream:
        found = reader.read([Segment(0, 1), Segment(1, 3, Utterance(1, 3)), Segment(3, 4, Utterance(3, 4))],
                            stream)
    assert [r.present for r in found] == [False, True, False]
    assert found[1].scores is not None
    assert found[1].scores.sum() == pytest.approx(1, abs=1e-5)
    assert (found[0].reason, found[2].reason) == ("nobody speaks", "the sound is silent here")


def test_a_busy_machine_takes_the_small_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    for busy, mode in ((0.5, "accurate"), (3.5, "fast")):
        monkeypatch.setattr(os, "getloadavg", lambda busy=busy: (busy, 0.0, 0.0))
        assert voice_mode("auto") == mode
        assert voice_mode("cascade") == "cascade"


@pytest.mark.slow
def test_the_small_network_asks_the_larger_where_it_is_unsure() -> None:
    fast, accurate, cascade = load(["voice-small"]), load(["voice"]), load(["voice-small", "voice"])
    centre, scale = (accurate.network.get_buffer(n).numpy() for n in ("centre", "scale"))
    inputs = (centre + 2 * scale * np.random.default_rng(0).normal(size=(200, INPUTS))).astype(np.float32)
    (near, small), (features, large), (_, found) = (reader.logits(inputs)
                                                    for reader in (fast, accurate, cascade))
    sure = torch.softmax(torch.from_numpy(small), 1).amax(1).numpy() >= UNSURE
    assert 10 < sure.sum() < 190
    assert np.array_equal(found[sure], small[sure])
    assert found[~sure] == pytest.approx(large[~sure], abs=1e-4)
    assert np.abs(found[~sure] - small[~sure]).max() > 0.05
    assert np.corrcoef(near.ravel(), features.ravel())[0, 1] > 0.99  # one fusion head reads both


@pytest.mark.slow
def test_a_recording_of_the_speaker_tells_how_they_usually_talk(tmp_path: Path) -> None:
    reader = load(["voice"])
    tones = np.concatenate([tone(1, hertz) for hertz in (220, 240, 260)])
    path = write(tmp_path / "a.wav", sound=tones, audio_codec="pcm_s16le")
    *_, (_, sound) = decode(probe(path))
    with sound:
        segments = [Segment(0, 1, Utterance(0, 1))]
        known = enrol([Utterance(1, 2), Utterance(2, 3)], sound)
        alone, enrolled = reader.read(segments, sound), reader.read(segments, sound, enrolled=known)
    assert len(known) == 2
    assert len(alone) == len(enrolled) == 1
    assert np.abs(alone[0].logits - enrolled[0].logits).max() > 0.05
