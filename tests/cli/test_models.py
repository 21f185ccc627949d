"""`emocli models` and `emocli doctor`: what is installed, and whether it is whole."""

from __future__ import annotations

import pytest
from support.cli import emocli

from emocli import weights


def test_models_list_and_verify() -> None:
    listed = emocli("models", "list", COLUMNS="160")
    assert "CC BY-NC-SA 4.0" in listed.stdout
    assert "yunet" in listed.stdout
    assert listed.stdout.count(" no ") == sum(not w.commercial for w in weights.manifest().values()) > 3
    assert emocli("models", "verify").returncode == 0


@pytest.mark.slow
def test_doctor() -> None:
    done = emocli("doctor")
    assert done.returncode == 0, done.stderr
    assert "face process             ok" in done.stdout
