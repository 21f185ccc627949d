"""Whose face a spoken row shows, on films of which the test knows who speaks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest
from support.duets import LATE_MAN, MAN, OTHER_MAN, SMILER, TURN, WOMAN, Person, face_of, film
from support.runs import analyze

from emocli.analyzer import Analyzer
from emocli.options import AnalyzeOptions
from emocli.outputs.tables import MESH_COLUMNS
from emocli.timeline.blendshapes import BLENDSHAPES
from emocli.timeline.types import Row, Timeline

pytestmark = [pytest.mark.slow, pytest.mark.shared]
TURNS = 8
Shots = list[tuple[Sequence[Person], Sequence[Person]]]


@pytest.fixture(scope="module")
def analyzer() -> Iterator[Analyzer]:
    with Analyzer(AnalyzeOptions(offline=True)) as shared:
        yield shared


def spoken(timeline: Timeline) -> list[Row]:
    return [row for row in timeline.rows if row.utterance]


def right(timeline: Timeline, shots: Shots, speakers: Sequence[Person]) -> float:
    """Share of the spoken rows whose face is that of the one of `speakers` who speaks in the turn."""
    rows = spoken(timeline)
    assert len(rows) >= TURNS - 1
    hits = 0
    for row in rows:
        seen, speak = shots[int((row.start + row.end) / 2 / TURN)]
        (speaker,) = (person for person in speak if person in speakers)
        reading = row.readings["face"]
        hits += reading.face_id == face_of(timeline, speaker, row, seen) and reading.speaking is True
    return hits / len(rows)


FILMS: dict[str, Shots] = {
    "man and woman": [((MAN, WOMAN), (MAN,))] * TURNS,
    "woman and man": [((WOMAN, MAN), (MAN,))] * TURNS,
    "man and smiling man": [((MAN, SMILER), (MAN,))] * TURNS,
    "two men by turns": [((MAN, OTHER_MAN), (MAN,)), ((MAN, OTHER_MAN), (OTHER_MAN,))] * (TURNS // 2),
    "places change": [((MAN, WOMAN), (MAN,)), ((WOMAN, MAN), (MAN,))] * (TURNS // 2),
    "three": [((WOMAN, OTHER_MAN, MAN), (MAN,)), ((WOMAN, OTHER_MAN, MAN), (OTHER_MAN,))] * (TURNS // 2)}


@pytest.mark.long
@pytest.mark.parametrize("name", FILMS)
def test_the_face_is_the_speakers(analyzer: Analyzer, tmp_path: Path, name: str) -> None:
    shots = FILMS[name]
    timeline = analyzer.analyze(film(tmp_path / "a.mp4", shots))
    assert right(timeline, shots, (MAN, OTHER_MAN)) >= 0.95
    speakers = {row.readings["face"].face_id for row in spoken(timeline)}
    listeners = {o.face_id for o in timeline.faces} - speakers
    assert listeners or name == "two men by turns"  # they stay among the faces


@pytest.mark.parametrize(("late", "speaker"), [
    pytest.param(0.0, MAN, marks=pytest.mark.long), (1.5, LATE_MAN)])
def test_it_is_the_face_that_moves_with_the_sound(analyzer: Analyzer, tmp_path: Path, late: float,
                                                  speaker: Person) -> None:
    """Both men speak in every turn, one after the other, and only one of them is heard."""
    shots: Shots = [((MAN, LATE_MAN), (MAN, LATE_MAN))] * TURNS
    timeline = analyzer.analyze(film(tmp_path / "a.mp4", shots, late=late))
    assert right(timeline, shots, (speaker,)) >= 0.95


@pytest.mark.parametrize("seen", [
    pytest.param((SMILER,), id="smile", marks=pytest.mark.long),
    pytest.param((MAN,), id="still", marks=pytest.mark.long), pytest.param((MAN, SMILER), id="two")])
def test_a_voice_over_is_off_screen(analyzer: Analyzer, tmp_path: Path, seen: tuple[Person, ...]) -> None:
    timeline = analyzer.analyze(film(tmp_path / "a.mp4", [(seen, ())] * TURNS))
    rows = spoken(timeline)
    off = [row for row in rows if "off_screen" in row.flags]
    assert len(off) >= 0.85 * len(rows)
    for row in off:
        assert row.readings["face"].reason == "the speaker is not seen"
        assert "no_face" in row.flags
    assert not any("off_screen" in row.flags for row in timeline.rows if not row.utterance)
    assert any(row.readings["face"].present for row in timeline.rows if not row.utterance)


@pytest.mark.long
def test_a_face_that_weeps_is_seldom_taken_for_the_speakers(analyzer: Analyzer, tmp_path: Path) -> None:
    """Her lips move all the time, with what is said as without it."""
    timeline = analyzer.analyze(film(tmp_path / "a.mp4", [((WOMAN,), ())] * TURNS))
    rows = spoken(timeline)
    assert sum(row.readings["face"].speaking is True for row in rows) <= 0.25 * len(rows)
    assert sum("off_screen" in row.flags for row in rows) >= 0.4 * len(rows)


def test_without_the_landmarker_it_is_the_largest_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                       data: Path) -> None:
    mirror = tmp_path / "mirror" / "face_detection"
    mirror.mkdir(parents=True)
    shutil.copy(data / "weights" / "face_detection" / "face_detection_yunet_2023mar.onnx", mirror)
    monkeypatch.setenv("EMOCLI_WEIGHTS_MIRROR", str(mirror.parent))
    monkeypatch.setenv("EMOCLI_CACHE", str(tmp_path / "cache"))
    path = film(tmp_path / "a.mp4", [((MAN, WOMAN), (MAN,))] * 2)
    with Analyzer(AnalyzeOptions(offline=True, blendshapes=True)) as alone:
        timeline = alone.analyze(path)
    (row, _) = spoken(timeline)
    assert row.readings["face"].face_id == face_of(timeline, WOMAN, row, (MAN, WOMAN))
    assert row.readings["face"].speaking is None
    (note,) = timeline.notes
    assert "rows show the largest one, without blendshapes: face-landmarker: cannot be fetched" in note


def test_blendshapes_are_in_the_csv(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", [((MAN, SMILER), (MAN,))])
    analyzed = analyze(path, "-o", tmp_path / "out", "--blendshapes", "--offline")
    assert analyzed.returncode == 0, analyzed.stderr
    faces = pd.read_csv(tmp_path / "out" / "a.faces.csv")
    assert len(faces) > 20
    assert faces[list(MESH_COLUMNS)].notna().all(axis=None)
    assert faces[list(BLENDSHAPES)].to_numpy().min() >= 0
    assert faces[list(BLENDSHAPES)].to_numpy().max() <= 1
    smiler, man = (faces[faces["x"].lt(320) == left] for left in (False, True))
    assert smiler["mouthSmileLeft"].max() > man["mouthSmileLeft"].max() + 0.2
    assert faces[["yaw", "pitch", "roll"]].abs().to_numpy().max() < 60
