"""Make `report.png`, the report page of the first example in a browser, from a real run.

    python docs/make_screenshots.py      # wants selenium, chromium and chromedriver
"""

from __future__ import annotations

import shutil
from pathlib import Path

from selenium import webdriver

import emocli
from emocli.outputs import formats
from emocli.outputs.base import OutputOptions
from emocli.storage import scratch

HERE = Path(__file__).parent
#: Of the window, px, and the moment that the page shows, s: she laughs, and the voice-over speaks.
WIDTH, HEIGHT, MOMENT = 1280, 800, 16.0
#: Goes to a moment of the video, and answers when its picture is there.
GO_TO = """
const [moment, done] = arguments, video = document.querySelector('video');
const shown = () => setTimeout(() => done(video.currentTime), 1500);  // until the browser's wheel has gone
const go = () => { video.addEventListener('seeked', shown, {once: true}); video.currentTime = moment; };
video.preload = 'auto';
video.readyState ? go() : video.addEventListener('loadedmetadata', go, {once: true});
"""


def screenshot(page: Path, target: Path, *, width: int = WIDTH, height: int = HEIGHT,
               moment: float = MOMENT) -> None:
    """Write what a window shows of a report page at a moment of its video."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                 "--disable-background-networking"):
        options.add_argument(flag)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    with webdriver.Chrome(options=options, service=service) as browser:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        browser.set_script_timeout(120)
        browser.get(page.as_uri())
        browser.execute_async_script(GO_TO, moment)
        browser.save_screenshot(str(target))


def main() -> None:
    """Analyse the example and photograph its page."""
    timeline = emocli.analyze(HERE.parent / "examples" / "tears.mp4")
    with scratch() as folder:
        files = formats.targets(timeline.media.path, folder, ["html"])
        formats.write(timeline, files, OutputOptions())
        screenshot(files["html"], HERE / "report.png")


if __name__ == "__main__":
    main()
