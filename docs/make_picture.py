"""Make the pictures of README and documentation from real runs on the example: `terminal.svg`, `report.png`,
`annotated.jpg`.

    python docs/make_picture.py      # wants selenium, chromium and chromedriver
"""

from __future__ import annotations

import io
import shutil
import time
from pathlib import Path

from rich.console import Console

import emocli
from emocli.cli import console
from emocli.media.probe import probe
from emocli.media.thumbnails import thumbnails
from emocli.outputs import formats
from emocli.outputs.base import OutputOptions
from emocli.render.annotate import Drawing, annotate
from emocli.storage import scratch
from emocli.timeline.types import Timeline

HERE = Path(__file__).parent


def terminal(timeline: Timeline) -> None:
    """The summary as a terminal shows it."""
    screen = Console(record=True, width=96, force_terminal=True, color_system="truecolor", file=io.StringIO())
    screen.print("[bold green]$[/] emocli analyze examples/demo.mp4 -o out", highlight=False)
    console.summary(timeline, [Path("out/demo.emotions.csv"), Path("out/demo.emotions.srt")], screen)
    screen.save_svg(str(HERE / "terminal.svg"), title="emocli")


def report(timeline: Timeline, folder: Path) -> None:
    """The report page in a browser, a little way into the video."""
    from selenium import webdriver

    files = formats.targets(timeline.media.path, folder, ["html"])
    formats.write(timeline, files, OutputOptions())
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                 "--window-size=1000,1480"):
        options.add_argument(flag)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    with webdriver.Chrome(options=options, service=service) as browser:
        browser.get(files["html"].as_uri())
        browser.execute_script("document.querySelectorAll('#rows button')[1].click()")
        time.sleep(1.5)
        browser.save_screenshot(str(HERE / "report.png"))


def annotated(timeline: Timeline, folder: Path) -> None:
    """A picture of the annotated video."""
    annotate(timeline, folder / "annotated.mp4", Drawing(), seconds=4)
    ((jpeg, *_),) = filter(None, thumbnails(probe(folder / "annotated.mp4"), [2.5], 360))
    (HERE / "annotated.jpg").write_bytes(jpeg)


def main() -> None:
    """Analyse the example and draw all three."""
    timeline = emocli.analyze(HERE.parent / "examples" / "demo.mp4")
    with scratch() as folder:
        terminal(timeline)
        annotated(timeline, folder)
        report(timeline, folder)


if __name__ == "__main__":
    main()
