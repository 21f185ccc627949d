"""The report page as it is seen: layout, themes, hatching, small screens, paper, and what axe-core finds."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.browser import axe, until
from support.timelines import of_demo, two_hours

from emocli.emotions import CLASSES, EMOTIONS
from emocli.outputs import report, video_list
from emocli.outputs.base import OutputOptions

BOX = """const box = document.querySelector(arguments[0]).getBoundingClientRect();
    return [box.left, box.top, box.right, box.bottom]"""
BACK = "return getComputedStyle(document.body).backgroundColor"
#: Colours of a part of a canvas: [left, top, width, height] in parts of it.
COLOURS = """const canvas = document.querySelector(arguments[0]), pen = canvas.getContext('2d');
    const [left, top, wide, high] = arguments[1];
    const image = pen.getImageData(left * canvas.width, top * canvas.height, Math.max(1, wide * canvas.width),
                                   Math.max(1, high * canvas.height)).data;
    const seen = new Set();
    for (let i = 0; i < image.length; i += 4) if (image[i + 3]) seen.add(image.slice(i, i + 3).join());
    return seen.size ? [...seen].map((one) => one.split(',').map(Number)) : null"""
FUSED = "canvas[data-track=fused]"


@pytest.mark.slow
def test_a_wide_screen_shows_all_at_once(page: Callable[..., Any]) -> None:
    browser = page()
    until(browser, "return document.getElementById('media').readyState >= 1")
    video, lines, timeline, overview = (browser.execute_script(BOX, name) for name in
                                        ("#media", "#rows", "#timeline", "#overview"))
    for left, top, right, bottom in (video, lines, timeline, overview):
        assert 0 <= left < right <= 1280
        assert 0 <= top < bottom <= 800
    assert video[2] < lines[0]  # side by side
    assert min(video[3], lines[3]) - max(video[1], lines[1]) > 250
    assert max(video[3], lines[3]) < overview[1] < overview[3] <= timeline[1]
    assert browser.execute_script("return document.querySelector('.workspace').scrollHeight") <= 800
    track = browser.execute_script(BOX, "[data-track='0']")
    assert timeline[1] < track[1] < track[3] <= timeline[3]  # the first person is in sight


@pytest.mark.slow
def test_the_timeline_is_drawn_in_the_classes_colours(page: Callable[..., Any]) -> None:
    browser = page()
    for i, own in enumerate(CLASSES):
        if i == 5:
            continue  # mixed, and hatched
        (drawn,) = until(browser, COLOURS, FUSED, [(i + 0.7) / 8, 0.74, 0, 0])
        wanted = tuple(int(own.colour[k:k + 2], 16) for k in (1, 3, 5))
        assert tuple(drawn) == pytest.approx(wanted, abs=6)
    before = browser.execute_script(COLOURS, FUSED, [0, 0.74, 1, 0])
    browser.find_element("id", "in").click()
    fewer = COLOURS.replace("return seen.size", "return seen.size < arguments[2]")
    until(browser, fewer, FUSED, [0, 0.74, 1, 0], len(before))


@pytest.mark.slow
def test_mixed_and_unsure_rows_are_hatched(page: Callable[..., Any]) -> None:
    browser = page()
    plain = until(browser, COLOURS, FUSED, [4.3 / 8, 0.7, 0.05, 0.1])
    assert len(plain) == 1
    assert len(browser.execute_script(COLOURS, FUSED, [5.3 / 8, 0.7, 0.05, 0.1])) > 5
    assert len(browser.execute_script("return [...document.querySelectorAll('#rows .edge.mixed')]")) == 1
    assert "mixed" in browser.execute_script("return document.querySelectorAll('#rows li')[5].textContent")


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_edges_of_cells_stand_out(page: Callable[..., Any], dark: bool) -> None:
    browser = page(dark=dark)
    contrasts = """const back = theme.back.match(/\\d+/g).map(Number);
        return theme.edges.map((edge) => contrast(edge.match(/\\d+/g).map(Number), back))"""
    assert min(browser.execute_script(contrasts)) > 2.95  # as they are rounded
    assert browser.execute_script(BACK) == ("rgb(22, 22, 26)" if dark else "rgb(255, 255, 255)")
    browser.find_element("id", "theme").click()
    assert browser.execute_script(BACK) == ("rgb(255, 255, 255)" if dark else "rgb(22, 22, 26)")
    assert min(browser.execute_script(contrasts)) > 2.95


def listed() -> video_list.Listed:
    return video_list.Listed("folder/a-rather-long-name-of-a-video", report="x.html", duration=3.0,
                             strip="0123", shares=dict.fromkeys(EMOTIONS, 1 / 7))


@pytest.mark.slow
def test_small_screens(page: Callable[..., Any]) -> None:
    for html in ("", video_list.index([listed()])):
        browser = page(html, size=(320, 640))
        until(browser, "return innerWidth === 320")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 320
    browser = page(size=(320, 640), lang="ko")
    assert browser.execute_script(BOX, FUSED)[2] - browser.execute_script(BOX, FUSED)[0] > 250


@pytest.mark.slow
def test_paper_is_light_and_whole(page: Callable[..., Any]) -> None:
    browser = page(report.html(two_hours(), OutputOptions()), dark=True)
    browser.execute_script("""addEventListener('beforeprint', () => {
        window.printed = byId('overview').getAttribute('aria-valuetext') + theme.back })""")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert browser.execute_script(BACK) == "rgb(255, 255, 255)"
    assert not browser.find_element("id", "overview").is_displayed()
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert pdf.count(b"/Type /Page\n") > 20  # all rows
    assert browser.execute_script("return window.printed") == "0:00.0 – 2:00:00.0rgb(255, 255, 255)"


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_no_serious_fault_of_accessibility(page: Callable[..., Any], node_modules: Path, demo: Path,
                                           lang: str) -> None:
    for dark, size in ((False, (1280, 800)), (True, (320, 640))):
        for html in ("", video_list.index([listed()], lang)):
            assert axe(page(html, lang, dark=dark, size=size), node_modules) == []
    embedded = report.html(of_demo(demo), OutputOptions(embed=True, lang=lang))
    assert axe(page(embedded, dark=True), node_modules) == []
