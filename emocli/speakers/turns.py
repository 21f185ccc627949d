"""Turns: who speaks from when to when, and utterances divided by them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from emocli.timeline.types import Utterance, Word

#: Seconds; a shorter stretch between two of another speaker is that one's, too.
SHORTEST = 0.3
#: Seconds from speech that no turn covers to the turn that it is given to; beyond it is nobody's.
NEAR = 1.0


@dataclass(frozen=True)
class Turn:
    """A stretch, s, in which `speaker` speaks."""

    start: float
    end: float
    speaker: str


def smooth(turns: Sequence[Turn]) -> list[Turn]:
    """Turns of one speaker that touch joined, and too short ones given to those who speak around them."""
    joined: list[Turn] = []
    for turn in sorted(turns, key=lambda t: t.start):
        if (len(joined) > 1 and joined[-1].end - joined[-1].start < SHORTEST
                and joined[-2].speaker == turn.speaker
                and joined[-2].end == joined[-1].start and joined[-1].end == turn.start):
            joined[-2:] = [replace(joined[-2], end=joined[-1].end)]
        if joined and joined[-1].speaker == turn.speaker and joined[-1].end == turn.start:
            joined[-1] = replace(joined[-1], end=turn.end)
        else:
            joined.append(turn)
    return joined


def divide(utterances: Sequence[Utterance], turns: Sequence[Turn]) -> list[Utterance]:
    """Utterances with the speaker of the turns that they lie in; one with several is cut between words.

    Speech without text is cut at the turns' edges.  Words without times of their own stay together, and are
    the speaker's who has most of them.  What lies over NEAR s from every turn is nobody's.
    """
    pieces: list[Utterance] = []
    ordered, first = sorted(turns, key=lambda t: t.start), 0
    longest = max((t.end - t.start for t in ordered), default=0.0)
    for utterance in utterances:
        while first < len(ordered) and ordered[first].start < utterance.start - longest - NEAR:
            first += 1
        near: list[Turn] = []
        for turn in ordered[first:]:
            if turn.start > utterance.end + NEAR:
                break
            if turn.end >= utterance.start - NEAR:
                near.append(turn)
        pieces += _pieces(utterance, near)
    return pieces


def in_order(utterances: Sequence[Utterance]) -> tuple[list[Utterance], dict[str, str]]:
    """Utterances whose speakers are called S1, S2, ... in order of speech, and the new name of each."""
    names: dict[str, str] = {}
    for utterance in utterances:
        if utterance.speaker:
            names.setdefault(utterance.speaker, f"S{len(names) + 1}")
    return [replace(u, speaker=names.get(u.speaker, "")) for u in utterances], names


def _pieces(utterance: Utterance, turns: Sequence[Turn]) -> Iterator[Utterance]:
    whole = replace(utterance, speaker=_whose(utterance.start, utterance.end, turns))
    if len({turn.speaker for turn in turns}) < 2 or (utterance.text and not utterance.words):
        yield whole
    elif not utterance.words:
        yield from _at_edges(utterance, turns) or [whole]
    else:
        yield from _between_words(utterance, turns)


def _at_edges(utterance: Utterance, turns: Sequence[Turn]) -> list[Utterance]:
    """Speech without words, cut where somebody else begins."""
    inside = [t for t in turns if min(t.end, utterance.end) - max(t.start, utterance.start) >= SHORTEST]
    runs = [next(run) for _, run in groupby(inside, key=lambda t: t.speaker)]
    edges = [utterance.start, *(max(utterance.start, t.start) for t in runs[1:]), utterance.end]
    return [replace(utterance, start=start, end=end, speaker=turn.speaker)
            for turn, start, end in zip(runs, edges, edges[1:], strict=False) if end > start]


def _between_words(utterance: Utterance, turns: Sequence[Turn]) -> Iterator[Utterance]:
    spoken = [(word, _whose(word.start, word.end, turns)) for word in utterance.words]
    runs = [[word for word, _ in run] for _, run in groupby(spoken, key=lambda pair: pair[1])]
    speakers = [who for who, _ in groupby(who for _, who in spoken)]
    for at in range(len(runs) - 2, 0, -1):  # a blip inside somebody's words is theirs
        if _lasts(runs[at]) < SHORTEST and speakers[at - 1] == speakers[at + 1]:
            runs[at - 1:at + 2] = [[*runs[at - 1], *runs[at], *runs[at + 1]]]
            del speakers[at:at + 2]
    if len(runs) == 1:
        yield replace(utterance, speaker=speakers[0])
        return
    for number, (words, who) in enumerate(zip(runs, speakers, strict=True)):
        start = utterance.start if number == 0 else words[0].start
        end = utterance.end if number == len(runs) - 1 else min(words[-1].end, runs[number + 1][0].start)
        yield replace(utterance, start=start, end=max(end, start + 0.02), speaker=who, words=tuple(words),
                      text=" ".join(word.text for word in words))


def _lasts(words: Sequence[Word]) -> float:
    return words[-1].end - words[0].start


def _whose(start: float, end: float, turns: Sequence[Turn]) -> str:
    """Who speaks most of a stretch, or else next to it; "" if there is nobody near."""
    shares: dict[str, float] = {}
    for turn in turns:
        shares[turn.speaker] = shares.get(turn.speaker, 0.0) + max(
            0.0, min(end, turn.end) - max(start, turn.start))
    if shares and max(shares.values()) > 0:
        return max(shares, key=lambda who: shares[who])
    near = min(turns, key=lambda t: max(t.start - end, start - t.end), default=None)
    return near.speaker if near and max(near.start - end, start - near.end) <= NEAR else ""
