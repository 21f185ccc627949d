"""Fixtures that all tests share: the data folder, a clean environment, no errors in the log."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import threads
from support.paths import REPO, SHARED

threads.only_one()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if SHARED.is_dir():
        return
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(pytest.mark.skip(reason=f"wants the data folder, and {SHARED} is not there "
                                                    "(set EMOCLI_SHARED)"))


@pytest.fixture(scope="session", autouse=True)
def environment(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The user's cache is left alone; YuNet comes from the data folder where there is one."""
    os.environ["EMOCLI_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    mirror = SHARED / "data" / "weights"
    if mirror.is_dir():
        os.environ.setdefault("EMOCLI_WEIGHTS_MIRROR", str(mirror))


@pytest.fixture(autouse=True)
def no_errors_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    records = (r for r in caplog.get_records("call") if r.name.startswith("emocli"))
    assert not [record for record in records if record.levelno >= logging.ERROR]


@pytest.fixture(scope="session")
def clips() -> Path:
    return SHARED / "data" / "clips"


@pytest.fixture(scope="session")
def data() -> Path:
    return SHARED / "data"


@pytest.fixture(scope="session")
def demo() -> Path:
    return REPO / "examples" / "demo.mp4"


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """A folder with vtt.js and axe-core from npm (`npm install axe-core vtt.js`)."""
    folder = Path(os.environ.get("EMOCLI_NODE_MODULES", REPO / "node_modules"))
    if not (shutil.which("node") and (folder / "vtt.js").is_dir() and (folder / "axe-core").is_dir()):
        pytest.skip(f"wants node, and vtt.js and axe-core in {folder} (set EMOCLI_NODE_MODULES)")
    return folder
