"""The page that lists all videos of a folder: one file, no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emocli.emotions import CLASSES, EMOTIONS, INDEX
from emocli.outputs.page.rendering import clock, page, words
from emocli.outputs.report_summary import main_persons, pair_name
from emocli.plaintext import printable
from emocli.summary.compute import Summary
from emocli.timeline.types import Timeline


@dataclass(frozen=True)
class Listed:
    """A video in the list: its name, `status` and perhaps `error`, the address of its report, and what is
    known of it: seconds, share of each class, the class at each of equal parts of it ("-" for none), and what
    it and its persons come to."""

    name: str
    status: str = "done"
    error: str = ""
    report: str = ""
    duration: float | None = None
    shares: dict[str, float] | None = None
    strip: str = ""
    summary: Summary | None = None


def strip(timeline: Timeline, parts: int = 120) -> str:
    """A timeline as `parts` digits, each the class in the middle of one of as many equal parts."""
    starts = np.array([r.start for r in timeline.rows])
    middles = (np.arange(parts) + 0.5) / parts * timeline.media.duration
    at = np.searchsorted(starts, middles, side="right") - 1
    return "".join(str(INDEX[timeline.rows[i].emotion]) if i >= 0 else "-" for i in at)


def index(videos: Sequence[Listed], language: str = "en") -> str:
    """The page that lists `videos`, with totals per folder."""
    t = words(language)
    folders: dict[str, list[Listed]] = {}
    for video in videos:
        folders.setdefault(printable(Path(video.name).parent), []).append(video)
    columns = [("name", t["video"]), ("status", t["status"]), ("duration", t["duration"]),
               ("emotion", t["most"]),
               ("share", t["share"])]
    totals = [_total(name, inside) for name, inside in sorted(folders.items())]
    pairs = list(dict.fromkeys(pair for v in videos if v.summary for pair in v.summary.whole.kappas))
    data = {"labels": [c.label(language) for c in CLASSES], "emoji": [c.emoji for c in CLASSES],
            "colours": [c.colour for c in CLASSES], "everybody": t["everybody"],
            "videos": [_listed(v) | {"figures": _figures(v.summary, pairs, language)} for v in videos]}
    return page("index", language, title=t["index"], columns=columns, folders=totals, data=data,
                pairs=[pair_name(pair, t) for pair in pairs], scripts=("common.js", "index.js", "theme.js"))


def _listed(video: Listed) -> dict[str, Any]:
    most, share = max((video.shares or {}).items(), key=lambda of: of[1], default=(None, None))
    return {"name": printable(video.name), "status": video.status, "error": printable(video.error),
            "report": video.report, "duration": video.duration, "emotion": INDEX[most] if most else None,
            "share": share, "strip": video.strip}


def _figures(summary: Summary | None, pairs: Sequence[tuple[str, str]], language: str) -> list[list[Any]]:
    """A line for everybody, and one for each main person: [name or "", seconds, the share of each
    class as [%, low, high], changes and words a minute, the kappa of each pair]; None is not known."""
    if summary is None:
        return []
    persons = [(person.label(language), own) for person, own in main_persons(summary)]
    return [[printable(name), round(own.seconds, 1),
             [[None if part is None else round(100 * part) for part in (share.value, share.low, share.high)]
              for share in (own.shares[e] for e in EMOTIONS)],
             round(own.changes_per_minute, 1), own.words_per_minute and round(own.words_per_minute),
             [None if (kappa := own.kappas.get(pair)) is None else round(kappa, 2) for pair in pairs]]
            for name, own in [("", summary.whole), *persons]]


def _total(name: str, videos: Sequence[Listed]) -> dict[str, Any]:
    known = [(video.duration or 0.0, video.shares) for video in videos if video.shares]
    total = sum(duration for duration, _ in known)
    return {"name": name, "videos": len(videos), "clock": clock(total),
            "shares": [sum(d * s[e] for d, s in known) / (total or 1.0) for e in EMOTIONS]}
