"""The documentation builds without a broken link, and its manual is the app's own."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]


def test_the_manual_is_current() -> None:
    spec = importlib.util.spec_from_file_location("make_commands", REPO / "docs" / "make_commands.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.manual() == (REPO / "docs" / "commands.md").read_text(encoding="utf-8"), \
        "run python docs/make_commands.py"


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
    for name in ("README.md", "CONTRIBUTING.md"):
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (REPO / name).read_text(encoding="utf-8")):
            assert link.startswith("https://") or (REPO / link).exists(), f"{name}: {link}"
