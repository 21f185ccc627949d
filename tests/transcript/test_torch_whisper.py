"""OpenAI's Whisper, through a tiny random checkpoint, and checkpoints that lie."""

from pathlib import Path

import pytest
import torch
from support.media import tone
from support.whisper import DIMS, tiny_checkpoint, tiny_state

from emocli.errors import WeightsError
from emocli.timeline.run import StoppedError
from emocli.transcript.torch_whisper import TorchWhisper, load


@pytest.mark.slow
def test_a_checkpoint_reads_until_it_is_stopped(tmp_path: Path) -> None:
    whisper = TorchWhisper(tiny_checkpoint(tmp_path))
    passes: list[int] = []
    whisper.model.decoder.register_forward_hook(lambda *_: passes.append(1))

    def stop() -> None:
        if len(passes) >= 20:
            raise StoppedError  # random weights talk for a minute

    with pytest.raises(StoppedError):
        whisper.recognize([tone(3)], "en", stop)
    assert len(passes) == 20
    whisper.model.encoder(torch.zeros(1, 80, 3000))  # afterwards nothing stops it


@pytest.mark.parametrize("claims", [
    {"n_audio_layer": 10**9}, {"n_vocab": 10**12}, {"n_text_ctx": 10**7}, {"n_mels": 128},
    {"n_text_head": 10**9},
    {"n_audio_state": 32}, {"n_text_layer": 1}, {"n_text_layer": -1}, {"n_audio_ctx": "1500"}, {"more": 1}])
def test_claims_that_are_not_the_tensors_are_refused(tmp_path: Path, claims: dict[str, object]) -> None:
    with pytest.raises(WeightsError, match=r"tiny\.pt: is not a Whisper checkpoint"):
        load(tiny_checkpoint(tmp_path, **claims))


def test_tensors_that_do_not_lie_in_the_file_are_refused(tmp_path: Path) -> None:
    """One number that is said to be a vocabulary of 4 TB takes no memory."""
    state = tiny_state()
    state["decoder.token_embedding.weight"] = torch.zeros(1, 1).expand(10**9, 1024)
    path = tmp_path / "large.pt"
    torch.save({"dims": DIMS | {"n_vocab": 10**9, "n_text_state": 1024}, "model_state_dict": state}, path)
    assert path.stat().st_size < 10**6
    with pytest.raises(WeightsError, match="its tensors are larger than the file"):
        load(path)


@pytest.mark.parametrize("content", [b"x", b""])
def test_files_that_are_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.pt").write_bytes(content)
    with pytest.raises(WeightsError, match="not a Whisper checkpoint"):
        load(tmp_path / "bad.pt")
