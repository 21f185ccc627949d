"""Files that grow with a session and are whole at any moment."""

from __future__ import annotations

import csv
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from support.sessions import captioned, tagged
from support.timelines import scores

from emocli.live.events import Load, Quiet, Tagged
from emocli.live.record import SHARE, Record
from emocli.timeline.types import Reading, Row


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open(encoding="utf-8")))


def silent(start: float, end: float, index: int) -> Row:
    face = Reading("face", np.ones(9), scores(index), scores(index), face_id=1)
    none = {name: Reading(name, reason="nobody speaks") for name in ("voice", "text")}
    return Row(start, end, None, scores(index), {"face": face, **none})


def seen(index: int, text: str, start: float = 0.0) -> Tagged:
    """A caption whose row has all modalities, but the face is absent."""
    event = captioned(index, text, start)
    absent = {name: Reading(name, reason="none") for name in ("face", "text")}
    return replace(event, row=replace(event.row, readings={**absent, "voice": event.voice}))


def test_files_are_whole_after_each_row(tmp_path: Path) -> None:
    files = {"csv": tmp_path / "a.csv", "srt": tmp_path / "a.srt"}
    record = Record(files, now=lambda: 0.0)
    assert rows(files["csv"]) == []
    for number in range(3):
        record(tagged(number, "", 3.0 * number))
        record(captioned(number, f"text {number}", 3.0 * number))
        record(Load(3.0 * number + 2.5, 0.1))
        worded = [row["text"] for row in rows(files["csv"]) if row["text"]]
        assert worded == [f"text {n}" for n in range(number + 1)]
        assert files["srt"].read_text(encoding="utf-8").count("-->") == number + 1
    record.close()
    written = rows(files["csv"])
    assert float(written[0]["start"]) == 0
    assert float(written[-1]["end"]) == 8.5
    assert all(a["end"] == b["start"] for a, b in pairwise(written))


def test_silence_has_the_face_that_was_seen(tmp_path: Path) -> None:
    record = Record({"csv": tmp_path / "a.csv"})
    record(seen(0, "first"))
    record(Quiet((silent(2.0, 3.3, 4), silent(3.3, 5.0, 0))))
    record(seen(1, "second", 5.0))
    record(Load(9.0, 0.1))
    record.close()
    assert [(row["start"], row["face_emotion"]) for row in rows(tmp_path / "a.csv")] == [
        ("0.000", ""), ("2.000", "disgust"), ("3.300", "happiness"), ("5.000", ""), ("7.000", "")]


def test_long_files_are_not_written_all_the_time(tmp_path: Path) -> None:
    """Each look at the clock takes a second; nothing is lost at the end."""
    path, clock = tmp_path / "a.csv", iter(range(10**6))
    record, written = Record({"csv": path}, now=lambda: float(next(clock))), 0
    last = path.stat().st_mtime_ns
    for number in range(200):
        record(captioned(0, f"text {number}", 3.0 * number))
        written += path.stat().st_mtime_ns != last
        last = path.stat().st_mtime_ns
    assert 2 < written < 200 * 2 * SHARE
    record.close()
    assert sum(bool(row["text"]) for row in rows(path)) == 200
