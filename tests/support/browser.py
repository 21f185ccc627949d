"""A headless Chromium, and what tests ask it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


@contextmanager
def headless(size: str = "1100,1400") -> Iterator[Any]:
    """A browser whose console is kept; skips the test where there is none."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    webdriver = pytest.importorskip("selenium.webdriver", reason="wants selenium")
    if not chromium or not driver:
        pytest.skip("wants chromium and chromedriver (apt install chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--mute-audio",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 "--autoplay-policy=no-user-gesture-required", f"--window-size={size}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)) as browser:
        yield browser


def until(browser: Any, script: str, *arguments: Any) -> Any:
    """What a script returns once it is true; the test's own time limit ends the wait."""
    while not (value := browser.execute_script(script, *arguments)):
        time.sleep(0.05)
    return value


def axe(browser: Any, node_modules: Path) -> list[str]:
    """Serious faults of accessibility."""
    browser.execute_script((node_modules / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    result = browser.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in result["violations"]
            if one["impact"] in ("serious", "critical")]
