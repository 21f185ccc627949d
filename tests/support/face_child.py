"""Stands in for `emocli.face.worker`: no models, and it dies, fails or waits as the JSON in place of its
weights says.  It has no meshes.

`die` and `fail` are numbers of requests, counted over all lives; `wait` names a file that must be there
before the first request is answered; `unready` says that it cannot load.  Crops whose first pixel is 255 are
choked on.  Beside the plan it keeps a `.log` with a line a start and a line a request.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from emocli.child import FAILED, READY, ChildEndedError, parent
from emocli.face.network import FEATURES
from emocli.face.worker import ANSWER, CROPS, PICTURE

#: A face that is found in every picture: box, five points, score.
FACE = [30, 20, 60, 60, 45, 40, 75, 40, 60, 55, 48, 68, 72, 68, 0.99]


def log_of(plan: Path) -> list[str]:
    return plan.with_suffix(".log").read_text().splitlines()


def main() -> None:
    path = Path(sys.argv[1])
    plan = json.loads(path.read_text())

    def note(line: str) -> None:
        with path.with_suffix(".log").open("a") as log:
            log.write(line + "\n")

    note("start")
    channel = parent()
    if "unready" in plan:
        channel.send({"kind": FAILED, "error": plan["unready"]})
        sys.exit(1)
    channel.send({"kind": READY})
    while True:
        message, (request,) = channel.receive()
        while "wait" in plan and not Path(plan["wait"]).exists():
            time.sleep(0.01)
        number = sum(line != "start" for line in log_of(path))
        note(f"{message['kind']} {len(request)}")
        if number in plan.get("die", ()):
            os._exit(3)
        crops = message["kind"] == CROPS
        known = message["kind"] in (CROPS, PICTURE)
        if number in plan.get("fail", ()) or not known or (crops and (request[:, 0, 0] == 255).any()):
            channel.send({"kind": FAILED, "error": "choked"})
        elif crops:
            happy = np.tile(np.eye(7, dtype=np.float32)[0] * 4, (len(request), 1))
            channel.send({"kind": ANSWER}, [np.ones((len(request), FEATURES), np.float32), happy])
        else:
            channel.send({"kind": ANSWER}, [np.array([FACE])])


if __name__ == "__main__":
    try:
        main()
    except ChildEndedError:
        os._exit(0)
