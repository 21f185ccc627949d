"""What a live session writes on a terminal, on none, and on one that changes its size."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console
from support.sessions import captioned, partial, tagged

from emocli.live.events import Load, Notice
from emocli.live.terminal import Below, Terminal

LONG = "가나다라마바사 " * 40


def console(*, terminal: bool, **settings: Any) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, highlight=False,
                   _environ={"TERM": "xterm-256color"} | settings.pop("environ", {}), **settings)


def written(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def session(screen: Console, errors: Console) -> None:
    with Terminal(console=screen, errors=errors) as sink:
        for event in (partial("오늘"), tagged(), captioned(text="오늘 좋네요"), Load(2.0, 0.4),
                      Notice("lost", 2.0, "0.3 s of sound"), captioned(5, LONG, 3.0)):
            sink(event)


def test_a_line_a_caption_where_there_is_no_terminal() -> None:
    screen, errors = console(terminal=False, width=20), console(terminal=False, width=20)
    session(screen, errors)
    assert written(screen) == f"오늘 좋네요 😊 [happiness]\n{LONG} 😠 [anger]\n"
    assert written(errors) == "emocli: 2.0 s: 0.3 s of sound\n"


def test_a_terminal_that_knows_no_control_codes() -> None:
    screen = console(terminal=True, environ={"TERM": "dumb"})
    session(screen, console(terminal=False))
    assert "\x1b[1A" not in written(screen)  # no cursor is moved
    assert "\x1b[?25l" not in written(screen)


def test_a_terminal_shows_what_is_not_final() -> None:
    screen, errors = console(terminal=True, width=60, height=30), console(terminal=False)
    session(screen, errors)
    assert "real-time factor 0.40" in written(screen)
    assert "━" in written(screen)
    assert written(screen).startswith("\x1b[?25l")
    assert "getting ready" in written(screen).splitlines()[0]
    assert written(screen).rpartition("\x1b[2K")[2] == "2 s · real-time factor 0.40\n"  # it stays
    assert "\x1b[?25h" in written(screen)  # the cursor is given back
    assert written(errors) == "emocli: 2.0 s: 0.3 s of sound\n"


def test_notices_on_the_same_terminal_stand_above_the_bars() -> None:
    screen, errors = console(terminal=True, width=60), console(terminal=True)
    session(screen, errors)
    assert "0.3 s of sound" in written(screen)
    assert written(errors) == ""


def test_no_colour_where_none_is_wanted() -> None:
    screen = console(terminal=True, width=60, height=30, environ={"NO_COLOR": "1"})
    session(screen, console(terminal=False))
    assert "[happiness]" in written(screen)
    assert "38;" not in written(screen)


def below() -> Below:
    view = Below("en")
    for event in (tagged(2), partial(LONG, 2.0), Load(3.0, 0.5, shed=("partials", "face pictures"))):
        view.update(event)
    return view


@pytest.mark.parametrize(("width", "height"), [(200, 50), (80, 24), (40, 16), (40, 8), (12, 5), (3, 3)])
def test_each_size_of_a_terminal(width: int, height: int) -> None:
    screen = console(terminal=True, width=width, height=height)
    lines = screen.render_lines(below(), screen.options, pad=False)
    assert max(sum(cell_len(part.text) for part in line) for line in lines) <= width
    assert ("━" in "".join(part.text for line in lines for part in line)) == (height >= 16 and width > 20)


def test_a_size_that_changes_in_between() -> None:
    screen = console(terminal=True, width=100, height=40)
    with Terminal(console=screen, errors=console(terminal=False)) as sink:
        for width, height in ((100, 40), (30, 10), (3, 2), (120, 50)):
            screen.size = (width, height)  # type: ignore[assignment]
            for event in (partial(LONG), tagged(), captioned(text="좋네요"), Load(1.0, 0.5)):
                sink(event)
    assert written(screen).count("[happiness]") >= 2


def test_an_utterance_is_taken_away_once_it_is_final() -> None:
    view, screen = Below("en"), console(terminal=False, width=80)

    def shown() -> str:
        return "".join(part.text for line in screen.render_lines(view, pad=False) for part in line)

    view.update(partial("first"))
    assert "first …" in shown()
    view.update(tagged())  # read by its voice alone: the words so far stay
    view.update(partial("second", 4.0))
    assert "first 😊 [happiness]" in shown()
    assert "second …" in shown()
    view.update(tagged(start=2.0))
    view.update(captioned(6, "first one.", length=4.05))  # a row of both
    assert "first" not in shown()
    assert "happiness]" not in shown()
    assert "second …" in shown()


def test_bars_are_of_the_last_utterance() -> None:
    view, screen = Below("en"), console(terminal=True, width=80, height=30)
    for event, emotion in ((tagged(0), "happiness"), (tagged(5, start=3.0), "anger"),
                           (captioned(0, "late"), "anger"), (captioned(6, "at last", 3.0), "sadness")):
        view.update(event)
        lines = ["".join(part.text for part in line) for line in screen.render_lines(view, pad=False)]
        assert next(line for line in lines if "0.70" in line).startswith(emotion)
