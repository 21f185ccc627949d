"""`emocli summary` over files and folders of analyses."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from support.timelines import made_up, of_demo, of_two
from typer.testing import CliRunner, Result

from emocli.cli.app import app
from emocli.emotions import EMOTIONS
from emocli.outputs import document
from emocli.outputs.base import OutputOptions
from emocli.timeline.persons import rename
from emocli.timeline.types import Timeline


def summary(*args: object) -> Result:
    return CliRunner().invoke(app, ["summary", *map(str, args)])


def analysed(path: Path, timeline: Timeline) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document.to_json(timeline, OutputOptions()), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path, demo: Path) -> Path:
    named = rename(of_two(), {"S1": "=Anna [red]\x1b", "S2": "Ben"})
    analysed(tmp_path / "day 1" / "talk.emotions.json", named)
    analysed(tmp_path / "demo.emotions.json", of_demo(demo))
    return tmp_path


def test_a_folder(folder: Path) -> None:
    done = summary(folder, "--safe-csv")
    assert done.exit_code == 0, done.output
    assert "day 1/talk, 0:33.0" in done.stdout
    assert "[red]" in done.stdout
    assert "\x1b" not in done.stdout
    frame = pd.read_csv(folder / "summary.csv")
    assert frame["video"].tolist() == ["day 1/talk"] * 3 + ["demo"] * 3
    assert frame["person"].fillna("").tolist() == [
        "", "'=Anna [red]\N{REPLACEMENT CHARACTER}", "Ben", "", "Face 1", "Face 2"]
    assert frame[list(EMOTIONS)].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-3)
    assert frame.loc[3, ["happiness", "happiness_low", "happiness_high"]].tolist() == [0.25, 0, 0.625]
    assert frame.loc[3, "kappa_face_voice"] == 1
    figures = json.loads((folder / "summary.json").read_text())
    assert figures["interval"] == {"level": 0.95, "draws": 2000, "seed": 2026}
    talk, clip = figures["videos"]
    assert [person["name"] for person in talk["persons"]] == ["=Anna [red]\N{REPLACEMENT CHARACTER}", "Ben"]
    assert clip["persons"][1] | {"shares": 0} == {
        "person": "Face 2", "name": None, "face_ids": [2], "speakers": [], "seconds": 8.0, "utterances": 3,
        "words_per_minute": 60.0, "changes_per_minute": 22.5, "shares": 0,
        "longest": [{"emotion": name, "start": at, "end": at + 2.0}
                    for name, at in (("surprise", 2.0), ("fear", 6.0), ("anger", 10.0))],
        "kappas": {"face_voice": 1.0, "face_text": 0.6667, "voice_text": 0.6667}}
    assert "exists already" in str(summary(folder).exception)


def test_what_cannot_be_read_costs_only_itself(folder: Path) -> None:
    (folder / "bad.emotions.json").write_text("{}")
    done = summary(folder, "-o", folder / "figures")
    assert done.exit_code == 5
    assert "bad.emotions.json: is no timeline" in done.stderr
    assert len(json.loads((folder / "figures" / "summary.json").read_text())["videos"]) == 2


def test_nothing_to_say(tmp_path: Path) -> None:
    assert "holds no analysis" in str(summary(tmp_path).exception)
    (tmp_path / "a.emotions.json").write_text("{}")
    assert summary(tmp_path / "a.emotions.json").exit_code == 3
    assert [path.name for path in tmp_path.iterdir()] == ["a.emotions.json"]


def test_files_in_korean(tmp_path: Path) -> None:
    one, two = (analysed(tmp_path / f"{stem}.emotions.json", made_up()) for stem in "ab")
    done = summary(one, two, "--lang", "ko")
    assert done.exit_code == 0, done.output
    assert "중립 91%" in done.stdout
    assert "얼굴 3" in done.stdout
    assert len(json.loads((tmp_path / "summary.json").read_text())["videos"]) == 2
