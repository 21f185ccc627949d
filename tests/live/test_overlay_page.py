"""The overlay's page in a real browser."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.browser import axe, headless, until
from support.sessions import captioned, partial, tagged
from support.timelines import HOSTILE

from emocli.emotions import CLASSES
from emocli.live.events import Notice
from emocli.live.overlay import Overlay

pytestmark = pytest.mark.slow
TEXTS = "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)"
SHOWN = "return document.querySelectorAll(arguments[0]).length >= arguments[1]"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with headless("1280,720") as chromium:
        yield chromium


@pytest.fixture
def overlay() -> Iterator[Overlay]:
    with Overlay() as served:
        yield served


@pytest.fixture
def page(browser: Any, overlay: Overlay) -> Callable[..., Any]:
    """Opens the overlay, and checks that the console has no word against it."""

    def show(query: str = "") -> Any:
        browser.get_log("browser")
        browser.get(overlay.url + query)
        until(browser, "return document.readyState === 'complete' && classes.length === 7")
        assert browser.get_log("browser") == []
        return browser

    return show


def style(browser: Any, selector: str, name: str) -> str:
    look = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
    return str(browser.execute_script(look, selector, name))


def test_from_partial_to_caption(page: Callable[..., Any], overlay: Overlay) -> None:
    browser = page("?theme=dark")
    overlay(partial("오늘 기분이", speaker="S1"))
    until(browser, SHOWN, ".unfinished", 1)
    assert browser.execute_script(TEXTS, ".unfinished") == ["S1: 오늘 기분이"]
    assert style(browser, ".unfinished", "color") == "rgb(200, 200, 200)"
    overlay(tagged(speaker="S1"))  # read by its voice alone: the words so far stay
    until(browser, SHOWN, ".unfinished .emotion", 1)
    assert browser.execute_script(TEXTS, ".unfinished .words") == ["오늘 기분이"]
    overlay(tagged(start=2.0))
    overlay(partial("그래서", 4.0))
    until(browser, SHOWN, ".unfinished", 3)
    overlay(captioned(text="오늘 기분이 좋아보이네요", speaker="S1", length=4.05))  # a row of both
    until(browser, SHOWN, "#captions .caption", 1)
    assert browser.execute_script(TEXTS, "#captions p") == ["S1: 오늘 기분이 좋아보이네요 😊 happiness"]
    assert browser.execute_script(TEXTS, "#unfinished p") == ["그래서"]
    assert style(browser, ".emotion", "backgroundColor") == "rgb(230, 159, 0)"
    assert browser.execute_script(TEXTS, "[lang=ko]") == ["오늘 기분이 좋아보이네요", "그래서"]
    assert style(browser, ".words", "color") == "rgb(255, 255, 255)"


def test_in_korean(page: Callable[..., Any], overlay: Overlay) -> None:
    browser = page("?lang=ko&theme=light")
    for index in range(7):
        overlay(captioned(index, "네", index * 3.0))
    until(browser, SHOWN, ".emotion", 7)
    assert browser.execute_script(TEXTS, ".emotion") == [f"{own.emoji} {own.korean}" for own in CLASSES]
    assert browser.execute_script("return document.documentElement.lang") == "ko"
    assert browser.title == "실시간 자막"
    overlay(Notice("stalled", 3.0, "the source"))
    until(browser, "return document.getElementById('status').textContent === '소리가 들어오지 않습니다.'")


@pytest.mark.parametrize(("query", "back"), [
    ("", "rgba(0, 0, 0, 0)"), ("?theme=outline", "rgba(0, 0, 0, 0)"), ("?theme=<b>", "rgba(0, 0, 0, 0)"),
    ("?theme=dark", "rgb(17, 17, 17)"), ("?theme=light", "rgb(255, 255, 255)")])
def test_only_a_screen_of_its_own_has_a_ground(page: Callable[..., Any], query: str, back: str) -> None:
    browser = page(query)
    assert style(browser, "body", "backgroundColor") == back
    browser.execute_script("say('stalled')")
    assert (style(browser, "#status", "display") == "none") == (back == "rgba(0, 0, 0, 0)")


def test_a_picture_behind_is_seen(page: Callable[..., Any], overlay: Overlay) -> None:
    """As OBS does, which lays the page over the picture."""
    browser = page()
    overlay(captioned(text="hello"))
    until(browser, SHOWN, ".caption", 1)
    clear = {"color": {"r": 0, "g": 0, "b": 0, "a": 0}}
    browser.execute_cdp_cmd("Emulation.setDefaultBackgroundColorOverride", clear)
    with Image.open(io.BytesIO(browser.get_screenshot_as_png())) as shot:
        alpha = np.asarray(shot.convert("RGBA"))[..., 3]
    browser.execute_cdp_cmd("Emulation.setDefaultBackgroundColorOverride", {})
    assert not alpha[:len(alpha) // 2].any()
    assert alpha[len(alpha) // 2:].max() == 255


def test_words_are_never_markup(page: Callable[..., Any], overlay: Overlay) -> None:
    browser = page()
    overlay(partial(HOSTILE, speaker=HOSTILE))
    until(browser, SHOWN, ".unfinished", 1)
    overlay(captioned(text=HOSTILE, speaker="<img src=x onerror='window.ran = 1'>"))
    until(browser, SHOWN, "#captions .caption", 1)
    assert browser.execute_script(TEXTS, ".words") == [HOSTILE.replace("\u202e", "�")]
    assert browser.execute_script("return !document.querySelector('main img, main script')")
    assert browser.execute_script("return window.ran === undefined")
    browser.execute_script("""const made = document.createElement('script');
                              made.textContent = 'window.ran = 2'; document.body.append(made)""")
    assert browser.execute_script("return window.ran === undefined")  # the policy holds
    assert any("Content Security Policy" in line["message"] for line in browser.get_log("browser"))


def test_who_comes_late_or_again(page: Callable[..., Any], overlay: Overlay) -> None:
    overlay(captioned(text="before"))
    browser = page()
    until(browser, SHOWN, "#captions .caption", 1)
    overlay(captioned(5, "after", 3.0))
    until(browser, SHOWN, "#captions .caption", 2)
    browser.execute_script("connect()")  # a second stream, which sends both again
    overlay(captioned(6, "last", 6.0))
    until(browser, SHOWN, "#captions .caption", 3)
    assert browser.execute_script(TEXTS, ".words") == ["before", "after", "last"]


def test_old_captions_leave_the_picture(page: Callable[..., Any], overlay: Overlay) -> None:
    browser = page()
    for i in range(6):
        overlay(captioned(i, f"caption {i}", i * 3.0))
    until(browser, "return document.getElementById('captions').textContent.includes('caption 5')")
    assert browser.execute_script(TEXTS, ".words") == [f"caption {i}" for i in range(2, 6)]
    browser.execute_script("fade(document.querySelector('.caption'), 0)")
    until(browser, "return !document.getElementById('captions').textContent.includes('caption 2')")


def test_without_motion_nothing_moves(page: Callable[..., Any], overlay: Overlay) -> None:
    browser = page()
    overlay(captioned(text="still"))
    until(browser, SHOWN, ".caption", 1)
    assert style(browser, ".caption", "transitionDuration") == "1s"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia",
                            {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]})
    assert style(browser, ".caption", "transitionDuration") == "0s"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_the_end_and_a_lost_connection_are_said(browser: Any) -> None:
    with Overlay() as overlay:
        browser.get(f"{overlay.url}?theme=dark")
        until(browser, "return classes.length === 7")
    until(browser, "return document.getElementById('status').textContent === 'The session has ended.'")
    browser.execute_script("connect()")
    until(browser, "return document.getElementById('status').textContent.startsWith('No connection')")


@pytest.mark.parametrize("query", ["", "?theme=dark&lang=ko", "?theme=light"])
def test_no_serious_fault_of_accessibility(page: Callable[..., Any], overlay: Overlay, node_modules: Path,
                                           query: str) -> None:
    browser = page(query)
    for index in range(7):
        overlay(captioned(index, f"caption {index}", index * 3.0, "S1"))
    overlay(partial("going on", 21.0))
    until(browser, SHOWN, ".unfinished", 1)
    assert axe(browser, node_modules) == []
