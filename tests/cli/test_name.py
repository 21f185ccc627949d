"""`emocli name`: names in every file of an analysis, and what a batch makes of it."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pysubs2
import pytest
from support.cli import emocli
from support.timelines import HOSTILE, made_up, of_demo, of_two
from typer.testing import CliRunner, Result

from emocli.cli.app import app
from emocli.cli.name import assignments
from emocli.errors import UsageError
from emocli.outputs import document, formats
from emocli.outputs.base import OutputOptions
from emocli.outputs.formats import FORMATS
from emocli.timeline.types import Person, Timeline

STYLES = (OutputOptions(), OutputOptions(gaps=True, srt_style="hi", lang="ko", safe_csv=True))


def analysed(folder: Path, timeline: Timeline, stem: str = "a",
             writing: OutputOptions = OutputOptions()) -> Path:  # noqa: B008  # it is frozen
    """An analysis in every format; returns its JSON."""
    files = formats.targets(folder / f"{stem}.mp4", folder, FORMATS)
    formats.write(timeline, files, writing)
    return files["json"]


def name(*args: object) -> Result:
    return CliRunner().invoke(app, ["name", *map(str, args)])


@pytest.mark.parametrize("writing", STYLES)
def test_every_file_has_the_name_and_its_style(tmp_path: Path, writing: OutputOptions) -> None:
    path = analysed(tmp_path, of_two(), writing=writing)
    before = {file.name: file.read_text() for file in tmp_path.iterdir()}
    done = name(path, "S1=Anna", "3=Anna")
    assert done.exit_code == 0, done.output
    for file in sorted(tmp_path.iterdir()):  # Audacity's labels have no persons
        assert ("Anna" in file.read_text()) == (file.suffix != ".txt"), file
    assert document.read(path).persons == (Person("Anna", (3,), ("S1",)),)
    assert name(path, "Anna=").exit_code == 0
    for file in sorted(tmp_path.iterdir()):
        if file.suffix != ".eaf":  # which holds when it was written
            assert file.read_text() == before[file.name], file


def test_an_edited_file_is_kept(tmp_path: Path) -> None:
    path = analysed(tmp_path, of_two())
    subtitles = path.with_suffix(".srt")
    subtitles.write_text(subtitles.read_text().replace("He said", "He shouted"))
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    done = emocli("name", path, "S1=Anna")
    assert done.returncode == 2
    assert "has been edited" in done.stderr
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert name(path, "S1=Anna", "--overwrite").exit_code == 0
    assert "Anna: He said" in subtitles.read_text()


def test_hostile_names(tmp_path: Path) -> None:
    path = analysed(tmp_path, of_two())
    assert name(path, f"S1={HOSTILE}\x1b[2J", "S2==HYPERLINK(1)").exit_code == 0
    for file in tmp_path.iterdir():
        text = file.read_text()
        assert not {"\x1b", "\u202e"} & set(text), file
    assert "<script>window.ran" not in (tmp_path / "a.emotions.html").read_text()
    assert {person.name for person in document.read(path).persons} >= {"=HYPERLINK(1)"}
    safe = analysed(tmp_path, document.read(path), "safe", OutputOptions(safe_csv=True)).with_suffix(".csv")
    assert [row["person"] for row in csv.DictReader(safe.open())][-1] == "'=HYPERLINK(1)"


def test_a_table_names_a_folder(tmp_path: Path) -> None:
    one, two = analysed(tmp_path, of_two(), "one"), analysed(tmp_path / "day 2", of_two(), "two")
    alone = analysed(tmp_path, made_up(), "alone")
    (tmp_path / "emocli.toml").write_text(
        '[persons]\nS1 = "Interviewer"\n[persons.one]\nS2 = "Anna"\n[persons."day 2/two"]\n3 = "Ben"\n')
    assert name(tmp_path).exit_code == 0
    assert document.read(one).persons == (Person("Interviewer", (), ("S1",)), Person("Anna", (), ("S2",)))
    assert document.read(two).persons == (Person("Interviewer", (), ("S1",)), Person("Ben", (3,)))
    assert document.read(alone).persons == ()
    assert emocli("compare", "--help", cwd=tmp_path).returncode == 0  # the table is no mistake elsewhere
    (tmp_path / "emocli.toml").write_text('[persons.three]\nS2 = "Anna"\n')
    assert "no such analysis" in str(name(tmp_path).exception)


@pytest.mark.parametrize(("args", "cause"), [
    (("9=Anna",), "no face, speaker or person '9'"), (("Anna",), "is no name"), (("=x",), "is no name"),
    (("S1=A", "S1=B"), "the second for one person"), ((), "cannot be read")])
def test_wrong_calls(tmp_path: Path, args: tuple[str, ...], cause: str) -> None:
    path = analysed(tmp_path, of_two())
    assert cause in str(name(path, *args).exception)
    assert assignments(["S1= Anna B. ", "2="]) == {"S1": " Anna B. ", "2": ""}


def test_a_page_keeps_its_video_and_language(tmp_path: Path, demo: Path) -> None:
    timeline = of_demo(demo)
    for options in (OutputOptions(folder=str(tmp_path), lang="ko"), OutputOptions(embed=True),
                    OutputOptions(address="https://example.org/a.mp4?x=1&y=2")):
        path = tmp_path / "demo.emotions.json"
        path.write_text(document.to_json(timeline, options))
        page = path.with_suffix(".html")
        page.write_text(FORMATS["html"](timeline, options))
        done = name(path, "1=Anna", "--video", demo)
        assert done.exit_code == 0, done.output
        assert page.read_text() == FORMATS["html"](document.read(path, demo), options)
        assert "Anna" in page.read_text()
        page.write_text(FORMATS["html"](timeline, replace(options, address="../videos/a.mp4", embed=False)))
        assert name(path, "1=Ben").exit_code == 0  # which has no video beside it
        assert 'src="../videos/a.mp4"' in page.read_text()


def test_addresses_of_videos_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.emotions.json"
    path.write_text(document.to_json(of_two(), OutputOptions(address="s3://bucket/day 1/a.mp4")))
    assert name(path, "S1=Anna").exit_code == 0
    assert json.loads(path.read_text())["media"]["path"] == "s3://bucket/day 1/a.mp4"


def test_subtitles_of_more_than_milliseconds(tmp_path: Path) -> None:
    rows = tuple(replace(r, utterance=r.utterance and replace(r.utterance, start=r.utterance.start + 1e-4 / 3,
                                                              words=())) for r in of_two().rows)
    path = analysed(tmp_path, replace(of_two(), rows=rows))
    assert name(path, "S2=Ben").exit_code == 0
    assert pysubs2.load(str(path.with_suffix(".srt")))[1].plaintext.startswith("Ben: word0")


def test_what_was_cut_short_is_done_again(tmp_path: Path) -> None:
    path = analysed(tmp_path, of_two())
    plain = path.read_text()
    assert name(path, "S1=Anna").exit_code == 0
    path.write_text(plain)  # the last to be written
    done = name(path, "S1=Anna")
    assert done.exit_code == 0
    assert "wrote" in done.output
    assert document.read(path).persons == (Person("Anna", (), ("S1",)),)


def test_no_names_at_all() -> None:
    with pytest.raises(UsageError, match="is no name"):
        assignments(["x"])
