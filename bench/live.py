"""A live session of a file in real time: how long after the end of speech its voice is tagged and its caption
stands, how busy the busiest thread is, whether memory stays flat and no sound is lost.

    python bench/live.py CLIP SPEECH [--minutes 10] [--asr-model base] [--only voice words face]
        [--out bench/results]

CLIP is looped at 640x360, with takes of SPEECH (`ravdess.tar`) and short pauses as its sound.  Three
sessions, each a fresh `emocli live`: `voice` without words and faces, `words` with Whisper and without faces,
`face` with three pictures a second and without words.

"decided to tag" is from the moment at which an utterance is known to have ended, 300 ms of silence after its
last sound, to its voice's emotion; "speech to ..." is from that last sound.  Prints a table and writes JSON.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from analyze import machine
from footage import conversation, encode, loop

#: The sessions by name, with their options.
SESSIONS = {"voice": ["--no-words", "--face-fps", "0"], "words": ["--face-fps", "0"],
            "face": ["--no-words", "--face-fps", "3"]}
#: What is aimed at: session, figure, bar.
BARS = (("voice", "decided to tag, p95, s", 0.200), ("voice", "decided to tag, mean, s", 0.080),
        ("words", "speech to caption, p95, s", 2.0), ("face", "real-time factor, mean", 0.5),
        *((name, figure, bar) for name in SESSIONS
          for figure, bar in (("lost sound, s", 0.0), ("memory, last to second tenth", 1.1))))


def run(film: Path, log: Path, options: list[str]) -> dict[str, float]:
    """One session; its processor time too, as a share of one core."""
    command = [sys.executable, "-m", "emocli", "live", str(film), "--log", str(log), "--overwrite", *options]
    with psutil.Popen(command, stdout=subprocess.DEVNULL) as process:
        spent = 0.0
        while process.poll() is None:
            try:
                members = [process, *process.children(recursive=True)]
                spent = sum(sum(member.cpu_times()[:2]) for member in members)
                process.wait(0.5)
            except (psutil.Error, subprocess.TimeoutExpired):
                continue
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return {"processor seconds": spent}


def figures(log: Path) -> dict[str, Any]:
    """What a log tells."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    latencies = [line["latency"] for line in lines if line["event"] == "utterance"]
    loads = [line for line in lines if line["event"] == "load"]
    tenth = max(1, len(loads) // 10)
    memory = [float(np.median([load["memory"] for load in part])) for part in
              (loads[tenth:2 * tenth], loads[-tenth:])]
    factors = [load["real_time_factor"] for load in loads]
    told: dict[str, Any] = {"seconds": loads[-1]["time"], "utterances": len(latencies)}
    stages = {"decided to tag": [one["voice"] - one["activity"] for one in latencies],
              "speech to tag": [one["voice"] for one in latencies],
              "speech to words": [one["words"] for one in latencies if "words" in one],
              "speech to caption": [one["caption"] for one in latencies]}
    for name, seconds in stages.items():
        if seconds:
            told |= {f"{name}, mean, s": float(np.mean(seconds)),
                     **{f"{name}, p{p}, s": float(np.percentile(seconds, p)) for p in (50, 95, 99)}}
    return told | {
        "real-time factor, mean": float(np.mean(factors)),
        "real-time factor, p95": float(np.percentile(factors, 95)),
        "lost sound, s": loads[-1]["lost"]["sound"],
        "lost pictures": loads[-1]["lost"]["frames"],
        "memory, MB": memory[1] / 1e6, "memory, last to second tenth": memory[1] / memory[0],
        "changes of mode": [line["text"] for line in lines if line["event"] == "notice"]}


def main() -> None:
    """Make the film, run the sessions, print, write."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("speech", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--asr-model", default="base")
    parser.add_argument("--only", nargs="+", choices=SESSIONS, default=list(SESSIONS))
    parser.add_argument("--out", type=Path, default=Path("bench/results"))
    given = parser.parse_args()
    results: dict[str, Any] = {"machine": machine(), "minutes": given.minutes, "sessions": {}}
    with tempfile.TemporaryDirectory() as folder:
        base, film, log = (Path(folder) / name for name in ("base.mp4", "film.mp4", "log.jsonl"))
        encode(given.clip, base, (640, 360))
        loop(base, film, given.minutes, conversation(given.speech / "ravdess.tar", given.minutes * 60))
        for name in given.only:
            spent = run(film, log, [*SESSIONS[name], "--asr-model", given.asr_model])
            results["sessions"][name] = figures(log) | spent
    show(results["sessions"])
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "live.json").write_text(json.dumps(results, indent=1) + "\n")


def show(sessions: dict[str, dict[str, Any]]) -> None:
    """The figures of each session, and the bars."""
    for name, told in sessions.items():
        print(f"\n{name}")
        for figure, value in told.items():
            print(f"  {figure:32} {value:.3f}" if isinstance(value, float) else f"  {figure:32} {value}")
    print(f"\n{'':10}{'':34}{'reached':>10}{'bar':>8}")
    for name, figure, bar in BARS:
        if name in sessions and figure in sessions[name]:
            reached = sessions[name][figure]
            print(f"{name:10}{figure:34}{reached:>10.3f}{bar:>8.3f}  {'' if reached <= bar else 'missed'}")


if __name__ == "__main__":
    main()
