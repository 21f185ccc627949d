"""Recipes: what a network is trained on, and how, as TOML."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from emocli.errors import UsageError


def read_recipe(task: str, path: Path | None = None) -> dict[str, Any]:
    """A recipe as a dictionary; raises `UsageError` when it cannot be read."""
    source = path or files("emocli.training").joinpath(f"recipes/{task}.toml")
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UsageError(str(source), f"is not a readable recipe ({error})",
                         "see emocli/training/recipes") from error
