"""Tiny foreign models, made once."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import foreign


@pytest.fixture(scope="session")
def keras_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return foreign.keras_files(tmp_path_factory.mktemp("keras"))


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return foreign.bert(tmp_path_factory.mktemp("bert"), ["joy", "anger", "boredom"])
