"""The command line as a user meets it: help, bad input, exit codes, no half-written files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from emocli import weights


def emocli(*args: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "emocli", *map(str, args)], capture_output=True, text=True,
                          env=os.environ | environment, timeout=240)


@pytest.mark.parametrize("command", [(), ("analyze",), ("doctor",), ("train",), ("evaluate",), ("models",),
                                     ("data", "check"), ("data", "flatten"), ("data", "features"), ("export",),
                                     ("report",), ("convert",), ("annotate",), ("mux",), ("clips",), ("compare",),
                                     ("init",), ("models", "list"), ("models", "pull"), ("models", "verify")])
def test_help_has_an_example(command: tuple[str, ...]) -> None:
    found = emocli(*command, "--help", COLUMNS="200", TERM="dumb")
    assert found.returncode == 0
    if command not in ((), ("models",)):
        assert f"Example: emocli {' '.join(command)}" in found.stdout


@pytest.mark.parametrize(("args", "code", "words"), [
    (["analyze", "missing.mp4"], 3, "missing.mp4: no such file"),
    (["train", "face", "--data", ".", "--features", "kept"], 2, "not trained on spectrograms"),
    (["analyze"], 2, "PATH"),
    (["evaluate", "smell", "--data", "."], 2, "face, voice, text, fusion"),
    (["evaluate", "face", "--data", ".", "--corrupt", "babble"], 2, "blur, dark, low-res, rotated"),
    (["evaluate", "text", "--data", ".", "--corrupt", "blur"], 2, "evaluate face or voice"),
    (["evaluate", "face", "--data", ".", "--full"], 2, "only voice, text and fusion are compared"),
    (["train", "voice", "--data", "nowhere"], 3, "nowhere: no such folder"),
    (["models", "pull", "nothing"], 4, "models list"),
])
def test_errors_name_the_thing_and_the_next_step(args: list[str], code: int, words: str, tmp_path: Path) -> None:
    found = subprocess.run([sys.executable, "-m", "emocli", *args], capture_output=True, text=True, cwd=tmp_path,
                           env=os.environ | {"COLUMNS": "200"}, timeout=120)
    assert found.returncode == code
    assert words.lower() in found.stderr.lower()
    assert "Traceback" not in found.stderr
    assert not list(tmp_path.iterdir())


def test_models_list_and_verify() -> None:
    listed = emocli("models", "list", COLUMNS="160")
    assert "CC BY-NC-SA 4.0" in listed.stdout
    assert "yunet" in listed.stdout
    assert listed.stdout.count(" no ") == sum(not w.commercial for w in weights.manifest().values()) > 3
    assert emocli("models", "verify").returncode == 0


@pytest.mark.slow
def test_doctor() -> None:
    found = emocli("doctor")
    assert found.returncode == 0, found.stderr
    assert "face process             ok" in found.stdout
