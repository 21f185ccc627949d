"""The report page and the list of videos in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.browser import until
from support.timelines import HOSTILE, of_demo, two_hours

from emocli.emotions import EMOTIONS
from emocli.outputs import report, video_list
from emocli.outputs.base import OutputOptions
from emocli.summary.compute import summarize
from emocli.timeline.persons import rename

PRINTED = HOSTILE.replace("\u202e", "�")


def click_timeline(browser: Any, share: float) -> None:
    from selenium.webdriver import ActionChains

    bar = browser.find_element("css selector", "canvas[data-track=fused]")
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
    browser.execute_script("document.querySelector('.moments [data-seek]').click()")
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
def test_a_moment_is_linked(page: Callable[..., Any]) -> None:
    browser = page(fragment="#t=12.3")
    assert position(browser) == pytest.approx(12.3)
    until(browser, "return Math.abs(document.getElementById('media').currentTime - 12.3) < 0.1")
    browser.find_element("id", "timeline").send_keys("\ue012")  # arrow left
    until(browser, "return location.hash === '#t=11.3'")
    browser.execute_script("location.hash = '#t=3'")
    until(browser, "return document.getElementById('timeline').getAttribute('aria-valuenow') === '3.0'")
    for other in ("#t=1e400", "#t=-1", "#t=<b>", "#now"):
        assert position(page(fragment=other)) == 0


IN_SIGHT = """const list = document.getElementById('rows').getBoundingClientRect(),
    line = document.querySelector('[aria-current=true]').getBoundingClientRect();
    return line.top >= list.top - 1 && line.bottom <= list.bottom + 1"""


@pytest.mark.slow
def test_the_transcript_follows_until_its_reader_scrolls(page: Callable[..., Any]) -> None:
    browser = page(report.html(two_hours(), OutputOptions()), fragment="#t=3600.5")
    until(browser, IN_SIGHT)
    assert "sentence 1200" in browser.find_element("css selector", "[aria-current=true]").text
    follow = browser.find_element("id", "follow")
    assert not follow.is_displayed()
    browser.execute_script("byId('rows').dispatchEvent(new WheelEvent('wheel', {deltaY: 9}))")
    assert follow.is_displayed()
    browser.find_element("id", "timeline").send_keys("\ue010")  # End
    assert position(browser) == 7200
    assert not browser.execute_script(IN_SIGHT)
    follow.click()
    until(browser, IN_SIGHT)
    assert not follow.is_displayed()


WINDOW = """const box = (id) => document.getElementById(id).getBoundingClientRect(), all = box('overview'),
    pane = box('window'); return [(pane.left - all.left) / all.width, pane.width / all.width]"""


@pytest.mark.slow
def test_the_overview_is_a_scroll_bar(page: Callable[..., Any]) -> None:
    from selenium.webdriver import ActionChains

    browser = page(report.html(two_hours(), OutputOptions()))
    strip = browser.find_element("id", "overview")
    until(browser, WINDOW.replace("return", "return pane.width > 0 &&"))
    left, wide = browser.execute_script(WINDOW)
    assert (left, wide) == (pytest.approx(0, abs=0.01), pytest.approx(180 / 7200, abs=0.01))
    ActionChains(browser).move_to_element(strip).click_and_hold().move_by_offset(100, 0).release().perform()
    moved = until(browser, f"const now = (() => {{{WINDOW}}})(); return now[0] > 0.5 && now")
    assert moved[0] == pytest.approx(0.5 + 100 / strip.size["width"] - wide / 2, abs=0.01)
    assert moved[1] == pytest.approx(wide, abs=0.002)
    assert strip.get_attribute("aria-valuetext").startswith("1:0")
    for key, value in (("\ue010", "100"), ("\ue011", "0")):  # End, Home
        strip.send_keys(key)
        until(browser, "return arguments[0].getAttribute('aria-valuenow') === arguments[1]", strip, value)
    strip.send_keys("-")
    until(browser, f"const now = (() => {{{WINDOW}}})(); return now[1] > 1.5 * arguments[0]", wide)
    assert position(browser) == 0  # to look is not to go


@pytest.mark.slow
def test_an_embedded_video_plays(page: Callable[..., Any], demo: Path) -> None:
    browser = page(report.html(of_demo(demo), OutputOptions(embed=True)))
    assert until(browser, "return document.getElementById('media').duration") == pytest.approx(16, abs=0.1)


@pytest.mark.slow
def test_filters(page: Callable[..., Any]) -> None:
    browser = page()
    assert len(shown(browser)) == 8
    browser.execute_script("document.querySelector('[name=emotion][value=\"0\"]').click()")
    assert len(shown(browser)) == 6  # happiness was first and last
    browser.execute_script("""const range = document.getElementById('least'); range.value = 70;
                              range.dispatchEvent(new Event('input'))""")
    assert [f"sentence {i}" in text for i, text in enumerate(shown(browser), 4)] == [True, True, True]
    assert browser.find_element("id", "count").text == "3 of 8 rows"
    browser.execute_script("""const person = document.getElementById('person'); person.value = '1';
                              person.dispatchEvent(new Event('change'))""")
    assert ["sentence 5" in text for text in shown(browser)] == [True]
    browser.find_element("id", "search").send_keys("sentence 6")
    assert shown(browser) == []


@pytest.mark.slow
def test_what_is_said_is_shown_and_never_run(page: Callable[..., Any], demo: Path, tmp_path: Path) -> None:
    odd = tmp_path / "<script>window.ran = 1<_script>.mp4"
    shutil.copy(demo, odd)
    named = rename(of_demo(odd), {"1": HOSTILE})
    browser = page(report.html(named, OutputOptions(folder=str(tmp_path))))
    assert browser.find_element("tag name", "h1").text == odd.name
    assert PRINTED in shown(browser)[0]
    heads = browser.find_elements("css selector", ".head b")
    assert PRINTED.strip() in [head.get_attribute("textContent") for head in heads]  # as a name, too
    until(browser, "return document.getElementById('media').readyState >= 1")  # a link leads to the odd name
    assert browser.execute_script("return window.ran === undefined")
    browser.execute_script("""const made = document.createElement('script');
                              made.textContent = 'window.ran = 2'; document.body.append(made)""")
    assert browser.execute_script("return window.ran === undefined")  # the policy holds
    assert any("Content Security Policy" in line["message"] for line in browser.get_log("browser"))
    browser = page(video_list.index([video_list.Listed(HOSTILE, error=HOSTILE)]))
    assert PRINTED in browser.find_element("css selector", "#videos tbody").get_attribute("textContent")
    assert browser.execute_script("return window.ran === undefined")


@pytest.mark.slow
def test_the_list_shows_persons_and_finds_them(page: Callable[..., Any]) -> None:
    named = rename(two_hours(), {"S2": HOSTILE})
    videos = [video_list.Listed("a", summary=summarize(named, video="a", draws=10)),
              video_list.Listed("b", summary=summarize(two_hours(), video="b", draws=10))]
    browser = page(video_list.index(videos))
    table = browser.find_element("css selector", "#figures tbody")
    assert len(table.find_elements("tag name", "tr")) == 10  # everybody and four persons, twice
    assert PRINTED.strip() in table.text
    browser.find_element("id", "search").send_keys("{{ 7 * 7")
    assert [row.text.split()[0] for row in table.find_elements("css selector", ".first")] == ["a"]


@pytest.mark.slow
def test_the_list_sorts_and_searches(page: Callable[..., Any]) -> None:
    sure = [dict.fromkeys(EMOTIONS, 0.0) | {"fear": s, "neutral": 1 - s} for s in (0.6, 0.9, 0.7)]
    videos = [video_list.Listed(f"video{n}", duration=d, shares=s, strip="33", report=f"video{n}.html")
              for n, d, s in zip((10, 9, 1), (5.0, 50.0, 500.0), sure, strict=True)]
    browser = page(video_list.index([*videos, video_list.Listed("bad", "failed", "bad: no picture")]))

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
