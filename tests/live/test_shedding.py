"""What is given up under load, in which order, and taken on again: made-up numbers, no clock."""

from __future__ import annotations

from itertools import pairwise

from emocli.live.shedding import CALM, LARGE_VOICE, ORDER, PARTIALS, PICTURES, SETTLE, WORDS, LoadShedder


def updates(policy: LoadShedder, factor: float, count: int, backlog: float = 0.0) -> list[str]:
    return [text for _ in range(count) if (text := policy.update(factor, backlog))]


def test_nothing_is_given_up_with_headroom() -> None:
    policy = LoadShedder()
    assert not updates(policy, 0.7, 500)
    assert policy.shed == ()
    assert all(map(policy.allows, ORDER))


def test_one_after_another_in_the_stated_order() -> None:
    policy, shed = LoadShedder(), []
    for _ in range(100):
        if policy.update(1.2, 0.0):
            shed.append(policy.shed)
    assert shed == [ORDER[:n] for n in range(1, len(ORDER) + 1)]
    assert not any(map(policy.allows, ORDER))


def test_each_step_has_time_to_show_its_effect() -> None:
    policy = LoadShedder()
    changed = [number for number in range(60) if policy.update(2.0, 10.0)]
    assert all(b - a > SETTLE for a, b in pairwise(changed))


def test_one_bad_second_is_passed_over() -> None:
    policy = LoadShedder()
    updates(policy, 0.3, 20)
    assert policy.update(2.0, 0.0) == ""


def test_a_backlog_alone_is_reason_enough() -> None:
    policy = LoadShedder()
    assert updates(policy, 0.3, 2 + SETTLE, backlog=5.0) == [
        "without partials for now: real-time factor 0.25, 5.0 s behind"]


def test_taken_on_again_in_reverse() -> None:
    policy, shed = LoadShedder((PARTIALS, PICTURES, LARGE_VOICE)), []
    updates(policy, 1.5, 60)
    for _ in range(200):
        if policy.update(0.2, 0.0):
            shed.append(policy.shed)
    assert shed == [(PARTIALS, PICTURES), (PARTIALS,), ()]


def test_between_high_and_low_nothing_changes() -> None:
    policy = LoadShedder()
    updates(policy, 1.5, 12)
    before = policy.shed
    assert before
    updates(policy, 0.75, 30)
    during = policy.shed
    assert not updates(policy, 0.75, 300)
    assert policy.shed == during


def test_what_proves_too_much_is_tried_less_often() -> None:
    """A step whose cost is the whole difference: with it 1.1, without it 0.4."""
    policy, tries = LoadShedder((PARTIALS,)), []
    for second in range(3000):
        said = policy.update(0.4 if policy.shed else 1.1, 0.0)
        tries += [second] if said.startswith("with ") else []
    waits = [b - a for a, b in pairwise(tries)]
    assert waits[0] < waits[2] < waits[4]
    assert len(tries) < 3000 / (CALM + SETTLE) / 4


def test_only_what_a_session_has_is_given_up() -> None:
    policy = LoadShedder((WORDS, PARTIALS))
    updates(policy, 1.5, 100)
    assert policy.shed == (PARTIALS, WORDS)
    assert not LoadShedder((WORDS,)).allows(PICTURES)
