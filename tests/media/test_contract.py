"""What holds for every file, whatever its stamps and headers say: the same for sound, frames, thumbnails and
annotate.

The files are read in a child process, where memory can be measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from media.zoo import HEALTHY, HOSTILE

#: Bytes of memory and of disk, and processor seconds, that no file may take more of.
MEMORY, DISK, SECONDS = 1e9, 200e6, 20.0
Readings = dict[str, dict[str, Any]]


def readings(names: Iterable[str], makers: dict[str, Any], folder: Path) -> Readings:
    """Every file made, and read in one child by its name in the folder."""
    folders = []
    for name in names:
        own = folder / name.replace(":", "").lstrip("-")
        own.mkdir()
        makers[name](own / name)
        folders.append(own)
    program = [sys.executable, Path(__file__).with_name("readings.py"), *folders]
    child = subprocess.run(program, stdout=subprocess.PIPE, text=True, check=True, timeout=250)
    results = [json.loads(line) for line in child.stdout.splitlines()]
    return {r["name"]: r for r in results}


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    makers = {name: specimen.make for name, specimen in HEALTHY.items()}
    return readings(HEALTHY, makers, tmp_path_factory.mktemp("healthy"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    return readings(HOSTILE, HOSTILE, tmp_path_factory.mktemp("hostile"))


def rises(times: list[float]) -> bool:
    return all(earlier < later for earlier, later in pairwise(times))


@pytest.mark.parametrize("name", HEALTHY)
def test_one_clock(name: str, healthy: Readings) -> None:
    specimen, reading = HEALTHY[name], healthy[name]
    assert "error" not in reading
    within, duration = specimen.within, reading["duration"]
    assert duration == pytest.approx(specimen.seconds, abs=within)
    assert len(reading["notes"]) == min(specimen.notes, 4)
    sound = reading["sound"]
    if specimen.sound is None:
        assert sound["samples"] == 0
    else:
        assert sound["samples"] == round(sound["end"] * 16000)
        assert sound["end"] <= duration + within
        assert sound["onset"] == pytest.approx(specimen.sound, abs=0.1)
        assert sound["loud"] == pytest.approx(specimen.loud, rel=0.05)
    if specimen.frames:
        times = [time for time, *_ in reading["frames"]]
        assert len(times) == pytest.approx(specimen.frames, abs=2)
        assert rises(times)
        assert times[0] >= 0
        assert times[-1] < duration
        assert reading["end"] == pytest.approx(duration, abs=within)
        assert all(reading["thumbnails"])
        assert len(reading["annotated"]) == pytest.approx(specimen.frames, abs=2)
        assert rises(reading["annotated"])
        assert reading["annotated"][-1] == pytest.approx(times[-1], abs=within)
        assert reading["annotated_end"] == pytest.approx(duration, abs=max(within, 0.1))
        for shape in (shape for *_, shape in reading["frames"]):
            assert max(shape) <= 512
            assert min(shape[:2]) >= 16


@pytest.mark.parametrize("name", [name for name, specimen in HEALTHY.items() if specimen.shown])
def test_the_frame_belongs_to_its_time(name: str, healthy: Readings) -> None:
    frames = healthy[name]["frames"]
    shown = HEALTHY[name].shown
    assert shown
    start = frames[0][0]
    for time, index in shown:
        level = next(level for at, level, _ in reversed(frames) if at <= time + start + 0.02)
        assert level == pytest.approx(20 + 10 * (index % 20), abs=12), time


@pytest.mark.parametrize("name", [*HEALTHY, *HOSTILE])
def test_cost_follows_the_bytes_of_the_file(name: str, healthy: Readings, hostile: Readings) -> None:
    reading = (hostile if name in HOSTILE else healthy)[name]
    assert reading["seconds"] < SECONDS
    assert reading["memory"] < MEMORY
    assert reading.get("disk", 0) < DISK
    assert reading.get("error", "InputError").startswith(("InputError", "EmocliError"))
    assert reading.get("duration", 0) < 1e5


def test_what_is_joined_is_said(healthy: Readings) -> None:
    (note,) = healthy["joined.ts"]["notes"]
    assert "run back by 3.0 s at 3.1 s" in note
    (note,) = healthy["ahead.mkv"]["notes"]
    assert "jump ahead by 1000000.0 s" in note
    assert healthy["joined5.ts"]["notes"][-1] == "time stamps break off 1 times more"


@pytest.mark.parametrize(("name", "cause"), [("huge.mov", "40 million px"), ("unlike.mov", "40 million px"),
                                             ("slow.wav", "4000 samples a second"),
                                             ("crumbs.mkv", "break off more than 20,000 times"),
                                             ("even-crumbs.mkv", "too small for the 7,500 s")])
def test_refusals_say_why(name: str, cause: str, hostile: Readings) -> None:
    assert cause in hostile[name]["error"]
