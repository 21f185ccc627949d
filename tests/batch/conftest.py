"""A tiny video for many tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.media import even, tone, write


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("tiny") / "a.mp4", even(0.6), sound=tone(0.6))
