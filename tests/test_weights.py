"""The manifest, checksums, the mirror and the cache."""

import hashlib
import shutil
from pathlib import Path

import pytest

from emocli import storage, weights
from emocli.errors import WeightsError


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped weights that a test may damage, and an empty cache."""
    copy = tmp_path / "weights"
    shutil.copytree(weights.folder(), copy)
    monkeypatch.setattr(weights, "folder", lambda: copy)
    monkeypatch.setenv("EMOCLI_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("EMOCLI_WEIGHTS_MIRROR", raising=False)
    monkeypatch.setattr(weights, "manifest", weights.manifest.__wrapped__)  # uncached
    return copy


def test_every_shipped_file_is_listed_whole_and_has_a_card() -> None:
    listed = {w.file for w in weights.manifest().values() if w.bundled}
    there = {p.name for p in weights.folder().iterdir() if p.suffix in (".keras", ".tflite", ".safetensors")}
    assert listed == there == {"face.keras", "face.tflite", *(f"{w}.safetensors" for w in (
        "whisper_encoder", "voice", "voice_small", "voice_permissive", "text_en", "text_ko", "text_small",
        "fusion",        "fusion_permissive", "speaker", "speaker_plda", "speaker_plda_permissive"))}
    assert not list(weights.problems())
    for weight in weights.manifest().values():
        assert weight.licence
        assert weight.source
        if weight.bundled:
            assert weight.path.stat().st_size == weight.size
            card = weights.folder() / f"{weight.path.stem.split('_')[0]}.md"
            assert weight.path.stem in card.read_text(), weight.path
    assert sum(p.stat().st_size for p in weights.folder().iterdir()) < 100e6


def test_damage_is_found(sandbox: Path) -> None:
    path = sandbox / "voice.safetensors"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(WeightsError, match=r"voice\.safetensors.*damaged"):
        weights.resolve("voice")
    path.unlink()
    with pytest.raises(WeightsError, match="missing"):
        weights.resolve("voice")
    assert [w.name for w, _ in weights.problems()] == ["voice"]


def test_a_broken_manifest_names_itself(sandbox: Path) -> None:
    (sandbox / "manifest.toml").write_text("[")
    with pytest.raises(WeightsError, match=r"manifest\.toml"):
        weights.manifest()


def test_weights_that_bar_commercial_use_are_refused() -> None:
    assert weights.resolve("voice-permissive", commercial=True).is_file()
    for name in ("face", "face-litert", "voice", "voice-small", "fusion"):
        with pytest.raises(WeightsError, match="may not be used commercially"):
            weights.resolve(name, commercial=True)


def test_unknown_name() -> None:
    with pytest.raises(WeightsError, match="models list"):
        weights.resolve("nothing")


def test_offline_without_cache(sandbox: Path) -> None:
    with pytest.raises(WeightsError, match="--offline"):
        weights.resolve("yunet", offline=True)


def test_no_network(sandbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOCLI_WEIGHTS_MIRROR", "http://127.0.0.1:9")
    with pytest.raises(WeightsError, match="cannot be fetched"):
        weights.resolve("yunet")
    assert not [p for p in weights.cache_folder().rglob("*") if p.is_file()]


@pytest.mark.shared
def test_mirror_is_verified(sandbox: Path, data: Path, tmp_path: Path,
                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOCLI_WEIGHTS_MIRROR", str(data / "weights"))
    path = weights.resolve("yunet", offline=True)
    assert storage.sha256(path) == weights.manifest()["yunet"].sha256
    path.unlink()
    wrong = tmp_path / "mirror" / weights.manifest()["yunet"].mirror
    wrong.parent.mkdir(parents=True)
    wrong.write_bytes(b"other")
    monkeypatch.setenv("EMOCLI_WEIGHTS_MIRROR", str(tmp_path / "mirror"))
    with pytest.raises(WeightsError, match="sha256 differs"):
        weights.resolve("yunet")
    assert not list(path.parent.iterdir())


def test_a_server_can_be_the_mirror(sandbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses
    import http.server
    import threading
    from functools import partial

    (tmp_path / "served").mkdir()
    served = tmp_path / "served" / "yunet.bin"
    served.write_bytes(b"model")
    entry = dataclasses.replace(weights.manifest()["yunet"], mirror="yunet.bin",
                                sha256=storage.sha256(served))
    monkeypatch.setattr(weights, "manifest", lambda: {"yunet": entry})
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("EMOCLI_WEIGHTS_MIRROR", f"http://127.0.0.1:{server.server_port}")
        assert weights.resolve("yunet").read_bytes() == b"model"
        shares: list[float] = []
        assert weights.fetch(entry, progress=shares.append).read_bytes() == b"model"
        assert shares
        assert max(shares) == shares[-1] == 1
        server.shutdown()


def test_a_cache_that_cannot_be_written(sandbox: Path, tmp_path: Path,
                                        monkeypatch: pytest.MonkeyPatch) -> None:
    entry = weights.manifest()["yunet"]
    (tmp_path / "mirror" / entry.mirror).parent.mkdir(parents=True)
    (tmp_path / "mirror" / entry.mirror).write_bytes(b"model")
    (tmp_path / "cache").write_text("a file where the folder should be")
    monkeypatch.setenv("EMOCLI_WEIGHTS_MIRROR", str(tmp_path / "mirror"))
    with pytest.raises(WeightsError, match=r"yunet: cannot be fetched .*cannot be written"):
        weights.resolve("yunet")


def test_what_the_provenance_tells_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"model")
    assert weights.of_file("whisper-a", tmp_path / "a.pt") == {"whisper-a": {
        "file": "a.pt", "sha256": hashlib.sha256(b"model").hexdigest(), "licence": "unknown"}}
    (name, told), = weights.of_package("silero_vad", "data/silero_vad.jit").items()
    assert (name, told["file"], len(told["sha256"])) == ("silero-vad", "silero_vad.jit", 64)
    assert weights.of_package("silero_vad", "data/no_such_file") == {}
    assert weights.of_package("no_such_package", "a") == {}
    assert weights.record("text-en")["text-en"]["sha256"] == weights.manifest()["text-en"].sha256
