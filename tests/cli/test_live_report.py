"""`emocli live-report` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from support.cli import emocli


def session(path: Path) -> Path:
    """Ten minutes that are pressed in their middle; the last line is cut off."""
    lines = [{"event": "start"}]
    for second in range(600):
        pressed = 200 < second < 320
        lines.append({"event": "load", "time": second, "real_time_factor": 0.5 + 0.6 * pressed,
                      "queues": {"sound": 0.1 + pressed * (second - 200) / 30, "pictures": 2 * pressed},
                      "lost": {"sound": 0.4 * (second > 300), "frames": 3.0 * (second > 250)},
                      "memory": 2**30 + second * 1000, "shed": ["partials", "face $x$"][:2 * pressed]})
        if second % 5 == 0:
            lines.append({"event": "utterance", "start": second - 2, "end": second, "latency": {
                "activity": 0.3, "voice": 0.35 + second % 7 / 100, "caption": 1.0 + pressed}})
        if second in (201, 320):
            lines.append({"event": "notice", "kind": "mode", "time": second,
                          "text": "mode \u001b[2J$\\frac$"})
    path.write_text("\n".join(map(json.dumps, lines)) + '\n{"event": "lo', encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_picture_and_a_table(tmp_path: Path) -> None:
    log = session(tmp_path / "metrics.jsonl")
    done = emocli("live-report", log)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "metrics.png") as picture:
        assert min(picture.size) > 900
        assert len(set(picture.convert("L").resize((64, 64)).getdata())) > 20
    table = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.strip()}
    assert table["activity"] == ["120", "0.300", "0.300", "0.300"]
    assert table["caption"] == ["120", "1.000", "2.000", "2.000"]
    assert "0.4 s of sound, 3 pictures" in done.stdout
    assert "mode �[2J$\\frac$" in done.stdout
    assert "has no end" in done.stdout
    assert "\x1b" not in done.stdout
    again = emocli("live-report", log)
    assert again.returncode == 2
    assert "--overwrite" in again.stderr


@pytest.mark.slow
def test_a_log_that_is_wrong(tmp_path: Path) -> None:
    log = tmp_path / "a.jsonl"
    log.write_text('{"event": "load"}\n', encoding="utf-8")
    done = emocli("live-report", log, "-o", tmp_path / "a.png")
    assert done.returncode == 3
    assert "a.jsonl: line 1: time is no number" in done.stderr
    assert not (tmp_path / "a.png").exists()
    assert emocli("live-report", log, "-o", log, "--overwrite").returncode == 2
