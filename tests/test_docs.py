"""The documentation builds without a broken link, and its manual is the app's own."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from support.documents import Shown, command_of, runs_here, shown
from support.media import even, tone, write
from typer.testing import CliRunner

from emocli.cli.app import app
from emocli.emotions import EMOTIONS

REPO = Path(__file__).parents[1]


def script(name: str) -> Any:
    """A program of docs/ as a module."""
    spec = importlib.util.spec_from_file_location(name, REPO / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_manual_is_current() -> None:
    manual = script("make_commands").manual()
    assert manual == (REPO / "docs" / "commands.md").read_text(encoding="utf-8"), \
        "run python docs/make_commands.py"


def test_the_figures_are_current() -> None:
    figures = script("make_figures")
    for page, text in (("docs/accuracy.md", figures.page()), ("README.md", figures.readme())):
        assert text == (REPO / page).read_text(encoding="utf-8"), "run python docs/make_figures.py"


@pytest.mark.parametrize("call", dict.fromkeys(shown()), ids=str)
def test_commands_that_are_shown_exist(call: Shown) -> None:
    """Each option is one of the command's, and in bash blocks nothing that it needs is left out."""
    command, rest = command_of(call.words)
    assert not (hasattr(command, "commands") and rest and not rest[0].startswith("-")), call
    if call.block:
        command.make_context(command.name, rest)
    else:
        command.make_parser(typer.Context(command)).parse_args(rest)


CAPTIONS = "1\n00:00:00,500 --> 00:00:02,500\nI am so sad\n"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pages speak of: films with subtitles, one of them analysed, codings, turns of speakers."""
    folder = tmp_path_factory.mktemp("films")
    film = write(folder / "interview.mp4", even(3, 5), sound=tone(3))
    for name in ("talk.mp4", "examples/tears.mp4", "videos/a.mp4", "more/b.mkv"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(film, folder / name)
    for film in folder.rglob("*.m*"):
        film.with_suffix(".srt").write_text(CAPTIONS)
    for name in ("anna.csv", "ben.csv"):
        (folder / name).write_text("start,end,emotion\n0,2,happiness\n2,3,neutral\n")
    (folder / "interview.rttm").write_text("SPEAKER interview 1 0.50 2.00 <NA> <NA> anna <NA> <NA>\n")
    (folder / "list.txt").write_text("talk.mp4\n")
    words = ["analyze", str(folder / "interview.mp4"), "-f", "csv,json", "-q"]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0
    # A sure row, whatever the networks of the day say.
    analysis = json.loads((folder / "interview.emotions.json").read_text())
    analysis["rows"][0]["scores"] |= dict.fromkeys(EMOTIONS, 0.01) | {"sadness": 0.94}
    (folder / "interview.emotions.json").write_text(json.dumps(analysis))
    for target in ("out", "results", "before/1", "before/2", "after/1", "after/2"):
        (folder / target).mkdir(parents=True)
        shutil.copy(folder / "interview.emotions.json", folder / target)
    return folder


RUN = dict.fromkeys(call.words for call in shown() if runs_here(call.words))


@pytest.mark.slow
@pytest.mark.parametrize("words", RUN, ids=" ".join)
def test_commands_that_are_shown_work(words: tuple[str, ...], films: Path, tmp_path: Path,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shutil.copytree(films, tmp_path / "here"))
    if words[0] == "analyze":
        for path in Path().rglob("*.emotions.*"):
            path.unlink()
    line = subprocess.run(["bash", "-c", f"printf '%s\\n' {' '.join(words)}"], capture_output=True, text=True)
    done = CliRunner().invoke(app, line.stdout.splitlines(), catch_exceptions=False)
    assert done.exit_code == 0, done.output


def test_every_command_has_an_example() -> None:
    text = (REPO / "docs" / "commands.md").read_text(encoding="utf-8")
    parts = re.split(r"^##+ `(emocli [^`]+)`$", text, flags=re.M)[1:]
    commands = dict(zip(parts[::2], parts[1::2], strict=True))
    assert len(commands) > 15
    groups = {name for name in commands if any(other.startswith(f"{name} ") for other in commands)}
    for name in commands.keys() - groups:
        assert f"Example: {name}" in commands[name], name


@pytest.mark.slow
def test_pages_build_with_strict_links(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "-d", tmp_path / "site"],
                          cwd=REPO, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    page = page.replace('rel="canonical"', "")
    assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="https?://', page)


def test_links_of_the_readme_lead_somewhere() -> None:
    for name in ("README.md", "README.ko.md", "CONTRIBUTING.md"):
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (REPO / name).read_text(encoding="utf-8")):
            assert link.startswith("https://") or (REPO / link).exists(), f"{name}: {link}"
