"""The log of a session: what is in it, that it is whole whenever it is read, and a disk that is full."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.sessions import captioned, tagged

from emocli.errors import OutputError
from emocli.live import metrics_file
from emocli.live.events import Event, Load, Notice, Partial, Tagged
from emocli.live.metrics import MetricsLog, percentiles
from emocli.timeline.types import Utterance

LOAD = Load(3.0, 0.4, {"sound": 0.1, "pictures": 1, "utterances": 2}, {"sound": 1.5, "frames": 2}, 99,
            ("partials",))


def spoken(event: Tagged, at: float, **latency: float) -> Tagged:
    return Tagged(event.utterance, event.voice, event.row, at, latency)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_what_is_written_down(tmp_path: Path) -> None:
    path, times = tmp_path / "new" / "a.jsonl", iter([101.0, 201.5, 201.6])
    log = MetricsLog(path, {"source": "기분.mp4"}, notify=pytest.fail, now=lambda: next(times))
    first = [spoken(tagged(0), 100.0, activity=0.3, voice=0.4),
             spoken(captioned(0, "a"), 100.0, activity=0.3, voice=0.4, words=0.8, fused=0.9)]
    second = [spoken(captioned(1, text, start), 200.0, activity=0.5, voice=0.6, words=1.2, fused=1.3)
              for text, start in (("One.", 3.0), ("Two.", 4.0))]
    notice = Notice("mode", 3.0, "without partials")
    for event in (Partial(Utterance(0, 1, "so")), *first, LOAD, notice, *second):
        log(event)
        assert lines(path)
    log.close()
    start, *rest, end = lines(path)
    assert start == {"event": "start", "source": "기분.mp4"}
    assert [line["event"] for line in rest] == ["utterance", "load", "notice", "utterance", "utterance"]
    assert rest[0] == {"event": "utterance", "start": 0.0, "end": 2.0, "latency": {
        "activity": 0.3, "voice": 0.4, "words": 0.8, "fused": 0.9, "caption": 1.0}}
    assert rest[1]["shed"] == ["partials"]
    assert end["lost"] == {"sound": 1.5, "frames": 2}
    assert end["latency"]["caption"] == {"p50": 1.25, "p95": 1.475, "p99": 1.495, "n": 2}
    assert metrics_file.read(path).ended


def test_a_full_disk_ends_the_log_with_one_notice() -> None:
    told: list[Event] = []
    log = MetricsLog(Path("/dev/full"), {}, notify=told.append)
    for _ in range(3):
        log(LOAD)
    log.close()
    assert [(event.kind, "No space left" in event.text, "goes on" in event.text) for event in told] == [
        ("note", True, True)]


def test_a_disk_that_fills_up_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    path, told, write = tmp_path / "a.jsonl", list[Event](), os.write
    log = MetricsLog(path, {}, notify=told.append)
    log(LOAD)
    monkeypatch.setattr("emocli.live.metrics.os.write", lambda file, data: write(file, data[:10]))
    log(LOAD)
    log(LOAD)
    monkeypatch.undo()
    log.close()
    assert [line["event"] for line in lines(path)] == ["start", "load"]
    assert len(told) == 1


def test_a_log_that_cannot_be_begun(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="--log"):
        MetricsLog(tmp_path, {}, notify=pytest.fail)


def test_percentiles() -> None:
    assert percentiles([float(i) for i in range(101)]) == {"p50": 50.0, "p95": 95.0, "p99": 99.0, "n": 101}
