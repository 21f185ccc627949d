"""Rows end, and long utterances are divided, where a face changes: on films of which the test knows when."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from support.moods import CRYING, LAUGHING, SERIOUS, Mood, Still, film

from emocli.analyzer import Analyzer
from emocli.options import AnalyzeOptions
from emocli.timeline.types import Row, Timeline

pytestmark = [pytest.mark.slow, pytest.mark.shared]
#: Seconds that a row may end from the change.
NEAR = 0.4

CLIPS: list[tuple[Mood | None, float]] = [(CRYING, 5.4), (LAUGHING, 4.3), (SERIOUS, 3.1), (CRYING, 6.5),
                                          (None, 2.7), (LAUGHING, 3.4)]
FACES: list[tuple[Mood | None, float]] = [
    (Still("happiness"), 3.3), (Still("sadness"), 4.1), (Still("happiness", 1), 2.7), (Still("neutral"), 5.2),
    (Still("surprise"), 2.9), (Still("anger"), 3.5)]


@pytest.fixture(scope="module")
def analyzer() -> Iterator[Analyzer]:
    with Analyzer(AnalyzeOptions(offline=True)) as shared:
        yield shared


def without_words(timeline: Timeline) -> list[Row]:
    rows = list(timeline.rows)
    assert not any(row.utterance for row in rows)
    assert (rows[0].start, rows[-1].end) == (0, timeline.media.duration)
    assert all(a.end == b.start for a, b in pairwise(rows))
    return rows


@pytest.mark.parametrize(("shots", "near"), [
    (CLIPS, 0.55),  # two pictures before the first change, of an open mouth that cries, are read as happiness
    (FACES, NEAR)], ids=["clips", "faces"])
def test_rows_end_where_the_face_changes(analyzer: Analyzer, tmp_path: Path,
                                         shots: list[tuple[Mood | None, float]], near: float) -> None:
    rows = without_words(analyzer.analyze(film(tmp_path / "a.mp4", shots)))
    *edges, _ = accumulate(seconds for _, seconds in shots)
    assert [row.end for row in rows[:-1]] == pytest.approx(edges, abs=near)
    assert [row.readings["face"].emotion for row, (mood, _) in zip(rows, shots, strict=True)] == [
        mood.emotion if mood else "" for mood, _ in shots]


@pytest.mark.parametrize("mood", [CRYING, Still("neutral")], ids=["clip", "face"])
def test_an_unchanging_face_is_divided_evenly(analyzer: Analyzer, tmp_path: Path, mood: Mood) -> None:
    rows = without_words(analyzer.analyze(film(tmp_path / "a.mp4", [(mood, 18.0)])))
    assert [row.end for row in rows] == pytest.approx([6, 12, 18], abs=0.1)


def test_a_long_utterance_says_where_the_face_changes(analyzer: Analyzer, tmp_path: Path) -> None:
    shots: list[tuple[Mood | None, float]] = [(CRYING, 5.0), (LAUGHING, 6.0)]
    words = [(1.0, 8.0, "I cried for a long time, and then I laughed."), (8.2, 10.5, "I laughed.")]
    timeline = analyzer.analyze(film(tmp_path / "a.mp4", shots, words))
    parts = [row.readings["face"].parts for row in timeline.rows if row.utterance]
    assert [[part.emotion for part in found] for found in parts] == [["sadness", "happiness"], []]
    assert parts[0][0].end == parts[0][1].start == pytest.approx(5.0, abs=NEAR)
