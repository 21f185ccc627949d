"""The films of real people in `examples/` are analysed as their README says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.paths import REPO

from emocli.analyzer import Analyzer
from emocli.options import AnalyzeOptions
from emocli.outputs import formats
from emocli.outputs.base import OutputOptions
from emocli.timeline.types import Timeline

EXAMPLES = REPO / "examples"
FILMS = ("tears.mp4", "his_girl_friday.mp4")
#: Below this confidence another processor's decimals may make another class the likeliest.
SURE = 0.5


@pytest.fixture(scope="module")
def timelines() -> Iterator[dict[str, Timeline]]:
    with Analyzer(AnalyzeOptions()) as analyzer:
        yield {name: analyzer.analyze(EXAMPLES / name) for name in FILMS}


def promised(name: str) -> list[tuple[float, float, str, str, float]]:
    """Start, end, words, emotion and confidence of each row in the README's table of a film."""
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"## What to expect of `{name}`\n(.*?)(?=\n## |\Z)", text, flags=re.S)
    rows = re.findall(r"^\| ([\d.]+), ([\d.]+) \| (.*?) ?\| (\w+) ([\d.]+) \|", section, flags=re.M)
    return [(float(start), float(end), words, emotion, float(confidence))
            for start, end, words, emotion, confidence in rows]


@pytest.mark.slow
@pytest.mark.parametrize("name", FILMS)
def test_rows_are_as_promised(timelines: dict[str, Timeline], name: str) -> None:
    rows, wanted = timelines[name].rows, promised(name)
    assert [r.utterance.text if r.utterance else "" for r in rows] == [words for _, _, words, *_ in wanted]
    for row, (*_, emotion, confidence) in zip(rows, wanted, strict=True):
        assert row.emotion == emotion or confidence < SURE
    assert [r.end for r in rows] == pytest.approx([end for _, end, *_ in wanted], abs=0.3)
    assert [r.confidence for r in rows] == pytest.approx([row[4] for row in wanted], abs=0.15)


@pytest.mark.slow
def test_the_cue_of_the_readme(timelines: dict[str, Timeline], tmp_path: Path) -> None:
    files = formats.targets(EXAMPLES / "tears.mp4", tmp_path, ["srt"])
    formats.write(timelines["tears.mp4"], files, OutputOptions())
    (shown,) = re.findall(r"```\n(1\n.*?)```", (REPO / "README.md").read_text(encoding="utf-8"), flags=re.S)
    assert files["srt"].read_text(encoding="utf-8").startswith(shown)


def test_films_are_small_and_their_makers_named() -> None:
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for film in EXAMPLES.glob("*.mp4"):
        assert f"`{film.name}`" in text
        assert film.with_suffix(".srt").is_file()
        assert film.stat().st_size < 3e6
    assert "Wolfgang Langer" in text
