"""Writes docs/commands.md, the manual of all commands, from the app: `python docs/make_commands.py`."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def manual() -> str:
    """All commands with their options, as Typer describes them."""
    command = [sys.executable, "-m", "typer", "emocli.cli.app", "utils", "docs", "--name", "emocli",
               "--title", "Commands"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    (HERE / "commands.md").write_text(manual(), encoding="utf-8")
