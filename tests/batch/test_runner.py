"""One error policy: what is wrong with one video costs that video.  Workers are made up, so that no model is
started."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from support.runs import MadeUpEngine, copies, lines

from emocli import plaintext
from emocli.batch import local, runner
from emocli.batch.discover import discover
from emocli.batch.ledger import FILE, Ledger
from emocli.batch.plan import Plan, State
from emocli.errors import EmocliError, InputError, OutputError, UsageError
from emocli.outputs.base import OutputOptions


def work(folder: Path, out: Path | None, engine: MadeUpEngine | None = None, clock: Any = lambda: 0.0,
         **options: Any) -> State:
    return runner.run(Plan(discover([folder]), out, account=out is not None, **options),
                      engine=engine or MadeUpEngine(), clock=clock)


def errors(state: State) -> list[str]:
    return [error for error, _ in state.failures]


def test_hostile_names_and_files_cost_only_themselves(tiny: Path, tmp_path: Path) -> None:
    folder = copies(
        tiny,
        tmp_path / "in",
        "a.mp4",
        os.fsdecode(b"b\xff.mp4"),
        "c" * 246 + ".mp4",
        "e.mp4",
        "e.mkv",
        "e.mp4.mov",
    )
    os.mkfifo(folder / "f.mp4")
    (folder / "g.mp4").symlink_to("/dev/zero")
    (folder / "h").symlink_to(folder)
    state = work(folder, tmp_path / "out", combine=True)
    assert (state.total, state.done, state.failed) == (8, 5, 3)
    assert sorted(words for error in errors(state) for words in (
        "File name too long", "no file but a folder, pipe or device") if words in error) == [
        "File name too long", *["no file but a folder, pipe or device"] * 2]
    told = lines(tmp_path / "out")
    assert told["b\\udcff.mp4"]["status"] == "done"
    assert (tmp_path / "out" / os.fsdecode(b"b\xff.emotions.csv")).is_file()
    assert {"e.mp4.emotions.csv", "e.mkv.emotions.csv", "e.mp4.mov.emotions.csv"} <= {
        p.name for p in (tmp_path / "out").iterdir()}
    again = work(folder, tmp_path / "out")
    assert (again.skipped, again.failed) == (5, 3)
    # without a folder for results the same, beside the videos
    assert work(folder, None).done == 5
    assert (folder / "e.mp4.mov.emotions.srt").is_file()
    assert not (folder / FILE).exists()


def test_deaths_are_tried_once_more_and_then_fail(tiny: Path, tmp_path: Path) -> None:
    folder = copies(tiny, tmp_path / "in", "a.mp4", "die.mp4", "once.mp4", "fail.mp4", "z.mp4")
    engine = MadeUpEngine()
    state = work(folder, tmp_path / "out", engine)
    assert (state.done, state.failed) == (3, 2)
    assert [engine.seen.count(f"{name}.mp4") for name in ("a", "die", "once", "fail", "z")] == [1, 2, 2, 1, 1]
    assert any("signal 11" in error and "2 times" in error for error in errors(state))
    with Ledger(tmp_path / "out") as ledger:
        assert ledger.counts() == {"done": 3, "failed": 2}
    assert work(folder, tmp_path / "out", engine).failed == 2  # left alone until asked for
    assert len(engine.seen) == 7
    work(folder, tmp_path / "out", engine, retry_failed=True)
    assert len(engine.seen) == 10


def test_a_death_before_a_job_begins_is_not_charged_to_it(tiny: Path, tmp_path: Path) -> None:
    folder = copies(tiny, tmp_path / "in", "a.mp4", "b.mp4")
    engine = MadeUpEngine(idle_deaths=4)
    assert work(folder, tmp_path / "out", engine).done == 2
    with Ledger(tmp_path / "out") as ledger:
        assert [entry.deaths for entry in ledger.entries()] == [0, 0]
    with pytest.raises(EmocliError, match="do not start"):
        work(folder, tmp_path / "out", MadeUpEngine(idle_deaths=999), overwrite=True)


def test_what_takes_too_long_is_ended(tiny: Path, tmp_path: Path) -> None:
    folder = copies(tiny, tmp_path / "in", "a.mp4", "hang.mp4", "z.mp4")
    hour = iter(range(0, 10**9, 3600))
    engine = MadeUpEngine(places=1)

    def clock() -> float:  # hours pass once it hangs
        return next(hour) if "hang.mp4" in engine.seen and "z.mp4" not in engine.seen else 0.0

    state = work(folder, tmp_path / "out", engine, clock, timeout=600.0)
    assert state.done == 2
    assert ["took longer than --timeout 600" in error for error in errors(state)] == [True]
    assert engine.seen.count("hang.mp4") == 1


def test_results_of_others_are_not_replaced(tiny: Path, tmp_path: Path) -> None:
    folder, out = copies(tiny, tmp_path / "in", "a.mp4", "b.mp4"), tmp_path / "out"
    out.mkdir()
    (out / "a.emotions.csv").write_text("mine")
    state = work(folder, out)
    assert (state.done, [code for _, code in state.failures]) == (1, [UsageError.exit_code])
    assert "exists already" in errors(state)[0]
    (out / "a.emotions.csv").unlink()
    assert work(folder, out).done == 1  # it is looked at again without being asked to
    # edited since it was written
    (out / "a.emotions.csv").write_text("edited")
    assert work(folder, out).skipped == 2
    state = work(folder, out, formats=("csv", "srt", "json"))
    assert state.done == 1
    assert "a.emotions.csv has been changed since it was written" in errors(state)[0]
    assert "a.mp4" in errors(state)[0]
    assert (out / "a.emotions.csv").read_text() == "edited"
    assert work(folder, out, formats=("csv", "srt", "json"), overwrite=True).done == 2
    assert (out / "a.emotions.csv").read_text() != "edited"


def test_a_killed_run_may_replace_what_it_began(tiny: Path, tmp_path: Path) -> None:
    folder, out = copies(tiny, tmp_path / "in", "a.mp4"), tmp_path / "out"
    with Ledger(out) as ledger:
        ledger.plan([("a", folder / "a.mp4", "of a run that was killed")])
        ledger.begin("a")
    (out / "a.emotions.csv").write_text("written, but not entered")
    (out / ".emocli-0123.part.csv").write_text("half")
    assert work(folder, out).done == 1
    assert not list(out.glob(".emocli*"))


def test_another_run_on_the_folder(tiny: Path, tmp_path: Path) -> None:
    folder, out = copies(tiny, tmp_path / "in", "a.mp4", "hang.mp4"), tmp_path / "out"
    hangs, late = MadeUpEngine(places=1), threading.Event()
    first = threading.Thread(target=work, args=(folder, out, hangs, lambda: 1e9 * late.is_set()),
                             kwargs={"timeout": 1.0})
    first.start()
    while "hang.mp4" not in hangs.seen:
        first.join(0.01)
    with pytest.raises(UsageError, match="another run is working"):
        work(folder, out)
    patient = threading.Thread(target=work, args=(folder, out), kwargs={"wait": True})
    patient.start()
    late.set()
    first.join()
    patient.join()
    with Ledger(out) as ledger:
        assert ledger.counts() == {"done": 1, "failed": 1}


def test_tables_that_cannot_be_gathered(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, out = copies(tiny, tmp_path / "in", "a.mp4", "b.mp4"), tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(importlib.util, "find_spec", lambda name: None)
        asked: list[dict[str, Any]] = [{"combine": True, "formats": ["srt"]}, {"parquet": True}]
        for options in asked:
            with pytest.raises(UsageError, match=r"(?i)add csv|emocli\[parquet\]"):
                work(folder, out, **options)
    assert not out.exists()
    assert work(folder, out, combine=True, parquet=True).gathered == [
        str(out / name) for name in ("batch.csv", "all.emotions.csv", "batch.parquet", "all.emotions.parquet")
    ]
    (out / "a.emotions.csv").write_text("")
    with pytest.raises(InputError, match=r"a.emotions.csv: cannot be read into all.emotions.csv"):
        work(folder, out, combine=True)
    shutil.copyfile(tiny, folder / "all.mp4")
    with pytest.raises(UsageError, match="as the table of --combine"):
        work(folder, out, combine=True)


def test_a_ledger_that_breaks_meanwhile(tiny: Path, tmp_path: Path) -> None:
    folder, out = copies(tiny, tmp_path / "in", "a.mp4"), tmp_path / "out"
    work(folder, out)
    base = sqlite3.connect(out / FILE)
    base.execute("UPDATE jobs SET summary = 'no JSON'")
    base.commit()
    base.close()
    with pytest.raises(OutputError, match="emocli-ledger"):
        work(folder, out)


def test_a_folder_that_cannot_be_written_to(tiny: Path, tmp_path: Path) -> None:
    folder = copies(tiny, tmp_path / "in", "a.mp4")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written to"):
        work(folder, tmp_path / "file")
    state = runner.run(Plan(discover([folder / "a.mp4"]), tmp_path / "file"), engine=MadeUpEngine())
    assert [code for _, code in state.failures] == [OutputError.exit_code]


def test_as_many_workers_as_are_asked_for(tiny: Path, tmp_path: Path) -> None:
    folder = copies(tiny, tmp_path / "in", "a.mp4", "b.mp4", "c.mp4")
    jobs = discover([folder])
    engine = local.ChildEngine(Plan(jobs, None).options, Plan(jobs, None).writing)
    assert engine.room(7) == 7
    assert engine.room() >= 1


def test_a_result_that_was_edited_stays_also_after_a_death(tiny: Path, tmp_path: Path) -> None:
    folder, out = copies(tiny, tmp_path / "in", "once.mp4"), tmp_path / "out"
    assert work(folder, out).done == 1  # its worker died the first time
    result = out / "once.emotions.csv"
    result.write_text("edited by a person")
    (error,) = errors(work(folder, out, faces=True))
    assert "has been changed since it was written" in error
    assert result.read_text() == "edited by a person"


def test_results_of_another_video_of_that_name_stay(tiny: Path, tmp_path: Path) -> None:
    one, two = copies(tiny, tmp_path / "one", "a.mp4"), copies(tiny, tmp_path / "two", "x.mp4", "a.mp4")
    (two / "x.mp4").unlink()
    out = tmp_path / "out"
    assert work(one, out).done == 1
    before = (out / "a.emotions.csv").read_bytes()
    (error,) = errors(work(two, out))
    assert "would replace the results of" in error
    assert (out / "a.emotions.csv").read_bytes() == before
    assert work(two, out, overwrite=True).done == 1
    shutil.move(two, tmp_path / "moved")  # the same videos elsewhere are no others
    assert not errors(work(tmp_path / "moved", out, overwrite=True))


@pytest.mark.parametrize(("column", "value"), [
    ("outputs", "{}"), ("seconds", "x"), ("summary", '{"shares": 5}'),
    ("summary", '{"shares": {"fear": "x"}}'), ("outputs", '{"a.csv": 5}')])
def test_damaged_cells_are_an_error(column: str, value: str, tiny: Path, tmp_path: Path) -> None:
    folder, out = copies(tiny, tmp_path / "in", "a.mp4"), tmp_path / "out"
    assert work(folder, out).done == 1
    with sqlite3.connect(out / FILE) as base:
        base.execute(f"UPDATE jobs SET {column} = ?", [value])
    with pytest.raises(EmocliError):
        work(folder, out, combine=True)


def test_names_that_a_spreadsheet_would_run(tiny: Path, tmp_path: Path) -> None:
    folder, out = copies(tiny, tmp_path / "in", "a.mp4"), tmp_path / "out"
    work(folder, out, combine=True, writing=OutputOptions(safe_csv=True))
    assert plaintext.cell("=1+2.mp4", safe=True) == "'=1+2.mp4"
    assert plaintext.cell("=1+2.mp4", safe=False) == "=1+2.mp4"
    assert plaintext.cell("a\x1b[2J.mp4", safe=False) == "a\N{REPLACEMENT CHARACTER}[2J.mp4"


def test_a_panic_of_native_code_is_an_answer(tiny: Path, tmp_path: Path,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    class Panic(BaseException):
        pass

    def analyzer(options: object) -> None:
        raise Panic("the native code gave up")

    monkeypatch.setattr("emocli.analyzer.Analyzer", analyzer)
    folder = copies(tiny, tmp_path / "in", "a.mp4")
    (error,) = errors(runner.run(Plan(discover([folder / "a.mp4"]), None)))
    assert "the native code gave up" in error
