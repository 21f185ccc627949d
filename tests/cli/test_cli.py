"""The command line as a user meets it: help, bad input, exit codes, no half-written files."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from support.media import even, tone, write

from emocli import weights

FAST = ["--transcript", "none"]


def emocli(*args: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "emocli", *map(str, args)], capture_output=True, text=True,
                          env=os.environ | environment, timeout=240)




@pytest.mark.parametrize(("args", "code", "words"), [
    (["analyze", "missing.mp4"], 3, "missing.mp4: no such file"),
    (["analyze", "a.mp4", "-f", "pdf"], 2, "choose from csv, srt, vtt, ass, json, html"),
    (["analyze", "a.mp4", "--face-fps", "0"], 2, "0.1 to 60"),
    (["analyze", "a.mp4", "--transcript", "none.srt"], 2, "none.srt: no such subtitle file"),
    (["analyze", "a.mp4", "--device", "tpu"], 2, "auto, cpu, cuda"),
    (["analyze", "a.mp4", "--language", "english!"], 2, "no language code"),
    (["analyze", "a.mp4", "--voice-mode", "slow"], 2, "fast, accurate, cascade, auto"),
    (["analyze", "a.mp4", "--voice-baseline", "me.wav"], 2, "me.wav: no such recording"),
    (["analyze", "a.mp4", "--combine"], 2, "give -o"),
    (["analyze", "a.mp4", "-o", "out", "--engine", "slurm"], 2, "local, ray"),
    (["analyze", "a.mp4", "b.mp4", "-o", "out", "--workers", "none"], 2, "auto, 1, 2"),
    (["analyze", "nowhere://a.mp4", "-o", "out"], 2, "emocli[remote]"),
    (["analyze"], 2, "PATH"),
])
def test_errors_name_the_thing_and_the_next_step(args: list[str], code: int, words: str, tmp_path: Path) -> None:
    found = subprocess.run([sys.executable, "-m", "emocli", *args], capture_output=True, text=True, cwd=tmp_path,
                           env=os.environ | {"COLUMNS": "200"}, timeout=120)
    assert found.returncode == code
    assert words.lower() in found.stderr.lower()
    assert "Traceback" not in found.stderr
    assert not list(tmp_path.iterdir())


def test_folder_without_videos(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    found = emocli("analyze", tmp_path)
    assert found.returncode == 3
    assert "holds no video" in found.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("name", "content"), [("empty.mp4", b""), ("text.mp4", b"hello\n" * 99)])
def test_unreadable_files(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    found = emocli("analyze", tmp_path / name, "-o", tmp_path / "out")
    assert found.returncode == 3
    assert name in found.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_truncated_mp4_without_its_index(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.mp4", even(2))
    part = tmp_path / "part.mp4"
    part.write_bytes(whole.read_bytes()[:-800])
    found = emocli("analyze", part, "-o", tmp_path / "out", *FAST)
    assert found.returncode == 3
    assert "part.mp4" in found.stderr


@pytest.mark.slow
def test_odd_but_readable_files_in_one_run(tmp_path: Path) -> None:
    """No sound, no picture, one picture, silent sound, and a name with everything in it."""
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "no sound.mp4", even(1))
    write(folder / "no picture.wav", sound=tone(1), audio_codec="pcm_s16le")
    write(folder / "one.mp4", [0.0])
    write(folder / "silent.mkv", even(1), sound=np.zeros(16000, np.float32))
    write(folder / "it's \"so\" 😊 슬픔.mp4", even(1), sound=tone(1))
    found = emocli("analyze", folder, "-o", tmp_path / "out", "-f", "csv,srt,vtt,json", "--faces", "--offline", "-q")
    assert found.returncode == 0, found.stderr
    assert len(found.stdout.splitlines()) == 26  # five each, and batch.csv
    assert all(Path(line).is_file() for line in found.stdout.splitlines())
    for path in (tmp_path / "out").glob("*.emotions.csv"):
        frame = pd.read_csv(path)
        assert frame["start"].iloc[0] == 0
        assert "no_face" in frame["flags"].iloc[0]
    assert pd.read_csv(tmp_path / "out" / "one.emotions.csv")["end"].iloc[-1] == pytest.approx(0.04, abs=0.05)


@pytest.mark.slow
def test_zero_length(tmp_path: Path) -> None:
    path = write(tmp_path / "zero.wav", sound=np.zeros(0, np.float32), audio_codec="pcm_s16le")
    found = emocli("analyze", path, "-o", tmp_path / "out")
    assert found.returncode == 3
    assert "zero.wav" in found.stderr


@pytest.mark.slow
def test_some_of_several_fail(tmp_path: Path) -> None:
    good = write(tmp_path / "good.wav", sound=tone(1), audio_codec="pcm_s16le")
    (tmp_path / "bad.wav").write_bytes(b"no")
    found = emocli("analyze", tmp_path, "-o", tmp_path / "out", "--offline")
    assert found.returncode == 5
    assert "bad.wav" in found.stderr
    assert "1 of 2 inputs failed" in found.stderr
    assert found.stdout == ""  # silent when not on a terminal
    assert (tmp_path / "out" / f"{good.stem}.emotions.csv").is_file()


@pytest.mark.slow
def test_overwriting_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sound=tone(1), audio_codec="pcm_s16le")
    (tmp_path / "a.emotions.csv").write_text("mine")
    found = emocli("analyze", path, *FAST)
    assert found.returncode == 2
    assert "--overwrite" in found.stderr
    assert (tmp_path / "a.emotions.csv").read_text() == "mine"
    assert emocli("analyze", path, "--overwrite", *FAST).returncode == 0
    assert (tmp_path / "a.emotions.csv").read_text() != "mine"


@pytest.mark.slow
def test_equal_stems_would_collide(tmp_path: Path) -> None:
    for ending in ("wav", "mka"):
        write(tmp_path / f"a.{ending}", sound=tone(1), audio_codec="pcm_s16le")
    found = emocli("analyze", tmp_path / "a.wav", tmp_path / "a.mka")  # with -o they keep their endings
    assert found.returncode == 2
    assert "the same a.emotions.csv" in found.stderr


@pytest.mark.slow
def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sound=tone(1), audio_codec="pcm_s16le")
    (tmp_path / "file").write_text("x")
    found = emocli("analyze", path, "-o", tmp_path / "file", *FAST)
    assert found.returncode == 3
    assert "cannot be written" in found.stderr


@pytest.mark.slow
def test_read_only_folder(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sound=tone(1), audio_codec="pcm_s16le")
    target = Path("/proc/emocli") if os.geteuid() == 0 else tmp_path / "locked"
    if os.geteuid():
        target.mkdir(mode=0o500)
    found = emocli("analyze", path, "-o", target, *FAST)
    assert found.returncode == 3
    assert str(target) in found.stderr


@pytest.mark.slow
def test_full_disk(tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(full)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small tmpfs cannot be mounted here (needs root)")
    try:
        (full / "filler").write_bytes(b"x" * 4096)
        path = write(tmp_path / "a.wav", sound=tone(1), audio_codec="pcm_s16le")
        found = emocli("analyze", path, "-o", full, *FAST)
        assert found.returncode == 3
        assert "No space left" in found.stderr
        assert [p.name for p in full.iterdir()] == ["filler"]
    finally:
        subprocess.run(["umount", str(full)], check=True)


@pytest.mark.slow
def test_damaged_weights(tmp_path: Path) -> None:
    """A package whose weights were damaged on disk leaves with 4 and writes nothing."""
    import emocli as package

    shutil.copytree(Path(package.__file__).parent, tmp_path / "emocli", ignore=shutil.ignore_patterns("_weights"))
    shutil.copytree(weights.folder(), tmp_path / "weights")
    (tmp_path / "weights" / "fusion.safetensors").write_bytes(b"damaged")
    path = write(tmp_path / "a.wav", sound=tone(1), audio_codec="pcm_s16le")
    found = subprocess.run([sys.executable, "-m", "emocli", "analyze", str(path)], cwd=tmp_path, capture_output=True,
                           text=True, timeout=120)
    assert found.returncode == 4
    assert "fusion.safetensors" in found.stderr
    assert not (tmp_path / "a.emotions.csv").exists()


@pytest.mark.slow
def test_no_network_and_an_empty_cache(tmp_path: Path, demo: Path) -> None:
    found = emocli("analyze", demo, "-o", tmp_path / "out", "-f", "json", "--face-fps", "1",
                   EMOCLI_CACHE=str(tmp_path / "cache"), EMOCLI_WEIGHTS_MIRROR="http://127.0.0.1:9")
    assert found.returncode == 0, found.stderr
    import json

    document = json.loads((tmp_path / "out" / "demo.emotions.json").read_text())
    assert document["provenance"]["detector"] == "mtcnn"
    assert "mtcnn" in document["notes"][0]
    assert document["tracks"]


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background inherit deaf ears


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.5, 3.0, 6.0])
def test_interrupt(tmp_path: Path, after: float) -> None:
    path = write(tmp_path / "long.mkv", even(600, 10), pictures=lambda i: np.random.default_rng(i % 7).integers(
        0, 255, (240, 320, 3), np.uint8).astype(np.uint8), sound=tone(600), options={"preset": "ultrafast"})
    run = subprocess.Popen([sys.executable, "-m", "emocli", "analyze", str(path), "-o", str(tmp_path / "out"),
                            "--face-fps", "10"], stderr=subprocess.PIPE, text=True, start_new_session=True,
                           preexec_fn=_hear_interrupts)
    time.sleep(after)
    children = psutil.Process(run.pid).children(recursive=True)
    os.killpg(run.pid, signal.SIGINT)
    began = time.monotonic()
    assert run.wait(timeout=20) == 130
    assert time.monotonic() - began < 2
    assert not [c for c in children if c.is_running() and c.status() != psutil.STATUS_ZOMBIE]
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_killed_parent_leaves_no_orphan(tmp_path: Path, demo: Path) -> None:
    run = subprocess.Popen([sys.executable, "-m", "emocli", "analyze", str(demo), "-o", str(tmp_path / "out")],
                           stderr=subprocess.DEVNULL)
    children: list[psutil.Process] = []
    while not children and run.poll() is None:
        children = psutil.Process(run.pid).children(recursive=True)
        time.sleep(0.05)
    run.kill()
    run.wait()
    gone, alive = psutil.wait_procs(children, timeout=30)
    assert gone
    assert not alive
