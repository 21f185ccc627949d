"""The shipped voice networks: each row by itself, the small one asking the larger, the speaker's usual
voice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.media import tone, write

from emocli.media.audio import decode
from emocli.media.probe import probe
from emocli.timeline.run import Speech
from emocli.timeline.types import Utterance
from emocli.voice.model import UNSURE, VoiceModel, enrol, load
from emocli.voice.network import INPUTS

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
        (spoken, silent), seconds = model.read(Speech([Utterance(1, 3), Utterance(3, 4)], "", sound),
                                               told.append)
    assert spoken.scores is not None
    assert spoken.scores.sum() == pytest.approx(1, abs=1e-5)
    assert (silent.present, silent.reason) == (False, "the sound is silent here")
    assert seconds == [pytest.approx(2, abs=0.1), 0]
    assert told == [3]


def test_the_network_reads_each_row_by_itself(model: VoiceModel) -> None:
    inputs = torch.from_numpy(np.random.default_rng(0).normal(size=(3, INPUTS)).astype(np.float32))
    with torch.no_grad():
        together, alone = model.network(inputs), [model.network(row[None]) for row in inputs]
    for part in (0, 1):
        assert together[part].numpy() == pytest.approx(np.concatenate([row[part] for row in alone]), abs=1e-4)


def test_the_small_network_asks_the_larger_where_it_is_unsure(model: VoiceModel) -> None:
    fast, cascade = load(["voice-small"]), load(["voice-small", "voice"])
    centre, scale = (model.network.get_buffer(n).numpy() for n in ("centre", "scale"))
    inputs = (centre + 2 * scale * np.random.default_rng(0).normal(size=(200, INPUTS))).astype(np.float32)
    (near, small), (features, large), (_, both) = (m.logits(inputs) for m in (fast, model, cascade))
    sure = torch.softmax(torch.from_numpy(small), 1).amax(1).numpy() >= UNSURE
    assert 10 < sure.sum() < 190
    assert np.array_equal(both[sure], small[sure])
    assert both[~sure] == pytest.approx(large[~sure], abs=1e-4)
    assert np.abs(both[~sure] - small[~sure]).max() > 0.05
    assert np.corrcoef(near.ravel(), features.ravel())[0, 1] > 0.99  # one fusion head reads both


def test_a_recording_of_the_speaker_tells_how_they_usually_talk(model: VoiceModel, tmp_path: Path) -> None:
    tones = np.concatenate([tone(1, hertz) for hertz in (220, 240, 260)])
    path = write(tmp_path / "a.wav", sound=tones, audio_codec="pcm_s16le")
    *_, (_, sound) = decode(probe(path))
    with sound:
        speech = Speech([Utterance(0, 1)], "", sound)
        spectrograms = enrol(Speech([Utterance(1, 2), Utterance(2, 3)], "", sound))
        (alone,), (enrolled,) = model.read(speech)[0], model.read(speech, enrolled={"": spectrograms})[0]
    assert len(spectrograms) == 2
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
        together = dict(zip([u.start for u in mixed], model.read(Speech(mixed, "", sound), told.append)[0],
                            strict=True))
        alone = [r for those in (one, two) for r in model.read(Speech(those, "", sound))[0]]
        nobody = model.read(Speech([replace(u, speaker="") for u in one + two], "", sound))[0]
        spectrograms = enrol(Speech([Utterance(2, 3)], "", sound))
        enrolled = model.read(Speech(one + two, "", sound), enrolled={"S2": spectrograms})[0]
    assert len(told) == 6
    for i, reading in enumerate(alone):
        assert together[i].logits == pytest.approx(reading.logits, abs=1e-4)
    assert max(np.abs(a.logits - b.logits).max() for a, b in zip(alone, nobody, strict=True)) > 0.05
    assert [bool(np.abs(a.logits - b.logits).max() > 0.01) for a, b in zip(alone, enrolled, strict=True)] == [
        False] * 3 + [True] * 3
