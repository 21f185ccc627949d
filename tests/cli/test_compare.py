"""`emocli compare` of an analysis and two persons."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.cli import emocli
from support.timelines import made_up, row
from typer.testing import CliRunner, Result

from emocli.cli.app import app
from emocli.outputs import document
from emocli.outputs.base import OutputOptions
from emocli.timeline.types import Utterance


def test_compare_command(tmp_path: Path) -> None:
    (tmp_path / "a.emotions.json").write_text(document.to_json(made_up(), OutputOptions()), encoding="utf-8")
    (tmp_path / "<anna>.csv").write_text("start,end,emotion\n0,3,happiness\n3,33,neutral\n")
    (tmp_path / "ben.csv").write_text("start,end,emotion\n0,3,sadness\n3,33,neutral\n")
    done = emocli("compare", "a.emotions.json", "<anna>.csv", "ben.csv", "--plot", "c.svg", "-o", "c.json",
                  cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Fleiss" in done.stdout
    figures = json.loads((tmp_path / "c.json").read_text())
    assert [p["agree"] for p in figures["pairs"]] == pytest.approx([31.5 / 33, 31.5 / 33, 30 / 33])
    assert figures["pairs"][0]["confusion_seconds"][6][0] == pytest.approx(1.5)
    tree = ElementTree.parse(tmp_path / "c.svg")
    assert "<anna>" in "".join(tree.getroot().itertext())


def compare(*args: object) -> Result:
    return CliRunner().invoke(app, ["compare", *map(str, args)])


def group(folder: Path, emotions: list[int]) -> Path:
    """A folder of analyses, each of one emotion of S1 for 20 s and of S2's neutral face for as long."""
    for number, emotion in enumerate(emotions):
        rows = (row(0, 20, emotion, Utterance(0, 20, "a", (), "en", "sidecar", "S1")),
                row(20, 40, 2, Utterance(20, 40, "b", (), "en", "sidecar", "S2")))
        timeline = replace(made_up(), rows=rows, media=replace(made_up().media, duration=40.0))
        (folder / str(number)).mkdir(parents=True)
        (folder / str(number) / "a.emotions.json").write_text(document.to_json(timeline, OutputOptions()))
    return folder


def test_two_groups_of_videos(tmp_path: Path) -> None:
    first, second = group(tmp_path / "[red]before", [0] * 6 + [2]), group(tmp_path / "after", [6] * 6)
    done = compare(first, second, "-o", tmp_path / "d.json")
    assert done.exit_code == 0, done.output
    assert "[red]before (7 videos)" in " ".join(done.stdout.split())
    assert "sure at 5%: happiness -42.9 points, sadness +50.0 points" in " ".join(done.stdout.split())
    figures = json.loads((tmp_path / "d.json").read_text())
    by_class = {own["emotion"]: own for own in figures["differences"]}
    assert by_class["sadness"]["corrected"] == pytest.approx(7 * 2 / 1716)  # of all ways to divide 13 into 7
    assert figures["videos"] == [7, 6]
    alone = compare(first, second, "--person", "S1")
    assert "sadness +100.0 points" in " ".join(alone.stdout.split())


def test_too_few_videos(tmp_path: Path) -> None:
    first, second = group(tmp_path / "a", [0] * 3), group(tmp_path / "b", [6] * 3)
    done = compare(first, second)
    assert done.exit_code == 0
    assert "sure at 5%: nothing" in done.stdout
    assert "with so few videos nothing can be sure" in done.stderr
    none = compare(first, second, "--person", "Anna")
    assert "groups of 0 and 0 videos" in str(none.exception)
    assert none.stderr.count("left out, nothing in it is Anna's") == 6


def test_folders_and_files_do_not_mix(tmp_path: Path) -> None:
    first = group(tmp_path / "a", [0] * 2)
    (tmp_path / "anna.csv").write_text("start,end,emotion\n0,3,happiness\n")
    for args in ((first, tmp_path / "anna.csv"), (first,) * 3, (first, first, "--plot", tmp_path / "c.svg")):
        assert "takes two folders" in str(compare(*args).exception)
    one = first / "0" / "a.emotions.json"
    assert "--person: is for groups" in str(compare(one, one, "--person", "S1").exception)
