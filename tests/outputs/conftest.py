"""Pages in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.browser import headless, until
from support.timelines import of_demo

from emocli.outputs import report
from emocli.outputs.base import OutputOptions


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with headless() as driver_of_page:
        yield driver_of_page


@pytest.fixture
def page(browser: Any, demo: Path, tmp_path: Path) -> Callable[..., Any]:
    """Opens the report of the example (or other HTML) from a file in a view of some size, and checks the
    console."""

    def show(html: str = "", lang: str = "en", *, size: tuple[int, int] = (1280, 800), fragment: str = "",
             dark: bool = False) -> Any:
        shutil.copy(demo, tmp_path / "demo.mp4")
        target = tmp_path / "report.html"
        target.write_text(html or report.html(of_demo(tmp_path / "demo.mp4"),
                                              OutputOptions(folder=str(tmp_path), lang=lang)),
                          encoding="utf-8")
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 600})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        browser.get_log("browser")
        browser.get("about:blank")  # a mere change of the fragment would not load the page
        browser.get(target.as_uri() + fragment)
        until(browser, "return document.readyState === 'complete'")
        assert browser.get_log("browser") == []
        return browser

    return show
