"""What a person sees in the terminal."""

import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emocli.cli import console
from emocli.timeline.types import Reading


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


def test_the_summary_lists_what_is_mixed() -> None:
    from rich.console import Console
    from support.timelines import made_up

    plain = made_up()
    face, text = (Reading(name, None, np.log(scores), scores, 1.0) for name, scores in (
        ("face", np.full(7, 0.01) + 0.93 * np.eye(7)[0]), ("text", np.full(7, 0.02) + 0.86 * np.eye(7)[6])))
    row = replace(plain.rows[0], readings={"face": face, "text": text}, flags=("mixed",))
    written = io.StringIO()
    for rows in (plain.rows, (row, *plain.rows[1:])):
        console.summary(replace(plain, rows=rows), [], Console(file=written, force_terminal=True, width=100))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.getvalue())
    assert shown.count("Mixed (1 row in which") == 1
    assert "face happiness 94%, text sadness 88%" in shown
