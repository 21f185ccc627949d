"""The shipped voice networks: silence, speakers apart, the small one asking the larger, the speaker's usual
voice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.media import tone, write

from emocli.encoders.whisper_encoder import FEATURES
from emocli.media.audio import decode
from emocli.media.probe import probe
from emocli.timeline.run import Speech
from emocli.timeline.types import Utterance
from emocli.voice.described import VoiceModel
from emocli.voice.model import enrol, load, read
from emocli.voice.small_model import UNSURE, Cascade

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model() -> VoiceModel:
    return load(["voice"])


def test_an_utterance_is_read_and_silence_is_not(model: VoiceModel, tmp_path: Path) -> None:
    silence = np.zeros(16000, np.float32)
    path = write(tmp_path / "a.wav", sound=np.concatenate([silence, tone(2, 220), silence]),
                 audio_codec="pcm_s16le")
    *_, (_, sound) = decode(probe(path))
    told: list[float] = []
    with sound:
        speech = Speech([Utterance(1, 3), Utterance(3, 4)], "", sound)
        (spoken, silent), seconds = read(model, speech, told.append)
    assert spoken.scores is not None
    assert spoken.scores.sum() == pytest.approx(1, abs=1e-5)
    assert (silent.present, silent.reason) == (False, "the sound is silent here")
    assert seconds == [pytest.approx(2, abs=0.1), 0]
    assert told == [3]


def test_each_speaker_is_read_alone(model: VoiceModel, tmp_path: Path) -> None:
    tones = np.concatenate([tone(1, hertz) for hertz in (220, 240, 500, 520)])
    path = write(tmp_path / "a.wav", sound=tones, audio_codec="pcm_s16le")
    *_, (_, sound) = decode(probe(path))
    with sound:
        spoken = [Utterance(i, i + 1, speaker="S1" if i < 2 else "S2") for i in range(4)]
        apart, _ = read(model, Speech(spoken, "", sound))
        first, _ = read(model, Speech(spoken[:2], "", sound))
        together, _ = read(model, Speech([replace(u, speaker="") for u in spoken], "", sound))
    for own, alone in zip(apart, first, strict=False):
        assert own.logits == pytest.approx(alone.logits, abs=1e-3)
    assert np.abs(apart[0].logits - together[0].logits).max() > 0.01


def test_adapted_is_what_one_speaker_said(model: VoiceModel) -> None:
    """Not what only tells how the speaker usually talks, nor what several may have said."""
    random = np.random.default_rng(0)
    said = [random.normal(size=FEATURES).astype(np.float32) for _ in range(40)]
    alone, plain = model.answer(said)[1], model.answer(said, one_speaker=False)[1]
    assert np.abs(alone - plain).max() > 0.01
    more = model.answer(said[:1], said[1:])[1]
    assert more.shape == (1, 7)
    assert more[0] == pytest.approx(plain[0], abs=1e-4)


class Small:
    """Is sure of what lies above 0."""

    temperature = 1.0

    def describe(self, samples: np.ndarray) -> np.ndarray:
        return samples

    def answer(self, described: object, enrolled: object = (), *,
               one_speaker: bool = True) -> tuple[np.ndarray, np.ndarray]:
        sure = np.array([float(x[0]) > 0 for x in described])  # type: ignore[attr-defined]
        return np.zeros((len(sure), 2)), np.where(sure[:, None], 9.0, 0.0) * np.eye(7)[0]


class Large(Small):
    """Keeps what it was asked."""

    def answer(self, described: object, enrolled: object = (), *,
               one_speaker: bool = True) -> tuple[np.ndarray, np.ndarray]:
        self.asked = list(described), list(enrolled)  # type: ignore[call-overload]
        self.one_speaker = one_speaker
        return np.ones((len(self.asked[0]), 2)), np.full((len(self.asked[0]), 7), 0.5)


def test_the_small_model_asks_the_larger_where_it_is_unsure() -> None:
    large = Large()
    sounds = [np.full(3, value) for value in (1.0, -1.0, 2.0, -2.0)]
    features, logits = Cascade(Small(), large).answer(sounds)
    assert features.shape == (4, 2)
    assert logits[1].tolist() == [0.5] * 7
    asked, beside = large.asked
    assert [x[0] for x in asked] == [-1, -2]
    assert [x[0] for x in beside] == [1, 2]
    assert not large.one_speaker


@pytest.mark.parametrize("who", ["", "S1"])
def test_who_was_told_apart_is_one_speaker(who: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sound=tone(2, 220), audio_codec="pcm_s16le")
    *_, (_, sound) = decode(probe(path))
    large = Large()
    with sound:
        read(large, Speech([Utterance(0, 1, speaker=who), Utterance(1, 2, speaker=who)], "", sound))
    assert large.one_speaker == bool(who)


def test_the_small_network_and_the_cascade_read(tmp_path: Path) -> None:
    tones = np.concatenate([tone(1, hertz) for hertz in (220, 240, 260)])
    path = write(tmp_path / "a.wav", sound=tones, audio_codec="pcm_s16le")
    *_, (_, sound) = decode(probe(path))
    with sound:
        speech = Speech([Utterance(i, i + 1) for i in range(3)], "", sound)
        fast, cascade = (read(load(names), speech)[0]
                         for names in (["voice-small"], ["voice-small", "voice"]))
    for small, both in zip(fast, cascade, strict=True):
        sure = float(torch.from_numpy(small.scores).max()) >= UNSURE
        assert np.array_equal(small.scores, both.scores) == sure


def test_a_recording_of_the_speaker_tells_how_they_usually_talk(model: VoiceModel, tmp_path: Path) -> None:
    tones = np.concatenate([tone(1, hertz) for hertz in (220, 240, 260)])
    path = write(tmp_path / "a.wav", sound=tones, audio_codec="pcm_s16le")
    *_, (_, sound) = decode(probe(path))
    with sound:
        speech = Speech([Utterance(0, 1)], "", sound)
        described = enrol(model, Speech([Utterance(1, 2), Utterance(2, 3)], "", sound))
        (alone,), (enrolled,) = read(model, speech)[0], read(model, speech, enrolled={"": described})[0]
    assert len(described) == 2
    assert np.abs(alone.logits - enrolled.logits).max() > 0.05


def test_each_speaker_is_read_against_their_own_usual_voice(model: VoiceModel, tmp_path: Path) -> None:
    """Two who take turns are read as if each were alone; enrolling one leaves the other."""
    first, second = (np.concatenate([tone(1, hertz) for hertz in those])
                     for those in ((110, 115, 130), (300, 340, 380)))
    path = write(tmp_path / "a.wav", sound=np.concatenate([first, second]), audio_codec="pcm_s16le")
    *_, (_, sound) = decode(probe(path))
    with sound:
        one, two = ([Utterance(i, i + 1, speaker=who) for i in those]
                    for who, those in (("S1", (0, 1, 2)), ("S2", (3, 4, 5))))
        mixed = [*one[:1], *two[:2], *one[1:], *two[2:]]
        told: list[float] = []
        together = dict(zip([u.start for u in mixed], read(model, Speech(mixed, "", sound), told.append)[0],
                            strict=True))
        alone = [r for those in (one, two) for r in read(model, Speech(those, "", sound))[0]]
        nobody = read(model, Speech([replace(u, speaker="") for u in one + two], "", sound))[0]
        described = enrol(model, Speech([Utterance(2, 3)], "", sound))
        enrolled = read(model, Speech(one + two, "", sound), enrolled={"S2": described})[0]
    assert len(told) == 6
    for i, reading in enumerate(alone):
        assert together[i].logits == pytest.approx(reading.logits, abs=1e-4)
    assert max(np.abs(a.logits - b.logits).max() for a, b in zip(alone, nobody, strict=True)) > 0.05
    assert [bool(np.abs(a.logits - b.logits).max() > 0.01) for a, b in zip(alone, enrolled, strict=True)] == [
        False] * 3 + [True] * 3
