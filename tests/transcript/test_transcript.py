"""The choice of a transcript, speech activity, Whisper through a tiny random checkpoint."""

from pathlib import Path

import numpy as np
import pytest
from support.media import even, tone, write

from emocli.errors import InputError, WeightsError
from emocli.media.audio import decode
from emocli.media.probe import probe
from emocli.timeline.types import Utterance
from emocli.transcript import activity, asr, choose


def test_a_bad_sidecar_is_passed_over_with_a_note_unless_asked_for(tmp_path: Path) -> None:
    video = write(tmp_path / "a.mp4", even(1))
    bad = tmp_path / "a.srt"
    bad.write_text("nonsense")
    found = choose.written(probe(video), "auto")
    assert found is not None
    assert found.source == "none"
    assert "a.srt" in found.notes[0]
    with pytest.raises(InputError):
        choose.written(probe(video), str(bad))


def test_activity_from_probabilities() -> None:
    speech = np.zeros(300, np.float32)
    speech[50:100] = 0.9  # 1.6 s to 3.2 s
    speech[60:65] = 0.1  # a breath
    speech[200:203] = 0.9  # too short to be speech
    found = activity.utterances(speech, 9.6)
    assert len(found) == 1
    assert found[0].start == pytest.approx(1.6 - activity.PAD, abs=0.01)
    assert found[0].end == pytest.approx(3.2 + activity.PAD, abs=0.01)


def test_endless_speech_is_cut() -> None:
    found = activity.utterances(np.ones(32 * 60, np.float32), 61.44)
    assert len(found) >= 4
    assert all(u.end - u.start <= activity.LONGEST + 1 for u in found)


def test_windows_cover_all_speech_in_half_minutes() -> None:
    spoken = [Utterance(i * 7.0, i * 7.0 + 5) for i in range(30)]
    found = asr.windows(spoken)
    assert all(b - a <= asr.WINDOW for a, b in found)
    assert all(any(a <= u.start and u.end <= b for a, b in found) for u in spoken)


def whisper_result(**changes: object) -> dict:
    segment = {"start": 0.0, "end": 1.0, "text": " Thanks for watching", "no_speech_prob": 0.1, "avg_logprob": -0.3,
               "compression_ratio": 1.0, "words": [{"start": 0.1, "end": 0.5, "word": " Thanks"},
                                                   {"start": 0.5, "end": 0.9, "word": " for watching"}]}
    return {"language": "en", "segments": [segment | changes]}


@pytest.mark.parametrize(("changes", "kept"), [
    ({}, True), ({"no_speech_prob": 0.9, "avg_logprob": -1.5}, False), ({"no_speech_prob": 0.9}, True),
    ({"compression_ratio": 9.0}, False), ({"text": " "}, False)])
def test_invented_text_is_dropped(changes: dict, kept: bool) -> None:
    found = list(asr.believable(whisper_result(**changes), 10.0, 12.0, [Utterance(10, 11)]))
    assert bool(found) == kept
    if kept:
        assert (found[0].start, found[0].words[1].end) == (10.1, 10.9)


def test_text_over_silence_is_dropped() -> None:
    assert not list(asr.believable(whisper_result(), 10.0, 12.0, [Utterance(20, 21)]))


@pytest.fixture(scope="module")
def tiny_whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from whisper.model import ModelDimensions, Whisper

    torch.manual_seed(0)
    dims = ModelDimensions(n_mels=80, n_audio_ctx=1500, n_audio_state=16, n_audio_head=2, n_audio_layer=1,
                           n_vocab=51865, n_text_ctx=448, n_text_state=16, n_text_head=2, n_text_layer=2)
    model = Whisper(dims)
    torch.nn.init.normal_(model.decoder.positional_embedding)  # Whisper leaves it as memory was
    path = tmp_path_factory.mktemp("whisper") / "tiny.pt"
    torch.save({"dims": dims.__dict__, "model_state_dict": model.state_dict()}, path)
    return path


@pytest.mark.slow
def test_whisper_checkpoint_loads_and_transcribes(tiny_whisper: Path, tmp_path: Path) -> None:
    model = asr.load(asr.locate(str(tiny_whisper), offline=True))
    path = write(tmp_path / "a.wav", sound=tone(3), audio_codec="pcm_s16le")
    *_, (_, sound) = decode(probe(path))
    with sound:
        found = asr.transcribe(model, sound, [Utterance(0.5, 2.5)], language="en")
    for u in found:  # a random network says anything, but on the video's clock
        assert 0 <= u.start < u.end <= 3.2
        assert u.source == "whisper"


def test_whisper_that_cannot_be_had(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="--offline"):
        asr.locate("base", offline=True)
    with pytest.raises(WeightsError, match="no model of this name"):
        asr.locate("huge", offline=True)
    with pytest.raises(WeightsError, match="no such Whisper checkpoint"):
        asr.locate("there.pt", offline=True)
    (tmp_path / "bad.pt").write_bytes(b"x")
    with pytest.raises(WeightsError, match="not a Whisper checkpoint"):
        asr.load(tmp_path / "bad.pt")


@pytest.mark.slow
def test_no_whisper_leaves_speech_activity(clips: Path) -> None:
    if not clips.is_dir():
        pytest.skip("wants the data folder")
    *_, (_, sound) = decode(probe(clips / "jfk.flac"))
    with sound:
        def none() -> object:
            raise WeightsError("whisper base", "cannot be fetched", "connect")

        found = choose.heard(sound, wanted="auto", model=none, language="auto", progress=lambda s: None)
    assert found.source == "speech"
    assert "cannot be fetched" in found.notes[0]
    assert 3 <= len(found.utterances) <= 8
    assert sum(u.end - u.start for u in found.utterances) > 6
