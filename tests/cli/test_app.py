"""What all commands have in common: help with an example, the version, errors that say what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.cli import emocli
from typer.testing import CliRunner

from emocli.cli.app import app
from emocli.errors import EmocliError


@pytest.mark.parametrize("command", [(), ("analyze",), ("doctor",), ("train",), ("evaluate",), ("models",),
                                     ("data", "check"), ("data", "flatten"), ("data", "features"),
                                     ("export",),
                                     ("report",), ("convert",), ("annotate",), ("mux",), ("clips",),
                                     ("compare",),
                                     ("init",), ("models", "list"), ("models", "pull"), ("models", "verify")])
def test_help_has_an_example(command: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert done.exit_code == 0
    assert not re.search("<(bool|str|int|float|path|list)", done.stdout)  # but TEXT, PATH and the like
    if command not in ((), ("models",)):
        assert f"Example: emocli {' '.join(command)}" in done.stdout


def test_version() -> None:
    import emocli as package

    assert emocli("--version").stdout.strip() == f"emocli {package.__version__}"


@pytest.mark.parametrize(("args", "code", "words"), [
    (["train", "face", "--data", ".", "--features", "kept"], 2, "not trained on kept features"),
    (["evaluate", "smell", "--data", "."], 2, "face, voice, text, fusion"),
    (["evaluate", "face", "--data", ".", "--corrupt", "babble"], 2, "blur, dark, low-res, rotated"),
    (["evaluate", "text", "--data", ".", "--corrupt", "blur"], 2, "evaluate face or voice"),
    (["evaluate", "face", "--data", ".", "--full"], 2, "only voice, text and fusion are compared"),
    (["train", "voice", "--data", "nowhere"], 3, "nowhere: no such folder"),
    (["models", "pull", "nothing"], 4, "models list"),
    (["compare", "a.csv"], 2, "two codings or more"),
    (["convert", "a.json", "-f", "pdf"], 2, "choose from csv, srt, vtt, ass, html"),
    (["convert", "a.json", "-f", "csv", "--lang", "fr"], 2, "en, ko"),
    (["convert", "a\x1b[2J\u202e.json", "-f", "csv"], 3, "a�[2J�.json: cannot be read"),
    (["annotate", "a.mp4", "--preview", "soon"], 2, "10s or 1m"),
    (["clips", "a.mp4", "--emotion", "hunger"], 2, "choose from happiness"),
    (["mux", "a.mp4"], 3, "a.mp4: no such file")])
def test_errors_name_the_thing_and_the_next_step(args: list[str], code: int, words: str,
                                                 tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EmocliError) as raised:
        app(args, standalone_mode=False)
    assert raised.value.exit_code == code
    assert words.lower() in str(raised.value).lower()
    assert not list(tmp_path.iterdir())


def test_an_error_is_one_line_and_an_exit_code(tmp_path: Path) -> None:
    done = emocli("models", "pull", "nothing\x1b[2J", cwd=tmp_path)
    assert done.returncode == 4
    assert "models list" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "\x1b" not in done.stderr
