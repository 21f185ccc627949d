"""The child that analyses one video after the other with its models loaded: `python -m emocli.batch.worker`,
spoken to as `emocli.child` says.  It is sent its settings, then a job at a time, and answers `begun`,
`progress`, and then `done` or `failed`."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emocli import child, storage
from emocli.batch.engine import BEGUN, DONE, PROGRESS
from emocli.errors import EmocliError, InputError, WeightsError
from emocli.options import AnalyzeOptions
from emocli.outputs.base import OutputOptions
from emocli.plaintext import printable

if TYPE_CHECKING:
    from emocli.analyzer import Analyzer

log = logging.getLogger("emocli.batch")

#: Seconds between two reports of a stage.
REPORT_EVERY = 0.2

Tell = Callable[[dict[str, Any]], None]


def serve(channel: child.Channel) -> None:
    """Answer jobs until the parent has gone."""
    from emocli.analyzer import Analyzer

    settings, _ = channel.receive()
    child.forward_logs(channel, settings["log_level"])
    jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(channel, jobs), daemon=True).start()
    writing = OutputOptions(**settings["writing"])
    try:
        with Analyzer(AnalyzeOptions(**settings["options"])) as analyzer:
            channel.send({"kind": child.READY})
            while True:
                job = jobs.get()
                channel.send({"kind": BEGUN})
                answered = answer(analyzer, job, writing, channel.send)
                del answered["timeline"]
                channel.send(answered)
    except EmocliError as error:  # of the models or the options, which no video can do without
        channel.send(failure(error) | {"fatal": (error.subject, error.cause, error.step)})


def answer(analyzer: Analyzer, job: dict[str, Any], writing: OutputOptions, tell: Tell) -> dict[str, Any]:
    """Analyse one video and write its results; the message that says how it went, with the timeline, or None.
    `tell` hears of progress."""
    log.info("%s: begins", job["path"])
    try:
        answered = _analyze(analyzer, job, writing, tell)
        log.info("%s: done in %.1f s", job["path"], answered["seconds"])
        return answered
    except Exception as error:  # a video that a library cannot cope with must not end the run
        if not isinstance(error, EmocliError):
            log.debug("%s", job["path"], exc_info=True)
            analyzer.close()
        return failure(error, job["path"])


def failure(error: BaseException, path: str = "") -> dict[str, Any]:
    """The message for an error with the video at `path`; one of our own weights ends the whole run."""
    if not isinstance(error, EmocliError):
        error = InputError(path, f"{type(error).__name__}: {error}",
                           "check that it plays in a media player; -v says where it happened")
    text = str(error)
    fatal = (error.subject, error.cause, error.step) if isinstance(error, WeightsError) else None
    text = text if printable(path) in text else f"{path}: {text}"
    return {"kind": child.FAILED, "error": text, "fatal": fatal, "code": error.exit_code, "timeline": None}


def _analyze(analyzer: Analyzer, job: dict[str, Any], writing: OutputOptions, tell: Tell) -> dict[str, Any]:
    from emocli.outputs import formats
    from emocli.transcript.sidecar import all_beside

    began = time.monotonic()
    told: dict[str, float] = {}

    def report(stage: str, share: float) -> None:
        now = time.monotonic()
        if now - told.get(stage, 0.0) >= REPORT_EVERY or share >= 1:
            told[stage] = now
            tell({"kind": PROGRESS, "stage": stage, "share": share})

    video = storage.place(job["path"])
    files = {kind: storage.place(path) for kind, path in job["files"].items()}
    if not any(map(storage.remote, (video, *files.values()))):
        timeline = analyzer.analyze(video, report)
        hashes = formats.write(timeline, files, writing)
    else:
        beside = [b.path for b in all_beside(video)] if storage.remote(video) else []
        with storage.scratch() as folder:
            timeline = analyzer.analyze(storage.fetch(video, folder, *beside), report)
            local = {kind: folder / "out" / file.name if storage.remote(file) else file
                     for kind, file in files.items()}
            hashes = formats.write(timeline, local, replace(
                writing, address=str(video) if storage.remote(video) else ""))
            for kind, file in files.items():
                if storage.remote(file):
                    storage.put(local[kind], file)
    shares = timeline.shares()
    return {"kind": DONE, "seconds": time.monotonic() - began, "duration": timeline.media.duration,
            "hashes": dict(zip(files, hashes.values(), strict=True)), "timeline": timeline,
            "summary": {"emotion": max(shares, key=lambda name: shares[name]), "shares": shares,
                        "notes": list(timeline.notes), "left_out": analyzer.left_out}}


def _listen(channel: child.Channel, jobs: queue.SimpleQueue[dict[str, Any]]) -> None:
    with suppress(child.ChildEndedError):
        while True:
            jobs.put(channel.receive()[0])
    storage.remove_unfinished()
    os._exit(0)  # the parent has gone; the face process follows when its pipe closes


def main() -> None:
    """Entry point of the child."""
    from emocli.media.memory import give_memory_back

    channel = child.parent()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    give_memory_back()
    with suppress(child.ChildEndedError):
        serve(channel)


if __name__ == "__main__":
    main()
