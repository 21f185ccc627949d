"""How fast results can be looked at: burning them into a 720p video, and opening the report of a two-hour
one.

    python bench/report.py CLIP [--seconds 60] [--out bench/results]

CLIP is enlarged, looped and analysed; then `emocli annotate` runs as a user starts it.  The report is one of
made-up scores (chance), since only their number counts; Debian's chromium opens it from the disk.  Prints a
table and writes JSON.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from analyze import machine
from footage import encode, loop


def annotate(clip: Path, folder: Path, seconds: float) -> dict[str, float]:
    """Seconds of `emocli annotate` for a 720p video."""
    base, video = folder / "base.mp4", folder / "video.mp4"
    encode(clip, base, (1280, 720))
    length = loop(base, video, seconds / 60)
    command = [sys.executable, "-m", "emocli"]
    subprocess.run([*command, "analyze", str(video), "-f", "json", "--offline", "-q"], check=True,
                   stdout=subprocess.DEVNULL)
    took = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([*command, "annotate", str(video), "--overwrite"], check=True,
                       stdout=subprocess.DEVNULL)
        took.append(time.perf_counter() - began)
    return {"video_seconds": length, "seconds": statistics.median(took),
            "x_real_time": length / statistics.median(took)}


def report(folder: Path) -> dict[str, Any]:
    """Size of a two-hour report, and seconds to make and to open it."""
    from emocli.outputs.base import OutputOptions
    from emocli.outputs.report import html
    from emocli.timeline.flags import flags_of
    from emocli.timeline.types import (
        MODALITIES,
        FaceObservation,
        MediaInfo,
        Reading,
        Row,
        Segment,
        Timeline,
        Utterance,
    )

    rng, rows, start = np.random.default_rng(0), [], 0.0
    while start < 7200:
        end = start + float(rng.uniform(1.5, 4.5))
        readings = {m: Reading(m, scores=rng.dirichlet(np.ones(7)), face_id=1 if m == "face" else None)
                    for m in MODALITIES}
        said = Utterance(start, end, "word " * round(3 * (end - start)), speaker=f"S{rng.integers(1, 5)}")
        fused = rng.dirichlet(np.ones(7))
        flags = flags_of(Segment(start, end, said), fused, readings)
        rows.append(Row(start, end, said, fused, readings, flags))
        start = end
    faces = tuple(FaceObservation(i / 5, (0, 0, 9, 9), np.zeros((5, 2)), 0.9, 1 + i // 50 % 8, scores=p)
                  for i, p in enumerate(rng.dirichlet(np.ones(7), 36000)))
    timeline = Timeline(MediaInfo(Path("long.mp4"), start, True, True, 1920, 1080), tuple(rows), faces)
    began = time.perf_counter()
    page = folder / "report.html"
    page.write_text(html(timeline, OutputOptions()), encoding="utf-8")
    figures = {"rows": len(rows), "faces": len(faces), "bytes": page.stat().st_size,
               "seconds_to_make": time.perf_counter() - began}
    return figures | (opened(page) if shutil.which("chromedriver") else {})


def opened(page: Path) -> dict[str, list[float]]:
    """Seconds from the start of navigation until the page has loaded and been painted, five times, and what
    its main thread worked in them, which a busy machine does not lengthen."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"):
        options.add_argument(flag)
    took, worked = [], []
    with webdriver.Chrome(options=options,
                          service=webdriver.ChromeService(shutil.which("chromedriver"))) as browser:
        browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        for _ in range(5):
            browser.get("about:blank")
            browser.get(page.as_uri())
            took.append(browser.execute_async_script(
                "const done = arguments[0];"
                "requestAnimationFrame(() => setTimeout(() => done(performance.now())))") / 1000)
            metrics = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
            worked.append(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))
    return {"seconds_to_open": sorted(took), "seconds_of_main_thread": sorted(worked)}


def main() -> None:
    """Measure, print, write."""
    from rich.console import Console
    from rich.table import Table

    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--out", type=Path, default=Path("bench/results"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = {"machine": machine(), "annotate_720p": annotate(args.clip, Path(folder), args.seconds),
                  "report_two_hours": report(Path(folder))}
    table = Table("what", "figure", title=result["machine"])
    for part in ("annotate_720p", "report_two_hours"):
        for name, value in result[part].items():
            table.add_row(f"{part}: {name}", " ".join(f"{v:.2f}" for v in value) if isinstance(value, list)
                          else f"{value:,.2f}")
    Console().print(table)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "report.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
