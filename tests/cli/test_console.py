"""What a person sees in the terminal."""

import re
from pathlib import Path

import pytest

from emocli.cli import console


def test_a_stage_has_a_share_and_the_time_left(monkeypatch: pytest.MonkeyPatch,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    with console.progress(Path("talk.mp4")) as report:
        report("speech", 1.0)
        for step in range(1, 6):
            report("transcript", step / 8)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)
    assert "talk.mp4" in shown
    words = [line for line in shown.splitlines() if "words" in line][-1]
    assert "62%" in words
    assert re.search(r"\d:\d\d:\d\d", words)
    assert "-:--:--" not in words


def test_nothing_is_shown_to_a_script(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress(Path("talk.mp4")) as report:
        report("transcript", 0.5)
    assert capsys.readouterr().err == ""
