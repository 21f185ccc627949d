"""Where Whisper's weights lie."""

from pathlib import Path

import pytest

from emocli import weights
from emocli.errors import WeightsError
from emocli.transcript import whisper_weights
from emocli.transcript.whisper_weights import engine_for, locate


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(weights.CACHE, str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(weights.MIRROR, raising=False)


@pytest.mark.parametrize("engine", ["faster", "openai"])
def test_whisper_that_cannot_be_had(engine: str) -> None:
    with pytest.raises(WeightsError, match="--offline"):
        locate("base", engine, offline=True)
    with pytest.raises(WeightsError, match="name"):
        locate("huge", engine, offline=True)
    with pytest.raises(WeightsError, match="no such Whisper model"):
        locate("no/such.pt", engine, offline=True)


def test_every_converted_size_is_pinned() -> None:
    sizes = whisper_weights.converted()
    assert "base" in sizes
    for entry in sizes.values():
        assert len(entry.revision) == 40
        assert {len(sha256) for sha256 in entry.files.values()} == {64}
        assert {"model.bin", "config.json", "tokenizer.json"} <= set(entry.files)


def test_a_mirror_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(weights.MIRROR, str(tmp_path))
    folder = tmp_path / "whisper" / "faster-whisper-tiny"
    folder.mkdir(parents=True)
    with pytest.raises(WeightsError, match="whisper-tiny: cannot be fetched"):
        locate("tiny", "faster", offline=False)
    for name in whisper_weights.converted()["tiny"].files:
        (folder / name).write_bytes(b"other")
    (tmp_path / "whisper" / "tiny.pt").write_bytes(b"other")
    for engine in ("faster", "openai"):
        with pytest.raises(WeightsError, match="sha256 differs"):
            locate("tiny", engine, offline=False)
    assert whisper_weights.cached_folder("tiny") is whisper_weights.cached_checkpoint("tiny") is None


def test_which_library_runs_whisper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(name: str, device: str = "cpu", wanted: str = "auto") -> str:
        return engine_for(name, wanted, device)

    assert chosen("base") == "faster"
    assert chosen("base", "cuda") == "openai"
    assert chosen("base", wanted="openai") == "openai"
    assert chosen("large-v3") == "openai"  # nobody has pinned its files
    assert chosen("some/model.pt") == "openai"
    assert chosen(str(tmp_path)) == "faster"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base").mkdir()  # a stranger's folder is not the model of a default run
    assert not whisper_weights.is_path("base")
    path = whisper_weights.checkpoint("base").path
    path.parent.mkdir(parents=True)
    path.touch()
    assert chosen("base") == "openai"  # it is here, the other would have to be fetched
