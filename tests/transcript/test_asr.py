"""Whisper, through a tiny random checkpoint, and checkpoints that lie."""

from pathlib import Path

import pytest
import torch
from support.media import tone, write
from support.whisper import DIMS, tiny_checkpoint, tiny_state

from emocli.errors import WeightsError
from emocli.media.audio import decode
from emocli.media.probe import probe
from emocli.timeline.run import StoppedError
from emocli.timeline.types import Utterance
from emocli.transcript import asr


def test_windows_cover_all_speech_in_half_minutes() -> None:
    spoken = [Utterance(i * 7.0, i * 7.0 + 5) for i in range(30)]
    windows = asr.windows(spoken)
    assert all(b - a <= asr.WINDOW for a, b in windows)
    assert all(any(a <= u.start and u.end <= b for a, b in windows) for u in spoken)


def whisper_result(**changes: object) -> dict:
    segment = {"start": 0.0, "end": 1.0, "text": " Thanks for watching", "no_speech_prob": 0.1,
               "avg_logprob": -0.3,
               "compression_ratio": 1.0, "words": [{"start": 0.1, "end": 0.5, "word": " Thanks"},
                                                   {"start": 0.5, "end": 0.9, "word": " for watching"}]}
    return {"language": "en", "segments": [segment | changes]}


@pytest.mark.parametrize(("changes", "kept"), [
    ({}, True), ({"no_speech_prob": 0.9, "avg_logprob": -1.5}, False), ({"no_speech_prob": 0.9}, True),
    ({"compression_ratio": 9.0}, False), ({"text": " "}, False)])
def test_invented_text_is_dropped(changes: dict, kept: bool) -> None:
    utterances = list(asr.believable(whisper_result(**changes), 10.0, 12.0, [Utterance(10, 11)]))
    assert bool(utterances) == kept
    if kept:
        assert (utterances[0].start, utterances[0].words[1].end) == (10.1, 10.9)


def test_text_over_silence_is_dropped() -> None:
    assert not list(asr.believable(whisper_result(), 10.0, 12.0, [Utterance(20, 21)]))


@pytest.mark.slow
def test_a_checkpoint_loads_and_transcribes(tmp_path: Path) -> None:
    model = asr.load(asr.locate(str(tiny_checkpoint(tmp_path)), offline=True))
    path = write(tmp_path / "a.wav", sound=tone(3), audio_codec="pcm_s16le")
    *_, (_, sound) = decode(probe(path))
    passes = []
    model.decoder.register_forward_hook(lambda *_: passes.append(1))

    def stop() -> None:
        if len(passes) >= 20:
            raise StoppedError  # random weights talk for a minute

    with sound, asr.stopping(model, stop), pytest.raises(StoppedError):
        asr.transcribe(model, sound, [Utterance(0.5, 2.5)], language="en")
    assert len(passes) == 20
    model.encoder(torch.zeros(1, 80, 3000))  # afterwards nothing stops it


def test_whisper_that_cannot_be_had(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="--offline"):
        asr.locate("base", offline=True)
    with pytest.raises(WeightsError, match="no model of this name"):
        asr.locate("huge", offline=True)
    with pytest.raises(WeightsError, match="no such Whisper checkpoint"):
        asr.locate("there.pt", offline=True)


@pytest.mark.parametrize("claims", [
    {"n_audio_layer": 10**9}, {"n_vocab": 10**12}, {"n_text_ctx": 10**7}, {"n_mels": 128},
    {"n_text_head": 10**9},
    {"n_audio_state": 32}, {"n_text_layer": 1}, {"n_text_layer": -1}, {"n_audio_ctx": "1500"}, {"more": 1}])
def test_claims_that_are_not_the_tensors_are_refused(tmp_path: Path, claims: dict[str, object]) -> None:
    with pytest.raises(WeightsError, match=r"tiny\.pt: is not a Whisper checkpoint"):
        asr.load(tiny_checkpoint(tmp_path, **claims))


def test_tensors_that_do_not_lie_in_the_file_are_refused(tmp_path: Path) -> None:
    """One number that is said to be a vocabulary of 4 TB takes no memory."""
    state = tiny_state()
    state["decoder.token_embedding.weight"] = torch.zeros(1, 1).expand(10**9, 1024)
    path = tmp_path / "large.pt"
    torch.save({"dims": DIMS | {"n_vocab": 10**9, "n_text_state": 1024}, "model_state_dict": state}, path)
    assert path.stat().st_size < 10**6
    with pytest.raises(WeightsError, match="its tensors are larger than the file"):
        asr.load(path)


@pytest.mark.parametrize("content", [b"x", b""])
def test_files_that_are_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.pt").write_bytes(content)
    with pytest.raises(WeightsError, match="not a Whisper checkpoint"):
        asr.load(tmp_path / "bad.pt")
