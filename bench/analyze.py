"""Speed and memory of a whole run: `emocli analyze` as a user starts it, on looped footage.

    python bench/analyze.py CLIP [--talk nemo.tar] [--minutes 10 120] [--size 1920x1080] [--out bench/results]

Each length is made by looping CLIP at 30 frames a second.  With `--talk` the first length is measured
with words by Whisper `base`, as users get them (in the cache before: `emocli models pull whisper-base`):
its sound are the takes of that archive of speech (16 kHz Ogg Opus) in a shuffled order with 0.3 to 0.9 s
between them, and there is no sidecar.  All other figures are of the clip's own sound, looped, with a
sidecar transcript.  Cold is a fresh process, start-up included; warm is the second video of a process.
Beside them stand what each stage takes by itself, and limits: the same video only decoded (PyAV, all
frames, its own threads), every sample only searched at full size, every face only read.  Memory is the
sum over the parent and its children (proportional set size), sampled four times a second, in a run of
its own.

Prints tables and writes JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from footage import RATE, conversation, encode, loop


def machine() -> str:
    """The machine in words."""
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.processor())
    return f"{os.cpu_count()} cores, {model}, {psutil.virtual_memory().total / 2**30:.0f} GiB"


def memory(process: psutil.Process) -> float:
    """MB of a process and its children."""
    total = 0
    for member in [process, *process.children(recursive=True)]:
        try:
            total += member.memory_full_info().pss
        except (psutil.Error, OSError):
            continue
    return total / 1e6


def run(video: Path, folder: Path, *, watch: bool) -> tuple[float, float, float]:
    """One fresh run: its seconds, its processor seconds over all cores and, if watched (which slows
    it), its peak memory in MB."""
    command = [sys.executable, "-m", "emocli", "analyze", str(video), "-o", str(folder), "--overwrite",
               "--offline"]
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    child = subprocess.Popen(command)
    process, peak = psutil.Process(child.pid), 0.0
    while watch and child.poll() is None:
        try:
            peak = max(peak, memory(process))
        except psutil.Error:
            break
        time.sleep(0.25)
    if child.wait():
        raise SystemExit(f"emocli left with {child.returncode}")
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak


def networks() -> dict[str, dict[str, float]]:
    """How long the two ways of reading faces take to start, and how many faces they read a second."""
    from emocli import weights
    from emocli.face.process import FaceProcess

    figures = {}
    for name, network in (("LiteRT", "face-litert"), ("Keras", "face")):
        with FaceProcess(weights.resolve(network), device="cpu") as process:
            began = time.perf_counter()
            process.classify(np.zeros((64, 48, 48), np.uint8)).result()
            started = time.perf_counter() - began
            began = time.perf_counter()
            for call in [process.classify(np.zeros((64, 48, 48), np.uint8)) for _ in range(20)]:
                call.result()
            rate = 20 * 64 / (time.perf_counter() - began)
        figures[name] = {"start_seconds": started, "faces_per_second": rate}
    return figures


def warm(short: Path, video: Path) -> float:
    """Seconds of a video in a process that has analysed another before."""
    from emocli import Analyzer

    with Analyzer() as analyzer:
        analyzer.analyze(short)
        began = time.perf_counter()
        analyzer.analyze(video)
        return time.perf_counter() - began


def limits(video: Path, reading: dict[str, float]) -> dict[str, float]:
    """Seconds of one kind of work and nothing else; `reading` is how faces are read, one of `networks`."""
    import av

    from emocli import weights
    from emocli.face.detect import YuNet
    from emocli.media.frames import FrameStream
    from emocli.media.probe import probe

    began = time.perf_counter()
    with av.open(str(video)) as container:
        container.streams.video[0].thread_type = "AUTO"
        frames = sum(1 for _ in container.decode(video=0))
    seconds = {"decode all frames": time.perf_counter() - began}
    samples = frames // (RATE // 5)
    first = [sample.small for sample, _ in zip(FrameStream(probe(video), 5), range(100), strict=False)]
    detector = YuNet(weights.resolve("yunet"))
    detector.find(first[0])
    began = time.perf_counter()
    for small in first:
        detector.find(small)
    seconds["find faces"] = (time.perf_counter() - began) * samples / len(first)
    seconds["read faces"] = samples / reading["faces_per_second"]
    return seconds


def stages(video: Path, reading: dict[str, float]) -> dict[str, float]:
    """Seconds that each stage takes alone, one after another, in this process; `reading` is how faces are
    read, one of `networks`."""
    from emocli import weights
    from emocli.face.detect import AdaptiveScaleDetector, YuNet
    from emocli.media.audio import decode
    from emocli.media.frames import FrameStream
    from emocli.media.probe import probe

    info, seconds = probe(video), {}
    began = time.perf_counter()
    first = []
    for i, sample in enumerate(FrameStream(info, 5)):
        if i < 100:
            first.append(sample)
        count = i + 1
    seconds["decode and sample frames"] = time.perf_counter() - began
    detector = AdaptiveScaleDetector(YuNet(weights.resolve("yunet")))
    began = time.perf_counter()
    for sample in first:
        detector.find(sample.small)
    seconds["find faces"] = (time.perf_counter() - began) * count / len(first)
    seconds["start LiteRT and read faces"] = reading["start_seconds"] + count / reading["faces_per_second"]
    began = time.perf_counter()
    *_, (_, sound) = decode(info)
    seconds["decode sound"] = time.perf_counter() - began
    with sound:
        from emocli.timeline.run import Speech
        from emocli.transcript.sidecar import read
        from emocli.voice.model import load
        from emocli.voice.model import read as read_voice

        began = time.perf_counter()
        read_voice(load(["voice"]), Speech(read(video.with_suffix(".srt")), "en", sound))
        seconds["read voice (and start PyTorch)"] = time.perf_counter() - began
    return seconds


def timings(video: Path, folder: Path, length: float, repeat: int) -> dict[str, Any]:
    """What so many runs of a video take, the fastest first, and the peak memory of one more."""
    timed = sorted(run(video, folder, watch=False) for _ in range(repeat))
    return {"minutes": length / 60, "seconds": [s for s, *_ in timed],
            "processor_seconds": [s for _, s, _ in timed], "x_real_time": [length / s for s, *_ in timed],
            "peak_mb": run(video, folder, watch=True)[2]}


def measure(clip: Path, size: str, lengths: list[float], repeat: int, talk: Path | None) -> dict[str, Any]:
    """All figures, as they are written; `lengths` in minutes."""
    width, height = map(int, size.split("x"))
    result: dict[str, Any] = {"machine": machine(), "size": size, "clip": clip.name, "whisper": [],
                              "runs": []}
    with tempfile.TemporaryDirectory() as folder:
        base, out = Path(folder) / "base.mp4", Path(folder) / "out"
        encode(clip, base, (width, height))
        if talk:
            video = Path(folder) / "talk.mp4"
            length = loop(base, video, lengths[0], conversation(talk, lengths[0] * 60))
            result["whisper"].append(timings(video, out, length, repeat))
        for minutes in lengths:
            video = Path(folder) / f"{minutes:g}min.mp4"
            length = loop(base, video, minutes)  # of the longer ones only the memory
            result["runs"].append(timings(video, out, length, repeat if minutes == lengths[0] else 0))
        # Not before the last of the runs: libraries that this process holds, too, count less as their memory.
        video = Path(folder) / f"{lengths[0]:g}min.mp4"
        loop(base, short := Path(folder) / "short.mp4", 0.2)
        result["warm_seconds"] = warm(short, video)
        result["networks"] = networks()
        reading = result["networks"]["LiteRT"]
        result["stages"], result["limits"] = stages(video, reading), limits(video, reading)
    began = time.perf_counter()
    for _ in range(5):
        subprocess.run([sys.executable, "-m", "emocli", "--help"], stdout=subprocess.DEVNULL, check=True)
    result["help_seconds"] = (time.perf_counter() - began) / 5
    return result


def show(result: dict[str, Any]) -> None:
    """Print the figures as tables."""
    from rich.console import Console
    from rich.table import Table

    console, runs = Console(), result["runs"]
    table = Table("words", "length", "seconds", "processor seconds", "x real time", "peak memory",
                  title=f"{result['size']}, {RATE} frames/s; {result['machine']}")
    for words, length in [("Whisper base", r) for r in result["whisper"]] + [("sidecar", r) for r in runs]:
        figures = (" ".join(f"{v:.1f}" for v in length[key]) or "-"
                   for key in ("seconds", "processor_seconds", "x_real_time"))
        table.add_row(words, f"{length['minutes']:.1f} min", *figures, f"{length['peak_mb']:.0f} MB")
    console.print(table)
    alone = result["stages"]
    table = Table("stage alone", "seconds", "share",
                  title=f"{runs[0]['minutes']:.1f} min, one stage after another")
    for name, seconds in alone.items():
        table.add_row(name, f"{seconds:.1f}", f"{seconds / sum(alone.values()):.0%}")
    console.print(table)
    middle = sorted(runs[0]["seconds"])[len(runs[0]["seconds"]) // 2]
    console.print(f"warm: {result['warm_seconds']:.1f} s; cold, the median: {middle:.1f} s")
    for name, seconds in result["limits"].items():
        console.print(f"{name} and nothing else: {seconds:.1f} s; the whole takes "
                      f"{middle / seconds:.2f} of it")
    for name, network in result["networks"].items():
        console.print(f"{name}: starts in {network['start_seconds']:.1f} s, "
                      f"{network['faces_per_second']:.0f} faces/s")
    console.print(f"emocli --help: {result['help_seconds']:.2f} s")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--talk", type=Path, help="a tar of speech, for runs with words by Whisper")
    parser.add_argument("--minutes", type=float, nargs="+", default=[10, 120])
    parser.add_argument("--repeat", type=int, default=3, help="runs of the first length")
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--out", type=Path, default=Path("bench/results"))
    args = parser.parse_args()
    result = measure(args.clip, args.size, args.minutes, args.repeat, args.talk)
    show(result)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / f"analyze-{args.size.split('x')[1]}p.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
