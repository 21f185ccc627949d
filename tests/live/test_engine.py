"""Live captions of a file against the analysis of the whole."""

from __future__ import annotations

import csv
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support.cli import emocli
from support.paths import SHARED

from emocli.media.audio import decode
from emocli.media.probe import probe
from emocli.transcript import activity

pytestmark = pytest.mark.shared
SPEECH = SHARED / "data" / "clips" / "jfk.flac"


@pytest.mark.slow
@pytest.mark.parametrize("block", [160, 1_600, 20_011])
def test_utterances_as_they_end(block: int) -> None:
    """With the same settings they are those of the whole, whatever comes at once."""
    *_, (_, sound) = decode(probe(SPEECH))
    with sound:
        whole, samples = activity.find(sound), sound.read(0, sound.duration)
        stream, segmenter = activity.SpeechStream(), activity.Segmenter()
        ended = [u for i in range(0, len(samples), block)
                 for u in segmenter.feed(stream.feed(samples[i:i + block]))]
        ended += segmenter.finish(sound.duration)
    assert len(whole) > 1
    np.testing.assert_allclose([(u.start, u.end) for u in ended], [(u.start, u.end) for u in whole])


@pytest.mark.slow
def test_a_long_utterance_is_cut() -> None:
    *_, (_, sound) = decode(probe(SPEECH))
    with sound:
        samples = sound.read(0, sound.duration)
    segmenter = activity.Segmenter(silence=30.0, longest=2.0)
    ended = [*segmenter.feed(activity.SpeechStream().feed(np.tile(samples, 2))), *segmenter.finish(22.0)]
    assert all(u.end - u.start < 2.2 for u in ended)
    assert sum(u.end - u.start for u in ended) > 12
    assert all(a.start < b.start and a.end <= b.start + 2 * activity.PAD + 1e-6 for a, b in pairwise(ended))


@pytest.mark.slow
def test_a_file_as_it_is_analysed(tmp_path: Path) -> None:
    emocli("live", SPEECH, "--fast", "--no-words", "--csv", tmp_path / "live.csv", "--srt",
           tmp_path / "live.srt")
    emocli("analyze", SPEECH, "-o", tmp_path, "--transcript", "none", "-f", "csv", "--no-smooth",
           "--speakers", "off")
    live, whole = (list(csv.DictReader(path.open(encoding="utf-8")))
                   for path in (tmp_path / "live.csv", tmp_path / "jfk.emotions.csv"))
    for edge in ("start", "end"):
        np.testing.assert_allclose([float(row[edge]) for row in live], [float(row[edge]) for row in whole],
                                   atol=0.1)
    same = [a["emotion"] == b["emotion"] for a, b in zip(live, whole, strict=True)]
    assert np.mean(same) >= 0.9
    assert sum(bool(row["voice_emotion"]) for row in live) > 2
    assert (tmp_path / "live.srt").read_text().count("-->") == sum(bool(r["voice_emotion"]) for r in live)


@pytest.mark.slow
def test_raw_sound_on_standard_input(tmp_path: Path) -> None:
    *_, (_, sound) = decode(probe(SPEECH))
    with sound:
        raw = (sound.read(0, 6.0) * 32767).astype("<i2").tobytes()
    run = subprocess.run([sys.executable, "-m", "emocli", "live", "-", "--no-words", "--csv",
                          tmp_path / "a.csv"], input=raw + b"\0", capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    rows = list(csv.DictReader((tmp_path / "a.csv").open(encoding="utf-8")))
    assert rows[0]["voice_emotion"]
    assert f"[{rows[0]['emotion']}]" in run.stdout.decode()


def test_what_cannot_be_heard(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("mine")
    for arguments, message in (([tmp_path / "no.mp4"], "no such file"),
                               ([SPEECH, "--csv", tmp_path / "a.csv"], "exists already")):
        run = subprocess.run([sys.executable, "-m", "emocli", "live", *map(str, arguments)],
                             capture_output=True, text=True, check=False)
        assert run.returncode
        assert message in run.stderr
    assert (tmp_path / "a.csv").read_text() == "mine"
