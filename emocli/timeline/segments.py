"""What the rows are: utterances and the gaps between them, tiling the whole video."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from emocli.timeline.gaps import Cut, evenly
from emocli.timeline.types import Segment, Utterance, Word

#: Seconds; a gap up to this length joins the row beside it.
SHORTEST_GAP = 0.5
#: Seconds by which the starts of utterances differ at least that are not said as one.
TOGETHER = 0.05
#: Seconds; what is left of an utterance around others is dropped when it is shorter, unless it is all.
SHORTEST_PART = 0.25
#: Words that two utterances may both have at the edge where they overlap, and seconds between their starts.
MOST_TWICE, SAME_TIME = 8, 0.5


def tidy(utterances: Sequence[Utterance], duration: float) -> list[Utterance]:
    """Utterances in order, without overlaps, inside the video.

    Where several overlap, the time is the last begun one's: an outer utterance is cut where an inner one
    begins, and goes on after it.  Its words go to the part that they are in, or nearest to, with times inside
    it; words without times are taken to be spread evenly.  Those that begin together are one; a word that two
    have where they overlap, as windows of a recognizer do at their edges, is the later one's.
    """
    inside = sorted((replace(u, start=max(0.0, u.start), end=min(u.end, duration))
                     for u in utterances if u.start < duration and u.end > 0), key=lambda u: u.start)
    once = _each_word_once(_joined([u for u in inside if u.end - u.start > 1e-3]))
    parts: list[list[tuple[float, float]]] = [[] for _ in once]
    for start, end, owner in _owned(once):
        if parts[owner] and parts[owner][-1][1] == start:
            parts[owner][-1] = parts[owner][-1][0], end
        else:
            parts[owner].append((start, end))
    pieces = [piece for utterance, spans in zip(once, parts, strict=True)
              for piece in _divided(utterance, spans)]
    return sorted(pieces, key=lambda u: u.start)


def _joined(utterances: Sequence[Utterance]) -> list[Utterance]:
    """Those that begin together said as one; the same words twice (layers of ASS) are said once."""
    kept: list[Utterance] = []
    for utterance in utterances:
        if not kept or utterance.start - kept[-1].start >= TOGETHER or utterance.start >= kept[-1].end:
            kept.append(utterance)
            continue
        last, end = kept[-1], max(kept[-1].end, utterance.end)
        if utterance.text == last.text:
            kept[-1] = replace(last, end=end)
            continue
        both = (*last.words, *utterance.words)
        in_order = all(a.end <= b.start for a, b in pairwise(both)) and bool(last.words) == bool(last.text) \
            and bool(utterance.words) == bool(utterance.text)
        kept[-1] = replace(last, end=end, text=f"{last.text} {utterance.text}".strip(),
                           words=both if in_order else (),
                           source=last.source if last.text else utterance.source,
                           speaker=last.speaker or utterance.speaker)
    return kept


def _each_word_once(utterances: Sequence[Utterance]) -> list[Utterance]:
    """Without the words at an utterance's end that the next, which overlaps it, begins with."""
    kept: list[Utterance] = []
    for utterance in utterances:
        if kept and kept[-1].words and utterance.words and utterance.start < kept[-1].end:
            last = kept.pop()
            words = last.words[:len(last.words) - _twice(last.words, utterance.words)]
            if len(words) == len(last.words):
                kept.append(last)
            elif words:
                kept.append(replace(last, words=words, text=" ".join(w.text for w in words),
                                    end=max(words[-1].end, last.start + 1e-2)))
        kept.append(utterance)
    return kept


def _twice(before: Sequence[Word], after: Sequence[Word]) -> int:
    """How many words the end of one and the beginning of the other are the same, at the same time."""
    for count in range(min(MOST_TWICE, len(before), len(after)), 0, -1):
        pairs = list(zip(before[-count:], after[:count], strict=True))
        if all(_bare(a.text) == _bare(b.text) and abs(a.start - b.start) <= SAME_TIME for a, b in pairs):
            return count
    return 0


def _bare(word: str) -> str:
    return "".join(filter(str.isalnum, word.casefold())) or word


def _owned(utterances: Sequence[Utterance]) -> Iterable[tuple[float, float, int]]:
    """Stretches of time, in order, and the number of the utterance that each is of: the last begun."""
    edges = sorted({edge for u in utterances for edge in (u.start, u.end)})
    begun: list[int] = []
    following = 0
    for start, end in pairwise(edges):
        while following < len(utterances) and utterances[following].start <= start:
            heapq.heappush(begun, -following)
            following += 1
        while begun and utterances[-begun[0]].end <= start:
            heapq.heappop(begun)
        if begun:
            yield start, end, -begun[0]


