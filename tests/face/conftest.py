"""Face processes: a real one for many tests, and stand-ins that follow a plan."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.paths import REPO

from emocli.face.process import FaceProcess
from emocli.weights import resolve


@pytest.fixture(scope="session")
def litert() -> Iterator[FaceProcess]:
    with FaceProcess(resolve("face-litert"), device="cpu") as process:
        yield process


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., FaceProcess]]:
    """Start a stand-in with a plan, which lies at `tmp_path / "plan.json"`."""
    monkeypatch.setenv("PYTHONPATH", f"{REPO}:{REPO / 'tests'}")
    started: list[FaceProcess] = []

    def start(**plan: object) -> FaceProcess:
        (tmp_path / "plan.json").write_text(json.dumps(plan))
        started.append(FaceProcess(tmp_path / "plan.json", worker="support.face_child"))
        return started[-1]

    yield start
    for process in started:
        process.close()
