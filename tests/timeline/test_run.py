"""What readers share: the stop signal, notes, how far streams go, what took part."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import pytest

from emocli.timeline.run import Run, StoppedError, of_utterances
from emocli.timeline.types import MediaInfo, Reading, Segment, Utterance

MEDIA = MediaInfo(Path("a.mp4"), 10.0, True, True, notes=("its stamps jump",))


def test_the_first_failure_stops_all() -> None:
    run, never = Run(MEDIA), Future[int]()
    run.check()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(run.wait, never)
        run.stop(ValueError("first"))
        run.stop(KeyError("second"))
        assert isinstance(waiting.exception(timeout=60), StoppedError)
    assert isinstance(run.failure, ValueError)
    for stage in (run.check, lambda: run.progress("faces", 1.0), lambda: run.speech):
        with pytest.raises(StoppedError):
            stage()


def test_a_result_and_a_failure_come_through() -> None:
    run, done, failed = Run(MEDIA), Future[int](), Future[int]()
    done.set_result(3)
    failed.set_exception(KeyError("a"))
    assert run.wait(done) == 3
    with pytest.raises(KeyError):
        run.wait(failed)


@pytest.mark.parametrize(("duration", "share"), [(10.0, 0.4), (2.0, 1.0), (0.0, 1.0)])
def test_progress_is_a_share(duration: float, share: float) -> None:
    told = []
    run = Run(MediaInfo(Path("a.mp4"), duration, True, True), lambda *report: told.append(report))
    run.progress("faces", 4.0)
    run.report("download", 0.5)
    assert told == [("faces", share), ("download", 0.5)]


def test_notes_begin_with_the_medias_and_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    run = Run(MEDIA)
    run.note("a picture is missing")
    assert run.notes == ["its stamps jump", "a picture is missing"]
    assert caplog.record_tuples == [("emocli", logging.WARNING, "a.mp4: a picture is missing")]


def test_a_run_is_as_long_as_its_longest_stream() -> None:
    run = Run(MEDIA)
    run.reached(4.0, 1)
    run.reached(3.0, 2)
    assert (run.duration, run.broken) == (4.0, 3)


def test_libraries_by_their_versions() -> None:
    run = Run(MEDIA)
    run.uses("numpy", "no-such-library", weights={"a": {"file": "a.pt"}})
    assert run.libraries == {"numpy": version("numpy"), "no-such-library": "unknown"}
    assert run.weights == {"a": {"file": "a.pt"}}


def test_readings_of_utterances_go_to_their_segments() -> None:
    present, silent = Reading("text", scores=MEDIA), Reading("text", reason="no words")
    read = of_utterances([present, silent], [1.0, 3.0], Reading("text", reason="nobody speaks"))
    segments = [Segment(0, 2), Segment(2, 6, Utterance(2, 3)), Segment(6, 9, Utterance(6, 9))]
    told = [(r.reason, r.quality) for r in read(segments)]
    assert told == [("nobody speaks", 0), ("", 0.25), ("no words", 0)]
    assert [r.quality for r in read([Segment(2, 2.5, Utterance(2, 3))])] == [1.0]
