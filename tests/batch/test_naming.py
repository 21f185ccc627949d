"""Results that carry names, and the batch that made them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from support.runs import MadeUpEngine, copies
from support.timelines import of_two

from emocli.batch import naming, runner
from emocli.batch.discover import discover
from emocli.batch.ledger import Ledger
from emocli.batch.plan import Plan, State
from emocli.errors import UsageError
from emocli.timeline.persons import rename

NAMED = rename(of_two(), {"S1": "Anna", "S2": "Ben"})


def work(folder: Path, out: Path, **options: Any) -> State:
    return runner.run(Plan(discover([folder]), out, account=True, **options), engine=MadeUpEngine())


@pytest.fixture
def batch(tiny: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A folder of videos and one of results."""
    folder, out = copies(tiny, tmp_path / "in", "day 1/a.mp4", "b.mp4"), tmp_path / "out"
    assert work(folder, out, formats=("csv", "json")).done == 2
    return folder, out


def give(out: Path, text: str = "named") -> Path:
    document = out / "day 1" / "a.emotions.json"
    naming.write(document, {document: text, document.with_suffix(".csv"): text}, NAMED)
    return document


def test_names_are_no_edit(batch: tuple[Path, Path]) -> None:
    folder, out = batch
    document = give(out)
    assert document.read_text() == "named"
    assert work(folder, out, formats=("csv", "json")).skipped == 2


def test_names_are_not_replaced_unasked(batch: tuple[Path, Path]) -> None:
    folder, out = batch
    document = give(out)
    for _ in range(2):  # the second time it is known as one that failed
        state = work(folder, out, formats=("csv", "json"), faces=True)
        ((error, code),) = state.failures
        assert "its results carry names that were given to persons (Anna, Ben)" in error
        assert code == UsageError.exit_code
        assert document.read_text() == "named"
    assert work(folder, out, formats=("csv", "json"), faces=True, overwrite=True).done == 2
    assert document.read_text() != "named"
    assert work(folder, out, formats=("csv",)).done == 2  # they are forgotten


def test_names_that_were_taken_away(batch: tuple[Path, Path]) -> None:
    folder, out = batch
    document = give(out)
    naming.write(document, {document: "plain"}, of_two())
    document.with_suffix(".csv").write_text("edited")
    ((error, _),) = work(folder, out, formats=("csv", "json"), faces=True).failures
    assert "a.emotions.csv has been changed" in error


def test_names_given_from_inside(batch: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, out = batch
    monkeypatch.chdir(out / "day 1")
    naming.write(Path("a.emotions.json"), {Path("a.emotions.csv"): "named"}, NAMED)
    ((error, _),) = work(folder, out, formats=("csv", "json"), faces=True).failures
    assert "its results carry names" in error


def test_files_that_the_batch_did_not_write(batch: tuple[Path, Path]) -> None:
    _, out = batch
    document = out / "day 1" / "a.emotions.json"
    naming.write(document, {document.with_suffix(".srt"): "a"}, NAMED)
    other = out / "other.emotions.json"
    naming.write(other, {other: "a"}, NAMED)
    with Ledger(out) as ledger:
        entry = ledger.get("day 1/a")
        assert entry
        assert list(entry.outputs) == ["day 1/a.emotions.csv", "day 1/a.emotions.json"]
        assert [ledger.persons(name) for name in ("day 1/a", "other", "b")] == ["Anna, Ben", "", ""]


def test_not_while_a_run_works(batch: tuple[Path, Path]) -> None:
    _, out = batch
    with FileLock(out / runner.LOCK), pytest.raises(UsageError, match="another run is working"):
        give(out)


def test_without_a_batch(tmp_path: Path) -> None:
    document = tmp_path / "a.emotions.json"
    naming.write(document, {document: "a"}, NAMED)
    assert [path.name for path in tmp_path.iterdir()] == ["a.emotions.json"]
