"""The report page and the list of videos in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.browser import axe, headless, until
from support.timelines import HOSTILE, of_demo

from emocli.emotions import CLASSES, EMOTIONS
from emocli.outputs import report
from emocli.outputs.base import OutputOptions

PRINTED = HOSTILE.replace("\u202e", "�")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with headless() as driver_of_page:
        yield driver_of_page


@pytest.fixture
def page(browser: Any, demo: Path, tmp_path: Path) -> Callable[..., Any]:
    """Opens the report of the example (or other HTML) from a file, and checks the console at each look."""

    def show(html: str = "", lang: str = "en") -> Any:
        shutil.copy(demo, tmp_path / "demo.mp4")
        target = tmp_path / "report.html"
        target.write_text(html or report.html(of_demo(tmp_path / "demo.mp4"),
                                              OutputOptions(folder=str(tmp_path), lang=lang)),
                          encoding="utf-8")
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.get_log("browser")
        browser.get(target.as_uri())
        until(browser, "return document.readyState === 'complete'")
        assert browser.get_log("browser") == []
        return browser

    return show


def click_timeline(browser: Any, share: float) -> None:
    from selenium.webdriver import ActionChains

    bar = browser.find_element("id", "timeline")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", bar)
    aside = round((share - 0.5) * bar.size["width"])
    ActionChains(browser).move_to_element_with_offset(bar, aside, 0).click().perform()


def position(browser: Any) -> float:
    return float(browser.find_element("id", "timeline").get_attribute("aria-valuenow"))


def shown(browser: Any) -> list[str]:
    return list(browser.execute_script(
        "return [...document.querySelectorAll('#rows li:not([hidden])')].map((one) => one.textContent)"))


@pytest.mark.slow
def test_clicks_and_keys_seek(page: Callable[..., Any]) -> None:
    browser = page()
    until(browser, "return document.getElementById('media').readyState >= 1")
    click_timeline(browser, 0.5)
    assert position(browser) == pytest.approx(8, abs=0.2)
    until(browser, "return Math.abs(document.getElementById('media').currentTime - 8) < 0.3")
    browser.execute_script("document.querySelectorAll('#rows button')[6].click()")
    assert position(browser) == pytest.approx(12)
    current = browser.execute_script("return document.querySelector('[aria-current=true]').textContent")
    assert "sentence 6" in current
    bar = browser.find_element("id", "timeline")
    from selenium.webdriver import Keys

    for keys, expected in ((Keys.ARROW_LEFT, 11), (Keys.SHIFT + Keys.ARROW_LEFT, 1), (Keys.END, 16),
                           (Keys.HOME, 0)):
        bar.send_keys(keys)
        assert position(browser) == pytest.approx(expected, abs=0.05)
    browser.execute_script("document.querySelector('[data-seek]').click()")
    assert position(browser) == pytest.approx(10)
    assert "anger" in bar.get_attribute("aria-valuetext")


@pytest.mark.slow
def test_the_cursor_follows_the_video(page: Callable[..., Any]) -> None:
    browser = page()
    browser.execute_script("document.getElementById('media').play()")
    until(browser, "return Number(document.getElementById('timeline').getAttribute('aria-valuenow')) > 0.4")
    browser.execute_script("document.getElementById('media').pause()")
    assert position(browser) == pytest.approx(
        browser.execute_script("return document.getElementById('media').currentTime"), abs=0.3)


@pytest.mark.slow
def test_an_embedded_video_plays(page: Callable[..., Any], demo: Path) -> None:
    browser = page(report.html(of_demo(demo), OutputOptions(embed=True)))
    assert until(browser, "return document.getElementById('media').duration") == pytest.approx(16, abs=0.1)


@pytest.mark.slow
def test_the_timeline_is_drawn_in_the_classes_colours(page: Callable[..., Any]) -> None:
    browser = page()
    look = """const canvas = document.querySelector('#timeline canvas'), pen = canvas.getContext('2d');
        const seen = arguments[0].map(([x, y]) =>
            [...pen.getImageData(canvas.width * x, canvas.height * y, 1, 1).data]);
        return seen.every((pixel) => pixel[3] > 100) && String(seen) !== arguments[1] && seen"""
    places = [[(i + 0.7) / 8, 0.3] for i in range(7)]
    drawn = until(browser, look, places, "")
    for own, (red, green, blue, _) in zip(CLASSES, drawn, strict=True):
        wanted = tuple(int(own.colour[k:k + 2], 16) for k in (1, 3, 5))
        assert (red, green, blue) == pytest.approx(wanted, abs=4)
    browser.find_element("id", "in").click()
    until(browser, look, places, ",".join(str(value) for pixel in drawn for value in pixel))  # zoomed


@pytest.mark.slow
def test_filters(page: Callable[..., Any]) -> None:
    browser = page()
    assert len(shown(browser)) == 8
    browser.find_element("css selector", "[name=emotion][value='0']").click()
    assert len(shown(browser)) == 6  # happiness was first and last
    browser.execute_script("""const range = document.getElementById('least'); range.value = 70;
                              range.dispatchEvent(new Event('input'))""")
    assert [text[-1] for text in shown(browser)] == ["4", "5", "6"]
    assert browser.find_element("id", "count").text == "3 of 8 rows"
    browser.execute_script("""const face = document.getElementById('face'); face.value = '2';
                              face.dispatchEvent(new Event('change'))""")
    assert [text[-1] for text in shown(browser)] == ["5"]


@pytest.mark.slow
def test_dark_and_narrow(page: Callable[..., Any]) -> None:
    browser = page()
    back = "return getComputedStyle(document.body).backgroundColor"
    assert browser.execute_script(back) == "rgb(255, 255, 255)"
    browser.find_element("id", "theme").click()
    assert browser.execute_script(back) == "rgb(22, 22, 26)"
    for html in ("", report.index([report.Listed("folder/a-rather-long-name-of-a-video", duration=3.0)])):
        browser = page(html)
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                {"width": 320, "height": 640, "deviceScaleFactor": 2, "mobile": True})
        until(browser, "return innerWidth === 320")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 320


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_no_serious_fault_of_accessibility(page: Callable[..., Any], node_modules: Path, lang: str) -> None:
    for dark in (False, True):
        for html in ("", report.index([report.Listed("a", report="x.html", duration=3.0, strip="0123",
                                                     shares=dict.fromkeys(EMOTIONS, 1 / 7))], lang)):
            browser = page(html, lang)
            if dark:
                browser.find_element("id", "theme").click()
            assert axe(browser, node_modules) == []


@pytest.mark.slow
def test_what_is_said_is_shown_and_never_run(page: Callable[..., Any], demo: Path, tmp_path: Path) -> None:
    odd = tmp_path / "<script>window.ran = 1<_script>.mp4"
    shutil.copy(demo, odd)
    browser = page(report.html(of_demo(odd), OutputOptions(folder=str(tmp_path))))
    assert browser.find_element("tag name", "h1").text == odd.name
    assert PRINTED in shown(browser)[0]
    until(browser, "return document.getElementById('media').readyState >= 1")  # a link leads to the odd name
    assert browser.execute_script("return window.ran === undefined")
    browser.execute_script("""const made = document.createElement('script');
                              made.textContent = 'window.ran = 2'; document.body.append(made)""")
    assert browser.execute_script("return window.ran === undefined")  # the policy holds
    assert any("Content Security Policy" in line["message"] for line in browser.get_log("browser"))
    browser = page(report.index([report.Listed(HOSTILE, error=HOSTILE)]))
    assert PRINTED in browser.find_element("css selector", "#videos tbody").get_attribute("textContent")
    assert browser.execute_script("return window.ran === undefined")


@pytest.mark.slow
def test_the_list_sorts_and_searches(page: Callable[..., Any]) -> None:
    sure = [dict.fromkeys(EMOTIONS, 0.0) | {"fear": s, "neutral": 1 - s} for s in (0.6, 0.9, 0.7)]
    videos = [report.Listed(f"video{n}", duration=d, shares=s, strip="33", report=f"video{n}.html")
              for n, d, s in zip((10, 9, 1), (5.0, 50.0, 500.0), sure, strict=True)]
    browser = page(report.index([*videos, report.Listed("bad", "failed", "bad: no picture")]))

    def names() -> list[str]:
        return list(browser.execute_script("return [...document.querySelectorAll('#videos tbody tr')]"
                                           ".map((row) => row.cells[0].textContent)"))

    assert names() == ["bad", "video1", "video9", "video10"]
    for key, expected in (("name", ["video10", "video9", "video1", "bad"]),
                          ("share", ["bad", "video10", "video1", "video9"])):
        browser.find_element("css selector", f"[data-key={key}]").click()
        assert names() == expected
    browser.find_element("id", "search").send_keys("no pic")
    assert names() == ["bad"]
    assert browser.find_element("css selector", "#videos tbody").text == "bad failed: bad: no picture"
