"""A data folder with next to nothing in it, made once."""

from pathlib import Path

import pytest
import torch
from support.corpora import data_folder


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """These networks are too small for two."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_folder(tmp_path_factory.mktemp("corpora") / "data")
