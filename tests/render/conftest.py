"""A plain video to draw on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.media import even, tone, write


@pytest.fixture
def grey(tmp_path: Path) -> Path:
    """Three seconds of plain grey, 320x240, with a tone."""
    plain = np.full((240, 320, 3), 128, np.uint8)
    return write(tmp_path / "grey.mp4", even(3), pictures=lambda i: plain, sound=tone(3))
