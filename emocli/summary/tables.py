"""Summaries as plain values: the JSON, and the CSV of a line a video and a line a person."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from emocli.emotions import EMOTIONS
from emocli.plaintext import cell, escaped, printable
from emocli.summary.compute import DRAWS, LEVEL, SEED, Figures, Share, Summary
from emocli.timeline.types import Person

#: Decimals of shares and kappas, and of seconds and rates.
DECIMALS, COARSE = 4, 2


def as_document(summaries: Iterable[Summary]) -> dict[str, Any]:
    """All summaries as plain values, with how the intervals were made."""
    return {"version": 1, "interval": {"level": LEVEL, "draws": DRAWS, "seed": SEED},
            "videos": [{"video": printable(summary.video), "duration": round(summary.duration, 3),
                        "whole": _figures(summary.whole),
                        "persons": [_person(person) | _figures(own) for person, own in summary.persons]}
                       for summary in summaries]}


def as_json(summaries: Iterable[Summary]) -> str:
    """`summary.json`."""
    import json

    return escaped(json.dumps(as_document(summaries), ensure_ascii=False, indent=1)) + "\n"


def as_csv(summaries: Sequence[Summary], *, safe: bool = False) -> str:
    """`summary.csv`: a line a video, in which `person` is empty, and one for each of its persons; `safe` as
    in `plaintext.cell`."""
    pairs = list(dict.fromkeys(pair for summary in summaries for pair in summary.whole.kappas))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns(pairs))
    for summary in summaries:
        writer.writerow([cell(summary.video, safe=safe), "", *_cells(summary.whole, pairs)])
        for person, own in summary.persons:
            writer.writerow([cell(summary.video, safe=safe), cell(person.label(), safe=safe),
                             *_cells(own, pairs)])
    return text.getvalue()


def columns(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Columns of `summary.csv` for these pairs of modalities."""
    return ["video", "person", "seconds", "utterances", "words_per_minute", "changes_per_minute",
            *(f"{emotion}{part}" for emotion in EMOTIONS for part in ("", "_low", "_high")),
            *(f"kappa_{first}_{second}" for first, second in pairs),
            "longest_emotion", "longest_start", "longest_end"]


def _cells(own: Figures, pairs: Iterable[tuple[str, str]]) -> list[Any]:
    """What follows video and person; None is an empty cell."""
    shares = [value for emotion in EMOTIONS for value in _share(own.shares[emotion]).values()]
    longest = own.longest[0] if own.longest else None
    return [round(own.seconds, 3), own.utterances, _rounded(own.words_per_minute, COARSE),
            round(own.changes_per_minute, COARSE),
            *shares, *(_rounded(own.kappas.get(pair), DECIMALS) for pair in pairs),
            *((longest.emotion, round(longest.start, 3), round(longest.end, 3)) if longest else ("", "", ""))]


def _person(person: Person) -> dict[str, Any]:
    return {"person": printable(person.label()), "name": printable(person.name) or None,
            "face_ids": list(person.face_ids), "speakers": list(person.speakers)}


def _figures(own: Figures) -> dict[str, Any]:
    return {"seconds": round(own.seconds, 3), "utterances": own.utterances,
            "words_per_minute": _rounded(own.words_per_minute, COARSE),
            "changes_per_minute": round(own.changes_per_minute, COARSE),
            "shares": {emotion: _share(share) for emotion, share in own.shares.items()},
            "longest": [{"emotion": stretch.emotion, "start": round(stretch.start, 3),
                         "end": round(stretch.end, 3)} for stretch in own.longest],
            "kappas": {f"{first}_{second}": _rounded(kappa, DECIMALS)
                       for (first, second), kappa in own.kappas.items()}}


def _share(share: Share) -> dict[str, float | None]:
    return {"share": _rounded(share.value, DECIMALS), "low": _rounded(share.low, DECIMALS),
            "high": _rounded(share.high, DECIMALS)}


def _rounded(value: float | None, decimals: int) -> float | None:
    return None if value is None else round(value, decimals)
