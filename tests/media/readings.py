"""What a file is read as, by each of the readers, in a process of its own: `readings.py FOLDER...` prints a
JSON line for the file in each, called by its bare name, with what it cost."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np


def disk() -> int:
    """Bytes on the disk of all files that this process holds open, those without a name too."""
    total = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            total += descriptor.stat().st_blocks * 512
        except OSError:
            continue
    return total


def read(path: Path) -> dict[str, Any]:
    """Everything that is read of a file; `error` where it is refused."""
    from support.timelines import made_up

    from emocli.errors import EmocliError
    from emocli.media.audio import SAMPLE_RATE, decode
    from emocli.media.frames import FrameStream, full_range
    from emocli.media.probe import probe
    from emocli.media.thumbnails import thumbnails
    from emocli.render.annotate import Drawing, annotate

    result: dict[str, Any] = {"name": path.name}
    before, began = disk(), time.process_time()
    try:
        info = probe(path)
        result |= {"duration": info.duration, "notes": info.notes, "size": (info.width, info.height)}
        *_, (_, sound) = decode(info)
        with sound:
            result["disk"] = disk() - before
            head = sound.read(0, min(sound.duration, 300))
            loud = np.flatnonzero(np.abs(head) > 0.1)
            result["sound"] = {"end": sound.duration, "samples": sound.samples,
                               "onset": float(loud[0]) / SAMPLE_RATE if len(loud) else None,
                               "loud": float(np.sum(np.abs(head) > 0.01)) / SAMPLE_RATE}
        if info.has_video:
            stream = FrameStream(info, 25.0)
            frames = [(s.time, float(full_range(s.grey, s.narrow).mean()), s.small.shape) for s in stream]
            result |= {"frames": frames, "end": stream.end, "broken": stream.broken}
            times = [info.duration * share for share in (0.1, 0.4, 0.9)]
            result["thumbnails"] = [t and t[1:] for t in thumbnails(info, times, 320)]
            target = path.with_name(".annotated.mkv")
            annotate(replace(made_up(), media=info), target, Drawing(captions=False))
            import av

            with av.open(str(target)) as container:
                result["annotated"] = [f.time for f in container.decode(video=0)]
            with av.open(str(target)) as container:
                result["annotated_end"] = max(float((p.pts + (p.duration or 0)) * p.time_base)
                                              for p in container.demux() if p.pts is not None)
            result["disk"] = max(result["disk"], target.stat().st_size)
    except EmocliError as error:
        result["error"] = f"{type(error).__name__}: {error}"
    return result | {"seconds": time.process_time() - began, "memory": _peak()}


def _peak() -> int:
    """Bytes this program took at most.  `ru_maxrss` would count what its parent held before it began."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    for folder in sys.argv[1:]:
        os.chdir(folder)
        (name,) = (file.name for file in Path(folder).iterdir() if not file.name.startswith("."))
        print(json.dumps(read(Path(name))), flush=True)
