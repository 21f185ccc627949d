"""The lines of the terminal's view."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from support.sessions import captioned, partial, tagged
from support.timelines import scores

from emocli.live import captions
from emocli.live.events import Load, Notice, Tagged
from emocli.timeline.types import Reading, Row, Utterance


def row(**values: object) -> Row:
    event = captioned(**values)  # type: ignore[arg-type]
    assert event.row
    return event.row


def test_a_caption_says_who_what_and_how() -> None:
    seed = captions.caption(row(text="오늘 기분이 좋아보이네요"))
    assert seed.plain == "오늘 기분이 좋아보이네요 😊 [happiness]"
    named = captions.caption(row(text="Go away!", index=5, speaker="S1"), "ko")
    assert named.plain == "S1: Go away! 😠 [분노]"
    assert captions.caption(row()).plain == "… 😊 [happiness]"


def test_what_is_not_final_is_grey() -> None:
    going_on = captions.partial(partial("and so", speaker="S2").utterance)
    assert (going_on.plain, going_on.style) == ("S2: and so …", "italic grey50")
    assert captions.partial(partial().utterance).plain == "…"
    voice_only = captions.waiting(tagged(6, "and so on"), "ko")
    assert (voice_only.plain, voice_only.style) == ("and so on 😢 [슬픔]", "grey50")
    assert captions.waiting(Tagged(Utterance(0, 1), Reading("voice", reason="silent"))).plain == "…"


@pytest.mark.parametrize("hostile", ["\x1b[2J\x1b]0;mine\x07", "[red]\r\n\x9b31m", "\u202eevil", "\ud800"])
def test_words_act_on_nothing(hostile: str) -> None:
    lines = [captions.caption(row(text=hostile, speaker=hostile)),
             captions.partial(partial(hostile).utterance),
             captions.waiting(tagged(text=hostile, speaker=hostile)),
             captions.notice(Notice("note", 1, hostile)),
             captions.state(Load(1, 0.5, lost={hostile: 1}, shed=(hostile,)))]
    for line in lines:
        assert not set(line.plain) & set("\x1b\x07\x9b\r\n\u202e\ud800")
        assert "�" in line.plain


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("width", [8, 30, 200])
def test_bars_stand_under_each_other(lang: str, width: int) -> None:
    lines = captions.bars(scores(3, 1.0), lang, width)
    assert len({cell_len(line.plain) for line in lines}) == 1
    assert lines[3].plain.count("━") == max(line.plain.count("━") for line in lines)
    assert [line.plain[-4:] for line in lines] == ["0.00"] * 3 + ["1.00"] + ["0.00"] * 3
    assert captions.in_one_line(scores(3, 0.4)).plain.startswith("😨 0.40")


def test_the_state_says_what_is_shed_and_lost() -> None:
    at_ease = captions.state(Load(3.2, 0.41, lost={"sound": 0.0, "frames": 0}))
    assert at_ease.plain == "3 s · real-time factor 0.41"
    odd = captions.state(Load(1, 0, lost={"words": 2, "{0}": 1}))
    assert odd.plain.endswith("words of 2 utterances, 1 {0}")
    pressed = captions.state(Load(60, 1.02, lost={"sound": 0.31, "frames": 4}, shed=("partials", "face")))
    assert pressed.plain == ("60 s · real-time factor 1.02 · without partials, face · "
                             "lost: 0.3 s of sound, 4 pictures")
    assert captions.notice(Notice("lost", 12.34, "0.2 s of sound")).plain == "12.3 s: 0.2 s of sound"
