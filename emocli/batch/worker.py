"""The child that analyses one video after the other with its models loaded: `python -m emocli.batch.worker`.

It reads JSON lines: first the options, then a job each; and answers with JSON lines on what was standard output:
`progress`, and then `done` or `failed`.  It ends when its parent does.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

from emocli.errors import EmocliError, WeightsError
from emocli.options import AnalyzeOptions

#: Seconds between two reports of a stage.
REPORT_EVERY = 0.2


def serve(incoming: IO[str], outgoing: IO[str]) -> None:
    """Answer jobs until the parent closes the pipe."""
    from emocli.analyzer import Analyzer
    from emocli.outputs.base import OutputOptions

    settings = json.loads(incoming.readline())
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(incoming, jobs), daemon=True).start()
    writing = OutputOptions(**settings["writing"])
    with Analyzer(AnalyzeOptions(**settings["options"])) as analyzer:
        while True:
            job = json.loads(jobs.get())
            try:
                answer = analyze(analyzer, job, writing, outgoing)
            except WeightsError as error:
                answer = {"kind": "failed", "error": str(error), "fatal": True}
            except EmocliError as error:
                answer = {"kind": "failed", "error": str(error)}
            except Exception as error:  # a video that a library cannot cope with must not end the batch
                answer = {"kind": "failed", "error": f"{job['path']}: {type(error).__name__}: {error}"}
                analyzer.close()
            _say(outgoing, answer)


def analyze(analyzer: Any, job: dict[str, Any], writing: Any, outgoing: IO[str]) -> dict[str, Any]:
    """Analyse one video and write its results."""
    from emocli.outputs import formats

    began = time.monotonic()
    told: dict[str, float] = {}

    def report(stage: str, share: float) -> None:
        now = time.monotonic()
        if now - told.get(stage, 0.0) >= REPORT_EVERY or share >= 1:
            told[stage] = now
            _say(outgoing, {"kind": "progress", "stage": stage, "share": share})

    timeline = analyzer.analyze(Path(job["path"]), report)
    formats.write(timeline, {name: Path(path) for name, path in job["files"].items()}, writing)
    shares = timeline.shares()
    return {"kind": "done", "seconds": time.monotonic() - began, "duration": timeline.media.duration,
            "summary": {"emotion": max(shares, key=lambda name: shares[name]), "shares": shares,
                        "notes": list(timeline.notes)}}


def _listen(incoming: IO[str], jobs: queue.SimpleQueue[str]) -> None:
    for line in incoming:
        jobs.put(line)
    leave()


def leave() -> None:
    """End this process and the face process at once: the parent has gone."""
    process = sys.modules.get("emocli.face.process")
    for child in list(process.CHILDREN) if process else []:
        child.kill()
    os._exit(0)


def _say(outgoing: IO[str], message: dict[str, Any]) -> None:
    try:
        outgoing.write(json.dumps(message) + "\n")
        outgoing.flush()
    except BrokenPipeError:
        leave()


def main() -> None:
    """Entry point of the child."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Whatever a library prints must not get between the messages.
    outgoing = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.stdin, outgoing)


if __name__ == "__main__":
    main()
