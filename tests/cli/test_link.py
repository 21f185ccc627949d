"""`emocli link`: whom it names how, and that it asks first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.media import tone, write
from support.timelines import made_up, row
from typer.testing import CliRunner

from emocli.cli.app import app
from emocli.cli.link import names_of
from emocli.outputs import document
from emocli.outputs.base import OutputOptions
from emocli.speakers.linking import Voice
from emocli.timeline.types import MediaInfo, Person, Timeline, Utterance


def voice(video: str, speaker: str, name: str = "") -> Voice:
    return Voice(video, Person(name, (), (speaker,)), 10.0, np.zeros(2))


def test_who_is_in_several_videos_has_a_name() -> None:
    heard = [voice("a", "S1"), voice("a", "S2"), voice("b", "S1"), voice("c", "S1", "Anna"), voice("c", "S2")]
    names, notes = names_of(heard, [0, 1, 0, 1, 2])
    assert names == {"a": {"S1": "Person 1", "S2": "Anna"}, "b": {"S1": "Person 1"}}
    assert notes == []


def test_names_that_people_gave_stay() -> None:
    heard = [voice("a", "S1", "Anna"), voice("b", "S1", "Ben"), voice("c", "S1"),
             voice("d", "S1", "Person 1"), voice("e", "S2"), voice("f", "S2")]
    names, notes = names_of(heard, [0, 0, 0, 1, 2, 2])
    assert names == {"e": {"S2": "Person 2"}, "f": {"S2": "Person 2"}}
    assert notes == ["Anna and Ben sound alike, and keep their names"]


def test_it_asks_first(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["link", str(tmp_path)])
    assert "which is biometric and needs their consent" in str(done.exception)


@pytest.mark.slow
def test_one_voice_in_two_videos(tmp_path: Path) -> None:
    results, videos = tmp_path / "out", tmp_path / "videos"
    rows = (row(0, 8, 0, Utterance(0, 8, "a", (), "en", "sidecar", "S1")),)
    for name in ("day 1/a", "b", "lost"):
        path = results / f"{name}.emotions.json"
        media = MediaInfo(Path(name).with_suffix(".wav"), 8.0, has_video=False, has_audio=True)
        timeline = Timeline(media, rows, provenance=made_up().provenance)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document.to_json(timeline, OutputOptions()))
        if name != "lost":
            (videos / name).parent.mkdir(parents=True, exist_ok=True)
            write(videos / f"{name}.wav", sound=tone(8))
    call = ["link", str(results), "--link-people", "--video", str(videos)]
    assert CliRunner().invoke(app, [*call, "--dry-run"]).exit_code == 0
    assert document.read(results / "b.emotions.json").persons == ()
    assert not list(tmp_path.rglob("*.npz"))
    done = CliRunner().invoke(app, [*call, "--embeddings", str(tmp_path / "v.npz")])
    assert done.exit_code == 0, done.output
    for name in ("day 1/a", "b"):
        assert document.read(results / f"{name}.emotions.json").persons == (Person("Person 1", (), ("S1",)),)
    assert document.read(results / "lost.emotions.json").persons == ()
    kept = np.load(tmp_path / "v.npz")
    assert kept["videos"].tolist() == ["b", "day 1/a"]
    assert kept["embeddings"].shape == (2, 256)


def test_a_file_cannot_ask_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EMOCLI_LINK_LINK_PEOPLE", "1")
    assert "which is biometric" in str(CliRunner().invoke(app, ["link", str(tmp_path)]).exception)
    (tmp_path / "emocli.toml").write_text("[link]\nlink-people = true\n")
    assert "link-people is unknown" in str(CliRunner().invoke(app, ["link", str(tmp_path)]).exception)
