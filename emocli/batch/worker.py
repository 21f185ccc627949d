"""The child that analyses one video after the other with its models loaded: `python -m emocli.batch.worker`.

It reads JSON lines: first the options, then a job each; and answers with JSON lines on what was standard output:
`ready`, and of each job `progress`, and then `done` or `failed`.  It ends when its parent does.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from emocli import storage
from emocli.errors import EmocliError, WeightsError
from emocli.media.memory import give_memory_back
from emocli.options import AnalyzeOptions

if TYPE_CHECKING:
    from emocli.analyzer import Analyzer
    from emocli.outputs.base import OutputOptions

#: Seconds between two reports of a stage.
REPORT_EVERY = 0.2


def serve(incoming: IO[str], outgoing: IO[str]) -> None:
    """Answer jobs until the parent closes the pipe."""
    from emocli.analyzer import Analyzer
    from emocli.outputs.base import OutputOptions

    settings = json.loads(incoming.readline())
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(incoming, jobs), daemon=True).start()
    writing, tell = OutputOptions(**settings["writing"]), partial(_say, outgoing)
    try:
        with Analyzer(AnalyzeOptions(**settings["options"])) as analyzer:
            tell({"kind": "ready"})
            while True:
                tell(answer(analyzer, json.loads(jobs.get()), writing, tell))
    except WeightsError as error:
        tell({"kind": "failed", "error": str(error), "fatal": True})


def answer(analyzer: Analyzer, job: dict[str, Any], writing: OutputOptions,
           tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Analyse one video and write its results; the message that says how it went.  `tell` hears of progress."""
    try:
        return _analyze(analyzer, job, writing, tell)
    except WeightsError as error:
        return {"kind": "failed", "error": str(error), "fatal": True}
    except EmocliError as error:
        return {"kind": "failed", "error": str(error)}
    except Exception as error:  # a video that a library cannot cope with must not end the batch
        analyzer.close()
        return {"kind": "failed", "error": f"{job['path']}: {type(error).__name__}: {error}"}


def _analyze(analyzer: Analyzer, job: dict[str, Any], writing: OutputOptions,
             tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    from emocli.outputs import formats
    from emocli.transcript.sidecar import find_beside

    began = time.monotonic()
    told: dict[str, float] = {}

    def report(stage: str, share: float) -> None:
        now = time.monotonic()
        if now - told.get(stage, 0.0) >= REPORT_EVERY or share >= 1:
            told[stage] = now
            tell({"kind": "progress", "stage": stage, "share": share})

    video, files = storage.place(job["path"]), {name: storage.place(path) for name, path in job["files"].items()}
    beside = find_beside(video) if storage.remote(video) else None
    with storage.scratch() as folder:
        timeline = analyzer.analyze(storage.fetch(video, folder, *(beside or ())[:1]), report)
        # Results at a URL are written here first.
        here = {kind: folder / "out" / target.name if storage.remote(target) else target
                for kind, target in files.items()}
        formats.write(timeline, here, writing)
        for kind, target in files.items():
            if storage.remote(target):
                storage.put(here[kind], target)
    shares = timeline.shares()
    return {"kind": "done", "seconds": time.monotonic() - began, "duration": timeline.media.duration,
            "summary": {"emotion": max(shares, key=lambda name: shares[name]), "shares": shares,
                        "notes": list(timeline.notes)}}


def _listen(incoming: IO[str], jobs: queue.SimpleQueue[str]) -> None:
    for line in incoming:
        jobs.put(line)
    os._exit(0)  # the parent has gone; the face process follows when its pipe closes


def _say(outgoing: IO[str], message: dict[str, Any]) -> None:
    try:
        outgoing.write(json.dumps(message) + "\n")
        outgoing.flush()
    except BrokenPipeError:
        os._exit(0)


def main() -> None:
    """Entry point of the child."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Whatever a library prints must not get between the messages.
    outgoing = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    give_memory_back()
    serve(sys.stdin, outgoing)


if __name__ == "__main__":
    main()
