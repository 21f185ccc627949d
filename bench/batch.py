"""Many videos: how many a minute with one worker and with more, what each costs beside its analysis, and
whether the parent and its ledger stay small.

    python bench/batch.py CLIP [--videos 8] [--minutes 1] [--workers 1 2] [--tiny 500] [--out bench/results]

CLIP is looped at 640x360 and 30 frames a second, with a sidecar; the tiny videos are its first half second.
Every run is a fresh `emocli analyze FOLDER -o OUT`, start-up included.  Prints a table and writes JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from analyze import machine
from footage import encode, loop

#: Bytes of an mp4 box that players pass over: what makes copies differ.
FREE = b"\0\0\0\x0cfree"


def copies(video: Path, folder: Path, count: int) -> None:
    """`count` videos of the same frames and different content."""
    folder.mkdir(parents=True)
    for number in range(count):
        target = folder / f"{number:05d}{video.suffix}"
        target.write_bytes(video.read_bytes() + FREE + number.to_bytes(4, "big"))
        if video.with_suffix(".srt").exists():
            target.with_suffix(".srt").write_bytes(video.with_suffix(".srt").read_bytes())


def first(video: Path, out: Path, seconds: float) -> None:
    """The beginning of a video, packets as they are."""
    import av

    with av.open(str(video)) as source, av.open(str(out), "w") as target:
        streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is not None and packet.dts * packet.time_base < seconds:
                packet.stream = streams[packet.stream.index]
                target.mux(packet)


def run(folder: Path, out: Path, *more: str) -> dict[str, Any]:
    """One run: seconds, and the parent's memory in MB while it works, sampled twice a second."""
    command = [sys.executable, "-m", "emocli", "analyze", str(folder), "-o", str(out), "--offline", *more]
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    process, memory = psutil.Process(child.pid), []
    while child.poll() is None:
        try:
            memory.append(process.memory_full_info().uss / 1e6)
        except psutil.Error:
            break
        time.sleep(0.5)
    if child.wait():
        raise SystemExit(f"emocli left with {child.returncode}")
    return {"seconds": time.perf_counter() - began, "parent_mb": memory}


def ledger(out: Path) -> dict[str, float]:
    """Milliseconds of the ledger's calls, the slowest of 200 each, on a run's own ledger."""
    from emocli.batch.ledger import Ledger

    figures = {}
    with Ledger(out) as book:
        names = [e.name for e in book.entries()]
        calls = {"get": lambda name: book.get(name), "counts": lambda name: book.counts(),
                 "begin": lambda name: book.begin(name),
                 "finish": lambda name: book.finish(name, seconds=1, duration=1, summary={}, outputs={})}
        for call, ask in calls.items():
            took = []
            for name in (names * 200)[:200]:
                began = time.perf_counter()
                ask(name)
                took.append((time.perf_counter() - began) * 1e3)
            figures[call] = statistics.median(took)
            figures[f"{call}, slowest"] = max(took)
    return figures


def main() -> None:
    """Measure, print, write."""
    from rich.console import Console
    from rich.table import Table

    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--videos", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--tiny", type=int, default=500)
    parser.add_argument("--out", type=Path, default=Path("bench/results"))
    args = parser.parse_args()
    result: dict[str, Any] = {"machine": machine(), "videos": args.videos, "minutes": args.minutes,
                              "workers": []}
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        encode(args.clip, folder / "base.mp4", (640, 360))
        length = loop(folder / "base.mp4", folder / "long.mp4", args.minutes)
        copies(folder / "long.mp4", folder / "long", args.videos)
        table = Table("workers", "seconds", "videos a minute", "x real time", "against one",
                      title=f"{args.videos} videos of {args.minutes:g} min at 640x360; {result['machine']}")
        for count in args.workers:
            seconds = run(folder / "long", folder / f"out{count}", "--workers", str(count))["seconds"]
            figures = {"workers": count, "seconds": seconds, "videos_a_minute": args.videos / seconds * 60,
                       "x_real_time": args.videos * length / seconds}
            result["workers"].append(figures)
            table.add_row(str(count), f"{seconds:.1f}", f"{figures['videos_a_minute']:.1f}",
                          f"{figures['x_real_time']:.1f}", f"{result['workers'][0]['seconds'] / seconds:.2f}")
        console.print(table)
        if args.tiny:
            first(folder / "base.mp4", folder / "tiny.mp4", 0.5)
            copies(folder / "tiny.mp4", folder / "tiny", args.tiny)
            done = run(folder / "tiny", folder / "tinyout", "--transcript", "none", "--workers", "1")
            again = run(folder / "tiny", folder / "tinyout", "--transcript", "none", "--workers", "1")
            memory = done["parent_mb"]
            tenth = max(1, len(memory) // 10)
            result["tiny"] = {"videos": args.tiny, "seconds_each": done["seconds"] / args.tiny,
                              "seconds_each_when_done": again["seconds"] / args.tiny,
                              "parent_mb_first_tenth": max(memory[:2 * tenth][tenth - 1:]),
                              "parent_mb_last_tenth": max(memory[-tenth:]),
                              "ledger_ms": ledger(folder / "tinyout")}
            for key, value in result["tiny"].items():
                console.print(f"{key.replace('_', ' ')}: {value}")
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "batch.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
