"""`emocli live` as a user calls it: its rows are those of an analysis, and it can be ended at any time."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from support.cli import emocli
from support.paths import SHARED
from support.runs import hear_interrupts
from support.sessions import speech

pytestmark = [pytest.mark.slow, pytest.mark.shared]
SPEECH = SHARED / "data" / "clips" / "jfk.flac"
#: One person, who speaks: of several a session reads the largest face, and an analysis the speaker's.
FILM = SHARED / "data" / "clips" / "grid_bbaf2n.mpg"
WHISPER = Path(os.environ.get("EMOCLI_WHISPER", "whisper")) / "faster-whisper-base"


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open(encoding="utf-8")))


def compared(source: Path, folder: Path, live: list[str], whole: list[str]) -> list[dict[str, str]]:
    """The rows of a session, which are those of an analysis within 0.1 s, with the same classes in nine of
    ten utterances."""
    for run in (
            emocli("live", source, "--fast", "--csv", folder / "live.csv", "--srt", folder / "live.srt",
                   *live),
            emocli("analyze", source, "-o", folder, "-f", "csv,srt", "--no-smooth", *whole)):
        assert run.returncode == 0, run.stderr
    session, analysis = rows(folder / "live.csv"), rows(folder / f"{source.stem}.emotions.csv")
    for edge in ("start", "end"):
        np.testing.assert_allclose([float(row[edge]) for row in session],
                                   [float(row[edge]) for row in analysis], atol=0.1)
    pairs = [(a, b) for a, b in zip(session, analysis, strict=True) if b["voice_emotion"]]
    assert np.mean([a["emotion"] == b["emotion"] for a, b in pairs]) >= 0.9
    cues = [(folder / name).read_text(encoding="utf-8").count("-->")
            for name in ("live.srt", f"{source.stem}.emotions.srt")]
    assert cues[0] == cues[1] >= len(pairs)
    return session


def test_a_talk_as_it_is_analysed(tmp_path: Path) -> None:
    session = compared(SPEECH, tmp_path, ["--no-words"], ["--transcript", "none"])
    assert sum(bool(row["voice_emotion"]) for row in session) > 2


def test_a_film_as_it_is_analysed(tmp_path: Path) -> None:
    session = compared(FILM, tmp_path, ["--no-words"], ["--transcript", "none"])
    assert all(row["face_emotion"] and row["face_id"] == "1" for row in session)


@pytest.mark.long
@pytest.mark.parametrize("source", [SPEECH, FILM])
def test_words_as_they_are_analysed(tmp_path: Path, source: Path) -> None:
    if not WHISPER.is_dir():
        pytest.skip(f"wants the weights of Whisper base, and {WHISPER} is not there (set EMOCLI_WHISPER)")
    given = ["--asr-model", str(WHISPER)]
    session = compared(source, tmp_path, given, given)
    assert sum(bool(row["text"]) for row in session) >= 1


def raw(seconds: float = 11.0) -> bytes:
    return speech()[:round(seconds * 16_000)].tobytes()


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A session that has told its first caption, and would go on."""
    process = subprocess.Popen(
        [sys.executable, "-m", "emocli", "live", "-", "--no-words", "--csv", folder / "a.csv", "--log",
         folder / "a.jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=hear_interrupts)
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(raw())
        process.stdin.flush()
        assert b"[" in process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_ended_in_order(tmp_path: Path, ending: signal.Signals) -> None:
    with running(tmp_path) as process:
        process.send_signal(ending)
        assert process.wait(60) == 130
        assert process.stderr
        assert b"Traceback" not in process.stderr.read()
    assert any(row["voice_emotion"] for row in rows(tmp_path / "a.csv"))
    events = [json.loads(line)["event"] for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert (events[0], events[-1]) == ("start", "end")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.jsonl"]


def test_killed(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        process.kill()
        process.wait()
    assert isinstance(rows(tmp_path / "a.csv"), list)
    assert all(json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines())


def test_raw_sound_on_standard_input(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-m", "emocli", "live", "-", "--no-words", "--csv",
                          tmp_path / "a.csv"], input=raw(6.0) + b"\0", capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    first = next(row for row in rows(tmp_path / "a.csv") if row["voice_emotion"])
    assert f"[{first['emotion']}]" in run.stdout.decode()


def test_a_full_disk_for_the_log(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-m", "emocli", "live", "-", "--no-words", "--overwrite", "--log",
                          "/dev/full"], input=raw(4.0), capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    assert run.stderr.decode().count("the log ends here") == 1
    assert "[" in run.stdout.decode()


@pytest.mark.long
def test_what_cannot_be_heard(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("mine")
    for arguments, message in (([tmp_path / "no.mp4"], "no such file"),
                               (["gopher://a"], "no address that can be heard"),
                               ([SPEECH, "--csv", tmp_path / "a.csv"], "exists already"),
                               ([SPEECH, "--log", tmp_path / "a.csv"], "exists already")):
        run = subprocess.run([sys.executable, "-m", "emocli", "live", *map(str, arguments)],
                             capture_output=True, text=True, check=False)
        assert run.returncode
        assert message in run.stderr
    assert (tmp_path / "a.csv").read_text() == "mine"
