"""Where options come from: the command line, the environment, `emocli.toml`."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.cli import emocli
from support.timelines import made_up
from typer.main import get_command

from emocli.cli import config
from emocli.cli.app import app
from emocli.errors import EmocliError, UsageError
from emocli.outputs import document
from emocli.outputs.base import OutputOptions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.emotions.json").write_text(document.to_json(made_up(), OutputOptions()), encoding="utf-8")
    return tmp_path


def convert(folder: Path, *args: str, before: tuple[str, ...] = (), **environment: str) -> str:
    done = emocli(*before, "convert", "a.emotions.json", "-f", "srt", "--overwrite", *args, cwd=folder,
                  HOME=str(folder), XDG_CONFIG_HOME=str(folder / "user"), **environment)
    assert done.returncode == 0, done.stderr
    assert ("options are taken from" in done.stderr) == ((folder / "emocli.toml").is_file() and not before)
    return (folder / "a.emotions.srt").read_text(encoding="utf-8").splitlines()[2]


def test_the_nearer_goes_first(folder: Path) -> None:
    words = 'He said "yes", 네.'
    assert convert(folder) == f"{words} 😊 [happiness]"
    (folder / "user" / "emocli").mkdir(parents=True)
    (folder / "user" / "emocli" / "emocli.toml").write_text('[convert]\nlang = "ko"\n')
    assert convert(folder) == f"{words} 😊 [기쁨]"
    (folder / "emocli.toml").write_text('[convert]\nsrt-style = "hi"\n')  # instead of the user's
    assert convert(folder) == f"[happily] {words}"
    (folder / "other.toml").write_text('[convert]\nsrt_style = "emoji"\n')
    assert convert(folder, before=("--config", "other.toml")) == f"{words} 😊"
    assert convert(folder, EMOCLI_CONVERT_SRT_STYLE="tag") == f"{words} [happiness]"
    assert convert(folder, "--srt-style", "plain", EMOCLI_CONVERT_SRT_STYLE="tag") == words


@pytest.mark.parametrize(("text", "words"), [
    ("[analyse]\n", "analyse is unknown"), ("[analyze]\nface-fsp = 5\n", r"\[analyze\] face-fsp is unknown"),
    ("[analyze]\nface-fps = 'many'\n", "cannot be 'many'"),
    ("[analyze]\nsmooth = 'yes'\n", "cannot be 'yes'"),
    ("[analyze]\ninclude = '*.mp4'\n", "cannot be"), ("[analyze\n", "cannot be read"),
    ("lang = 'ko'\n", "lang is unknown"),
    ("[data.check]\nfix = 1\n", r"\[data.check\] fix is unknown"),
    ("[analyze]\nout = 'x'\n", "out is unknown")])
def test_mistakes_are_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "emocli.toml").write_text(text)
    with pytest.raises(EmocliError, match=words):
        config.load(tmp_path / "emocli.toml", get_command(app))


GUARDED = [("analyze", "trust = true"), ("analyze", "voice = 'keras:a.h5'"),
           ("convert", "overwrite = true"), ("report", "embed = true"), ("report", "video = 'a.mp4'"),
           ("compare", "plot = 'c.svg'"), ("clips", "reel = '../mine.mp4'"), ("analyze", "engine = 'ray'"),
           ("analyze", "ray-address = 'ray://elsewhere'"), ("analyze", "voice-baseline = 'a.wav'"),
           ("analyze", "transcript = 'a.srt'"), ("analyze", "asr_model = 'a.pt'"),
           ("analyze", "speakers = 'a.rttm'"),
           ("annotate", "font = 'a.ttf'"),
           ("mux", "emotions = 'a.json'"), ("train", "data = '.'"), ("data.features", "recipe = 'a.toml'")]


@pytest.mark.parametrize(("table", "line"), GUARDED)
def test_a_file_that_came_with_the_videos_says_only_how_to_analyse(tmp_path: Path, table: str,
                                                                   line: str) -> None:
    path = tmp_path / "emocli.toml"
    path.write_text(f"[{table}]\n{line}\n")
    command = get_command(app)
    with pytest.raises(UsageError, match="cannot be set by a file in the current folder"):
        config.load(path, command, foreign=True)
    assert config.load(path, command)  # as it is when --config names it


def test_what_such_a_file_may_say(tmp_path: Path) -> None:
    (tmp_path / "emocli.toml").write_text("""
        [analyze]
        formats = "csv,json"
        transcript = "none"
        asr-model = "small"
        face-fps = 2
        smooth = false
        speakers = 2
        include = ["*.mp4"]""")
    assert len(config.load(tmp_path / "emocli.toml", get_command(app), foreign=True)["analyze"]) == 7


def test_nothing_elsewhere_is_overwritten(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    mine = tmp_path_factory.mktemp("mine") / "thesis.svg"
    mine.write_text("years of work")
    (folder / "ben.csv").write_text("start,end,emotion\n0,33,neutral\n")
    (folder / "emocli.toml").write_text(f"[compare]\nplot = '{mine}'\noverwrite = true\n")
    done = emocli("compare", "a.emotions.json", "ben.csv", cwd=folder)
    assert done.returncode == 2
    assert f"options are taken from {folder / 'emocli.toml'}" in done.stderr
    assert "name the file with --config" in done.stderr
    assert mine.read_text() == "years of work"
    trusted = emocli("--config", "emocli.toml", "compare", "a.emotions.json", "ben.csv", cwd=folder)
    assert trusted.returncode == 0
    assert mine.read_text().startswith("<?xml")


def test_init_writes_every_option_and_sets_none(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "emocli", "init"], cwd=tmp_path, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "emocli.toml").read_text()
    tables = tomllib.loads(text)
    assert set(tables) >= {"analyze", "report", "annotate", "clips", "mux", "convert", "data", "train"}
    assert not any(tables["analyze"].values())
    # every option set to what it is by default: a file that is read, and changes nothing
    said = "\n".join(line.removeprefix("# ") if " = " in line and line.startswith("# ") and line[2].islower()
                     and " " not in line[2:].split(" = ")[0] else line for line in text.splitlines())
    (tmp_path / "all.toml").write_text(said)
    command = get_command(app)
    loaded = config.load(tmp_path / "all.toml", command)
    for option in command.commands["analyze"].params:  # type: ignore[attr-defined]
        if option.name in loaded["analyze"]:
            assert loaded["analyze"][option.name] == (option.default if option.default is not None else
                                                      [] if option.multiple else "")
    again = subprocess.run([sys.executable, "-m", "emocli", "init"], cwd=tmp_path, capture_output=True,
                           text=True)
    assert again.returncode == 2
    assert "--overwrite" in again.stderr


def test_a_broken_file_does_not_stop_help_or_init(tmp_path: Path) -> None:
    (tmp_path / "emocli.toml").write_text("[")
    for args, code in (("--help",), 0), (("analyze", "--help"), 3), (("init", "--overwrite"), 0):
        done = subprocess.run([sys.executable, "-m", "emocli", *args], cwd=tmp_path, capture_output=True,
                              text=True)
        assert done.returncode == code, args


def test_completion_is_offered() -> None:
    program = Path(sys.executable).with_name("emocli")
    done = subprocess.run([program, "--show-completion", "bash"], capture_output=True, text=True,
                          env=os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    assert "_EMOCLI_COMPLETE=complete_bash" in done.stdout
