"""Real footage and the demo, from the file to the rows, as `emocli.analyze` gives them."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pysubs2
import pytest
from support.media import write

import emocli
from emocli.analyzer import Analyzer
from emocli.emotions import EMOTIONS
from emocli.media.frames import FrameStream
from emocli.media.probe import probe
from emocli.options import AnalyzeOptions
from emocli.timeline.types import Timeline

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def analyzer() -> Iterator[Analyzer]:
    with Analyzer(AnalyzeOptions(offline=True)) as shared:
        yield shared


def face_share(timeline: Timeline, names: set[str], start: float = 0, end: float = 1e9) -> float:
    """Share of the pictures with a face in a span that one of these classes leads."""
    seen = [EMOTIONS[int(o.scores.argmax())] for o in timeline.faces if o.scores is not None
            and start <= o.time < end]
    return sum(name in names for name in seen) / len(seen)


def check_tiling(timeline: Timeline, within: float = 0.05) -> None:
    frame = timeline.to_dataframe()
    assert frame["start"].iloc[0] == 0
    assert frame["end"].iloc[-1] == pytest.approx(timeline.media.duration, abs=within)
    assert (frame["end"].to_numpy()[:-1] == frame["start"].to_numpy()[1:]).all()
    assert frame[list(EMOTIONS)].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-5)


@pytest.mark.shared
def test_a_smiling_man(analyzer: Analyzer, clips: Path) -> None:
    timeline = analyzer.analyze(clips / "single_face.mp4")
    check_tiling(timeline)
    assert timeline.provenance["detector"] == "yunet"
    assert timeline.media.duration == pytest.approx(2.42, abs=0.04)
    assert face_share(timeline, {"happiness"}) > 0.6
    assert timeline.shares()["happiness"] > 0.5


@pytest.mark.shared
def test_commercial_use_leaves_the_face_out(clips: Path) -> None:
    timeline = emocli.analyze(clips / "his_girl_friday.mp4", commercial=True, transcript="none")
    check_tiling(timeline)
    assert not timeline.faces
    assert all("no_face" in row.flags for row in timeline.rows)
    assert any(row.readings["voice"].present for row in timeline.rows)
    assert any("face is not read" in note for note in timeline.notes)
    assert not any("NC" in used["licence"] for used in timeline.provenance["weights"].values())


@pytest.mark.shared
def test_a_woman_who_weeps_and_then_laughs(analyzer: Analyzer, clips: Path) -> None:
    """She weeps and frets for the first half and laughs in the second; the sound is silent."""
    timeline = analyzer.analyze(clips / "WolfgangLanger_Pexels.mp4")
    check_tiling(timeline)
    assert face_share(timeline, {"sadness", "fear", "disgust", "anger"}, 0, 9) > 0.5
    assert face_share(timeline, {"happiness"}, 12.5, 20) > 0.7
    assert all("no_speech" in row.flags for row in timeline.rows)
    assert min(abs(row.end - 9.5) for row in timeline.rows) <= 0.4
    assert {o.face_id for o in timeline.faces} == {1}


@pytest.mark.shared
def test_a_cartoon_without_faces(analyzer: Analyzer, clips: Path) -> None:
    timeline = analyzer.analyze(clips / "no_face.mp4")
    check_tiling(timeline)
    assert all("no_face" in row.flags for row in timeline.rows)


@pytest.mark.shared
def test_speech_without_pictures(analyzer: Analyzer, clips: Path) -> None:
    timeline = analyzer.analyze(clips / "jfk.flac")
    check_tiling(timeline)
    spoken = [row for row in timeline.rows if row.utterance]
    assert sum(row.end - row.start for row in spoken) > 6
    assert all(row.readings["voice"].present for row in spoken)
    assert all("no_face" in row.flags for row in timeline.rows)


@pytest.mark.shared
def test_a_face_that_leaves(analyzer: Analyzer, clips: Path) -> None:
    timeline = analyzer.analyze(clips / "face_noface.mov")
    check_tiling(timeline)
    assert max(o.time for o in timeline.faces) == pytest.approx(2.3, abs=0.3)
    assert face_share(timeline, {"happiness"}) > 0.7
    assert timeline.rows[0].emotion == "happiness"
    assert timeline.rows[0].end == pytest.approx(2.3, abs=0.3)
    assert "no_face" in timeline.rows[-1].flags


@pytest.mark.shared
def test_one_neutral_man(analyzer: Analyzer, clips: Path) -> None:
    timeline = analyzer.analyze(clips / "grid_bbaf2n.mpg")
    check_tiling(timeline)
    assert {o.face_id for o in timeline.faces} == {1}
    assert timeline.shares()["neutral"] > 0.5


@pytest.mark.shared
def test_several_people(analyzer: Analyzer, clips: Path) -> None:
    timeline = analyzer.analyze(clips / "his_girl_friday.mp4")
    check_tiling(timeline)
    assert 2 <= len({o.face_id for o in timeline.faces}) <= 6
    assert any("many_faces" in row.flags for row in timeline.rows)


@pytest.mark.shared
@pytest.mark.long
def test_a_film_of_a_test_actor(analyzer: Analyzer, data: Path, clips: Path, tmp_path: Path) -> None:
    """RAVDESS actor 22 (never trained on) over another man's face, at a rate that varies."""
    import io

    import soundfile

    codes = {"03": "happiness", "08": "surprise", "01": "neutral", "06": "fear", "07": "disgust",
             "05": "anger",
             "04": "sadness"}
    with tarfile.open(data / "speech" / "ravdess.tar") as archive:
        def read(name: str) -> np.ndarray:
            handle = archive.extractfile(f"ravdess/{name}.ogg")
            assert handle
            return soundfile.read(io.BytesIO(handle.read()), dtype="float32")[0]

        spoken = [(emotion, read(f"03-01-{code}-{'01' if code == '01' else '02'}-{statement}-02-22"))
                  for statement in ("01", "02") for code, emotion in codes.items()]
    parts, times, clock = [np.zeros(16000, np.float32)], [], 1.0
    for emotion, sound in spoken:
        times.append((clock, clock + len(sound) / 16000, emotion))
        parts += [sound, np.zeros(round(16000 * 1.2), np.float32)]
        clock += len(sound) / 16000 + 1.2
    pictures = [s.small for s in FrameStream(probe(clips / "single_face.mp4"), 30)]
    random = np.random.default_rng(0)
    stamps = np.cumsum(random.uniform(0.02, 0.12, round(clock / 0.07))).tolist()
    film = write(tmp_path / "film.mp4", [0.0, *[t for t in stamps if t < clock]],
                 pictures=lambda i: pictures[i % len(pictures)], sound=np.concatenate(parts))
    lines = pysubs2.SSAFile()
    lines.events = [pysubs2.SSAEvent(start=round(a * 1000), end=round(b * 1000),
                                     text="Kids are talking by the door.")
                    for a, b, _ in times]
    lines.save(str(film.with_suffix(".srt")))
    timeline = analyzer.analyze(film)
    check_tiling(timeline, 0.15)
    assert timeline.media.variable_rate
    rows = [row for row in timeline.rows if row.utterance]
    assert len(rows) == len(times)
    for row, (start, end, _) in zip(rows, times, strict=True):
        assert row.start == pytest.approx(start, abs=0.05)
        assert row.end == pytest.approx(end, abs=0.05)
    right = sum(row.readings["voice"].emotion == emotion
                for row, (_, _, emotion) in zip(rows, times, strict=True))
    assert right > len(rows) / 2
    assert face_share(timeline, {"happiness"}) > 0.6


def test_python_options_and_a_second_video(demo: Path) -> None:
    options = emocli.AnalyzeOptions(offline=True, face_fps=2, transcript="none", smooth=False)
    with emocli.Analyzer(options) as a:
        first, second = a.analyze(demo), a.analyze(demo)
    assert first.transcript_source == "speech"
    assert (first.to_dataframe()["happiness"] == second.to_dataframe()["happiness"]).all()
    assert "analyze" in dir(emocli)
