"""Real workers: child processes with their models, what kills them, and what they say."""

from __future__ import annotations

import logging
import os
import queue
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.runs import DEADLY, copies, gone, lines, until, whole

from emocli import storage
from emocli.analyzer import Analyzer
from emocli.batch import runner, worker
from emocli.batch.discover import discover
from emocli.batch.local import ChildEngine
from emocli.batch.plan import Plan
from emocli.errors import UsageError, of_code
from emocli.options import AnalyzeOptions
from emocli.outputs.base import OutputOptions

pytestmark = pytest.mark.slow
OPTIONS = AnalyzeOptions(transcript="none", offline=True)


def test_videos_that_kill_their_worker_fail_and_the_rest_go_on(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = copies(tiny, tmp_path / "in", "a.mp4", "b.segv.mp4", "c.hang.mp4", "d.raise.mp4", "e.mp4")
    out = tmp_path / "out"
    (tmp_path / "deadly").mkdir()
    (tmp_path / "deadly" / "sitecustomize.py").write_text(DEADLY)
    with monkeypatch.context() as patched, caplog.at_level(logging.INFO, "emocli"):
        patched.setenv(
            "PYTHONPATH", os.pathsep.join([str(tmp_path / "deadly"), os.environ.get("PYTHONPATH", "")])
        )

        def clock() -> (
            float
        ):  # leaps once it hangs and its beginning, which is logged after it is told, was heard
            begun = any("c.hang.mp4: begins" in message for message in caplog.messages)
            return 1e6 if begun and (folder / "c.hang.hanging").exists() else 0.0

        state = runner.run(Plan(discover([folder]), out, OPTIONS, account=True, workers=1, timeout=600.0),
                           clock=clock)
    told = lines(out)
    assert [told[n]["status"] for n in sorted(told)] == ["done", "failed", "failed", "failed", "done"]
    assert "signal 11" in told["b.segv.mp4"]["error"]
    assert "2 times" in told["b.segv.mp4"]["error"]
    assert "--timeout 600" in told["c.hang.mp4"]["error"]
    assert "no memory is left" in told["d.raise.mp4"]["error"]
    assert all(name in told[name]["error"] for name in told if told[name]["status"] == "failed")
    assert state.failed == 3
    # what workers log is heard here
    assert f"worker 1: {folder / 'a.mp4'}: begins" in caplog.messages
    # asked for again, they can be well
    again = runner.run(Plan(discover([folder]), out, OPTIONS, account=True, workers=1, retry_failed=True))
    assert (again.skipped, again.done, again.failed) == (2, 3, 0)
    whole(out, ["a", "b.segv", "c.hang", "d.raise", "e"])


def test_videos_that_a_model_could_not_read_are_read_again(tiny: Path, tmp_path: Path) -> None:
    def run(voice: str) -> tuple[int, int]:
        options = AnalyzeOptions(transcript="none", offline=True, voice=voice)
        state = runner.run(Plan(discover([tiny]), tmp_path, options, account=True))
        return state.done, state.skipped

    missing = f"keras:{tmp_path / 'none.h5'}"
    assert [run(missing), run(missing)] == [(1, 0), (1, 0)]
    assert [run("builtin:fast"), run("builtin:fast")] == [(1, 0), (0, 1)]


def test_a_wrong_option_ends_the_run_as_a_wrong_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that only the model finds out, when it is loaded."""
    sent: list[dict[str, Any]] = []

    class Parent:
        def receive(self) -> tuple[dict[str, Any], list[Any]]:
            return {"options": {}, "writing": {}, "log_level": logging.WARNING}, []

        def send(self, message: dict[str, Any]) -> None:
            sent.append(message)

    def refuse(options: AnalyzeOptions) -> None:
        raise UsageError("--voice-baseline", "is wrong", "leave it out")

    monkeypatch.setattr("emocli.analyzer.Analyzer", refuse)
    monkeypatch.setattr(worker, "_listen", lambda channel, jobs: None)
    monkeypatch.setattr("emocli.child.forward_logs", lambda channel, level: None)
    worker.serve(Parent())  # type: ignore[arg-type]
    (message,) = sent
    error = of_code(message["code"], *message["fatal"])
    assert type(error) is UsageError
    assert str(error) == "--voice-baseline: is wrong. Leave it out."


def test_an_idle_worker_that_is_killed_has_begun_nothing(tiny: Path, tmp_path: Path) -> None:
    mailbox: Any = queue.SimpleQueue()
    job = discover([tiny])[0]
    made = ChildEngine(OPTIONS, OutputOptions()).start(0, mailbox)
    assert mailbox.get(timeout=120)[1]["kind"] == "ready"
    process = next(p for p in psutil.Process().children() if "emocli.batch.worker" in p.cmdline())
    process.kill()
    until(lambda: process.status() == psutil.STATUS_ZOMBIE)
    made.assign(job, {"csv": str(tmp_path / "a.csv")})
    assert mailbox.get(timeout=120) == (made, None)
    assert "signal 9" in made.last_words()
    made.close()
    assert gone([process])


def test_a_store_in_memory(tiny: Path) -> None:
    """The worker's own function, because such a store is seen by one process only."""
    source = storage.place("memory://videos/day/a.mp4")
    source.parent.mkdir(parents=True)
    source.write_bytes(tiny.read_bytes())
    source.with_suffix(".srt").write_text("1\n00:00:00,000 --> 00:00:00,500\nI am so happy\n")
    jobs = discover([storage.place("memory://videos")])
    assert [(str(j.path), j.name) for j in jobs] == [("memory://videos/day/a.mp4", "day/a")]
    files = {kind: f"memory://out/day/a.emotions.{kind}" for kind in ("csv", "html", "json", "srt")}
    with Analyzer(AnalyzeOptions(offline=True)) as analyzer:
        said = worker.answer(
            analyzer, {"path": str(source), "files": files}, OutputOptions(), lambda message: None
        )
        lost = worker.answer(analyzer, {"path": "memory://videos/b.mp4", "files": files}, OutputOptions(),
                             lambda message: None)
    assert said["kind"] == "done", said
    assert said["hashes"]["csv"] == storage.sha256(storage.place(files["csv"]))
    assert lost["kind"] == "failed"
    assert "cannot be fetched" in lost["error"]
    assert sorted(p.name for p in storage.place("memory://out/day").iterdir()) == [
        f"a.emotions.{kind}" for kind in files]
    assert "I am so happy" in storage.place(files["srt"]).read_text()
    # the video is where the URL says, not where the copy was
    assert 'src="memory://videos/day/a.mp4"' in storage.place(files["html"]).read_text()
    assert '"path": "memory://videos/day/a.mp4"' in storage.place(files["json"]).read_text()
