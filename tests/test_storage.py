"""Files that appear whole or not at all, and temporary folders that no kill leaves behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from emocli import storage
from emocli.errors import OutputError

HOLDER = """
import sys
from emocli import storage
with storage.scratch() as folder, storage.atomic({target!r}) as part:
    (folder / "big").touch()
    part.touch()
    if {orderly}:
        storage.remove_unfinished()
    print(folder, part, flush=True)
    input()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path / "tmp"


def holder(target: Path, *, orderly: bool = False) -> tuple[subprocess.Popen[str], list[Path]]:
    code = HOLDER.format(target=target, orderly=orderly).replace("PosixPath", "storage.Path")
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    return process, [Path(name) for name in process.stdout.readline().split()]


def test_what_killed_processes_left_is_removed_and_what_others_use_is_not(
    tmp_path: Path, temporary: Path
) -> None:
    (alive, (used, part)), (dead, (left, half)) = holder(tmp_path / "a.csv"), holder(tmp_path / "b.csv")
    assert used.parent == temporary
    dead.send_signal(signal.SIGKILL)
    dead.wait()
    assert left.is_dir()
    with storage.scratch() as own:
        assert own.is_dir()
        assert not left.exists()
        storage.remove_abandoned()
        assert own.is_dir()
    assert (used / "big").is_file()
    storage.remove_parts(tmp_path)
    assert not half.exists()
    assert not part.exists()
    alive.communicate("\n")
    assert not list(temporary.iterdir())


def test_a_process_that_ends_at_once_removes_what_it_has_begun(tmp_path: Path, temporary: Path) -> None:
    process, left = holder(tmp_path / "a.csv", orderly=True)
    process.kill()
    process.wait()
    assert len(left) == 2
    assert not [path for path in left if path.exists()]


def test_all_or_nothing(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.json"
    storage.write_text(target, "old")
    with contextlib.suppress(ZeroDivisionError), storage.atomic_text(target) as stream:
        stream.write("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert [p.name for p in target.parent.iterdir()] == ["a.json"]
    with pytest.raises(OutputError, match="cannot be written"):
        storage.write_text(tmp_path / ("x" * 300), "text")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        storage.write_text(tmp_path / "file" / "a", "text")
    assert storage.sha256(target) == "cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4"


def test_names_that_are_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"b\xff.mp4")
    storage.write_text(tmp_path / name, json.dumps({"name": name}, ensure_ascii=False))
    assert json.loads((tmp_path / name).read_text(encoding="utf-8"))["name"] == name


def test_a_store_that_shows_half_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a")
    target = storage.place("memory://results/a.csv")
    storage.put(tmp_path / "a.csv", target)
    assert target.read_text() == "a"
    assert [p.name for p in target.parent.iterdir()] == ["a.csv"]
    (target.parent / ".emocli-0123.part").write_text("half")
    storage.remove_parts(target.parent)
    assert [p.name for p in target.parent.iterdir()] == ["a.csv"]
