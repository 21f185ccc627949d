"""What the rows are: utterances and the gaps between them, tiling the whole video."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from emocli.timeline.types import Segment, Utterance

#: Seconds; a longer gap is cut into equal parts of at most this length.
LONGEST_GAP = 4.0
#: Seconds; a gap up to this length joins the row beside it.
SHORTEST_GAP = 0.5


def tidy(utterances: Sequence[Utterance], duration: float) -> list[Utterance]:
    """Sort, clip to the video, and end each utterance where the next begins."""
    inside = sorted((replace(u, start=max(0.0, u.start), end=min(u.end, duration))
                     for u in utterances if u.start < duration and u.end > 0), key=lambda u: u.start)
    kept: list[Utterance] = []
    for utterance in inside:
        if kept and utterance.start < kept[-1].end:
            if utterance.start - kept[-1].start < 0.05:
                text = f"{kept[-1].text} {utterance.text}".strip()
                kept[-1] = replace(kept[-1], text=text, words=kept[-1].words + utterance.words,
                                   end=max(kept[-1].end, utterance.end))
                continue
            kept[-1] = replace(kept[-1], end=utterance.start)
        if utterance.end - utterance.start > 1e-3:
            kept.append(utterance)
    return kept


def tile(utterances: Sequence[Utterance], duration: float) -> list[Segment]:
    """Rows for a video of `duration` seconds: every utterance, every gap over half a second.

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
            segments += _gap(clock, utterance.start)
        elif segments and gap > 0:
            segments[-1] = replace(segments[-1], end=utterance.start)
        else:
            start = clock
        segments.append(Segment(start, utterance.end, utterance))
        clock = utterance.end
    if duration - clock > SHORTEST_GAP or not segments:
        segments += _gap(clock, duration)
    else:
        segments[-1] = replace(segments[-1], end=duration)
    return segments


def _gap(start: float, end: float) -> list[Segment]:
    parts = max(1, math.ceil((end - start) / LONGEST_GAP - 1e-9))
    edges = [start + (end - start) * i / parts for i in range(parts)] + [end]
    return [Segment(a, b) for a, b in pairwise(edges) if b > a or parts == 1]