def _divided(utterance: Utterance, spans: Sequence[tuple[float, float]]) -> list[Utterance]:
    """An utterance in the spans that are left to it."""
    long = [span for span in spans if span[1] - span[0] >= SHORTEST_PART] \
        or sorted(spans, key=lambda span: span[0] - span[1])[:1]
    if len(long) == 1:
        (start, end), = long
        return [replace(utterance, start=start, end=end, words=_fitted(utterance.words, start, end))]
    if not utterance.text:
        return [replace(utterance, start=start, end=end) for start, end in long]
    said: list[list[Word]] = [[] for _ in long]
    for word in utterance.words or _spread(utterance):
        middle = (word.start + word.end) / 2
        later = min(bisect_right(long, middle, key=lambda span: span[1]), len(long) - 1)
        earlier = max(0, later - 1)
        said[later if long[later][0] - middle <= middle - long[earlier][1] else earlier].append(word)
    return [replace(utterance, start=start, end=end, text=" ".join(w.text for w in words),
                    words=_fitted(words, start, end) if utterance.words else ())
            for (start, end), words in zip(long, said, strict=True) if words]


def _spread(utterance: Utterance) -> list[Word]:
    """Words of an utterance without times, each as long as its share of the letters."""
    words = utterance.text.split()
    total, time = sum(map(len, words)) or 1, utterance.start
    spread = []
    for word in words:
        lasts = (utterance.end - utterance.start) * len(word) / total
        spread.append(Word(time, time + lasts, word))
        time += lasts
    return spread


def _fitted(words: Sequence[Word], start: float, end: float) -> tuple[Word, ...]:
    """Words with times inside a span: clipped, or all squeezed into it where one would be left no time."""
    clipped = tuple(replace(w, start=min(max(w.start, start), end), end=min(max(w.end, start), end))
                    for w in words)
    if all(w.end > w.start or o.end <= o.start for w, o in zip(clipped, words, strict=True)):
        return clipped
    first, last = min(w.start for w in words), max(w.end for w in words)
    scale = (end - start) / (last - first)
    return tuple(replace(w, start=start + (w.start - first) * scale, end=start + (w.end - first) * scale)
                 for w in words)


def shared(start: float, end: float, spans: Sequence[Utterance]) -> float:
    """Seconds of a stretch that lie in any of `spans`, which are in order and (but for edges) apart."""
    seconds = 0.0
    for number in range(bisect_right(spans, start, key=lambda span: span.end), len(spans)):
        span = spans[number]
        if span.start >= end:
            break
        seconds += min(end, span.end) - max(start, span.start)
    return min(seconds, end - start)


def uncovered(activity: Sequence[Utterance], said: Sequence[Utterance], shortest: float) -> list[Utterance]:
    """What of the speech activity none of `said` covers (both in order, `said` without overlaps): whole, or
    what is left of it if that lasts `shortest` s."""
    left: list[Utterance] = []
    for speech in activity:
        clock = max(speech.start, left[-1].end) if left else speech.start
        whole = True
        for number in range(bisect_right(said, clock, key=lambda u: u.end), len(said)):
            utterance = said[number]
            if utterance.start >= speech.end:
                break
            if utterance.start - clock >= shortest:
                left.append(replace(speech, start=clock, end=utterance.start))
            clock, whole = max(clock, utterance.end), False
        if speech.end - clock >= shortest or (whole and speech.end > clock):
            left.append(replace(speech, start=clock))
    return left


def tile(utterances: Sequence[Utterance], duration: float, cut: Cut = evenly) -> list[Segment]:
    """Rows for a video of `duration` seconds: every utterance, and what `cut` makes of every gap over half a
    second.

    A shorter gap goes to the utterance before it, or after it at the start.  The first row
    starts at 0, the last ends at `duration`, and each begins where the one before ended.
    """
    spoken = tidy(utterances, duration)
    segments: list[Segment] = []
    clock = 0.0
    for utterance in spoken:
        gap = utterance.start - clock
        start = utterance.start
        if gap > SHORTEST_GAP:
            segments += pieces_of_gap(clock, utterance.start, cut)
        elif segments and gap > 0:
            segments[-1] = replace(segments[-1], end=utterance.start)
        else:
            start = clock
        segments.append(Segment(start, utterance.end, utterance))
        clock = utterance.end
    if duration - clock > SHORTEST_GAP or not segments:
        segments += pieces_of_gap(clock, duration, cut)
    else:
        segments[-1] = replace(segments[-1], end=duration)
    return segments


def pieces_of_gap(start: float, end: float, cut: Cut = evenly) -> list[Segment]:
    """What `cut` makes of a stretch in which nobody speaks."""
    edges = cut(start, end)
    return [Segment(a, b) for a, b in pairwise(edges) if b > a or len(edges) == 2]
