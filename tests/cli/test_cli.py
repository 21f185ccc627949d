"""The command line as a user meets it: help, bad input, exit codes, no half-written files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
