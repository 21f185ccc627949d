"""The report page of one video, and the page that lists all videos of a folder: one file each, no network.

The page draws on a canvas of its own: sureness as opacity in stacked areas and lanes is no chart of a
library's, and Plotly would bring 4.7 MB to each page.  Whatever comes from outside (names, words) is escaped
by Jinja2 or travels as JSON; the page's policy allows no script but the two that it carries, by their hash.
"""

from __future__ import annotations

import base64
import hashlib
import json
import mimetypes
import os
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from emocli.emotions import CLASSES, EMOTIONS, INDEX
from emocli.errors import InputError
from emocli.outputs.base import OutputOptions
from emocli.plaintext import printable
from emocli.timeline.records import face_id, person_of, speakers
from emocli.timeline.types import Person, Reading, Row, Timeline

#: Persons with a lane of their own, those seen most; mixed moments with a thumbnail, the surest.
LANES, MIXED = 8, 24
#: Longest side of such a thumbnail, px.
THUMBNAIL = 320
#: Largest video that is embedded, bytes; browsers give up on much longer addresses.
EMBEDDABLE = 512 * 2**20


@cache
def words(language: str) -> dict[str, Any]:
    """The page's words in a language of `emotions.LANGUAGES`."""
    return tomllib.loads(_part(f"{language}.toml"))


@cache
def _part(name: str) -> str:
    return files("emocli.outputs.page").joinpath(name).read_text(encoding="utf-8")


def html(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.html`.  The video is linked from `options.folder`, or embedded, or played from the
    address `options.address`; thumbnails of mixed moments need the file, too.  Without it the page says so.

    Raises `InputError` when a video to be embedded is not there or too large.
    """
    t, media = words(options.lang), timeline.media
    mixed = sorted((r for r in timeline.rows if "mixed" in r.flags), key=_tension, reverse=True)
    shown = sorted(mixed[:MIXED], key=lambda r: r.start)
    thumbnails = _thumbnails(timeline, [(r.start + r.end) / 2 for r in shown])
    seen = Counter(o.face_id for o in timeline.faces)
    shares = timeline.shares()
    return _page(
        "report", options.lang, title=printable(media.path.name),
        kind="video" if media.has_video else "audio",
        media=_source(timeline, options), duration=round(media.duration, 3), face_ids=sorted(seen),
        summary=t["summary"].format(clock(media.duration), len(timeline.rows), len(seen)),
        shares=sorted(((CLASSES[INDEX[name]], share) for name, share in shares.items()),
                      key=lambda pair: -pair[1]),
        mixed=[_moment(r, thumbnail, t) for r, thumbnail in zip(shown, thumbnails, strict=True)],
        more_mixed=len(mixed) - len(shown), provenance=_provenance(timeline, options, t),
        data=_data(timeline, options.lang, [i for i, _ in seen.most_common(LANES)]),
        script=("report.js", "theme.js"))


def _page(template: str, language: str, *, script: tuple[str, ...], data: dict[str, Any],
          **values: Any) -> str:
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    code = "\n".join(_part(name) for name in script)
    colours = "".join(f".c{i} {{ background: {own.colour}; fill: {own.colour}; }}\n"
                      for i, own in enumerate(CLASSES))
    css = _part("page.css") + colours
    remote = str(values.get("media", "")).startswith(("http://", "https://"))
    policy = (f"default-src 'none'; script-src {_hash(code)}; style-src {_hash(css)}; img-src data:; "
              f"media-src 'self' file: data:{' http: https:' if remote else ''}; base-uri 'none'; "
              f"form-action 'none'")
    environment = Environment(loader=FunctionLoader(_part), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True)
    page = environment.get_template(f"{template}.html")
    # A "<" would let a text end the element that holds the data.
    packed = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return page.render(lang=language, t=words(language), classes=CLASSES, index=INDEX, policy=policy,
                       css=Markup(css),
                       script=Markup(code), data=Markup(packed), **values)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def clock(seconds: float) -> str:
    """`1:02:03`, without the hours when there are none."""
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _source(timeline: Timeline, options: OutputOptions) -> str:
    path = timeline.media.path
    if not options.embed:
        return options.address or (link(path, options.folder) if path.is_file() else "")
    if not path.is_file() or path.stat().st_size > EMBEDDABLE:
        raise InputError(path.name, "cannot be embedded (not there, a link, or larger than 512 MB)",
                         "give its place with --video, or leave --embed out")
    kind = mimetypes.guess_type(path.name)[0] or "video/mp4"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def link(path: Path, folder: str) -> str:
    """A relative address of a file, as a page in `folder` would call it."""
    relative = os.path.relpath(path.resolve(), Path(folder or ".").resolve())
    return quote(os.fsencode(relative.replace(os.sep, "/")))


def _says(reading: Reading) -> list[int] | int:
    return [INDEX[reading.emotion], round(reading.confidence * 1000)] if reading.present else 0


def _data(timeline: Timeline, language: str, lanes: list[int]) -> dict[str, Any]:
    read, t = [o for o in timeline.faces if o.scores is not None], words(language)
    scores = np.array([o.scores for o in read], float).reshape(-1, len(EMOTIONS))
    times = np.unique([o.time for o in read])
    several = len(speakers(timeline)) > 1
    return {
        "duration": round(timeline.media.duration, 3), "labels": [c.label(language) for c in CLASSES],
        "emoji": [c.emoji for c in CLASSES], "colours": [c.colour for c in CLASSES], "lanes": sorted(lanes),
        "step": float(np.median(np.diff(times))) if len(times) > 1 else 0.2,
        "words": {key: t[key] for key in ("face", "silence", "count")},
        "modalities": [t.get(name, name) for name in timeline.modalities],
        "rows": [[round(r.start, 3), round(r.end, 3), INDEX[r.emotion], round(r.confidence * 1000),
                  [round(float(s) * 1000) for s in r.scores],
                  [_says(r.readings[m]) for m in timeline.modalities],
                  face_id(r) or 0, _said(r, timeline.persons, several)]
                 for r in timeline.rows],
        "faces": {"time": _packed([round(o.time * 1000) for o in read], "<u4"),
                  "id": _packed([o.face_id for o in read], "<u2"),
                  "scores": _packed(scores * 255 + 0.5, "u1")}}


def _said(row: Row, persons: Sequence[Person], several: bool) -> str:
    """The words, after who says them where they have a name, or several speak."""
    if not row.utterance:
        return ""
    person = person_of(row, persons)
    who = person.name if person else row.utterance.speaker if several else ""
    return (f"{printable(who)}: " if who else "") + printable(row.utterance.text)


def _packed(values: Any, kind: str) -> str:
    return base64.b64encode(np.asarray(values).astype(kind).tobytes()).decode()


def _tension(row: Row) -> float:
    """How sure the second surest of the modalities that disagree is."""
    surest: dict[str, float] = {}
    for reading in row.readings.values():
        if reading.present:
            surest[reading.emotion] = max(surest.get(reading.emotion, 0.0), reading.confidence)
    return sorted(surest.values())[-2] if len(surest) > 1 else 0.0


def _thumbnails(timeline: Timeline, times: Sequence[float]) -> list[tuple[bytes, int, int] | None]:
    media = timeline.media
    if not times or not media.has_video or not media.path.is_file():
        return [None] * len(times)
    from emocli.media.thumbnails import thumbnails

    return thumbnails(media, times, THUMBNAIL)


def _moment(row: Row, thumbnail: tuple[bytes, int, int] | None, t: dict[str, Any]) -> dict[str, Any]:
    jpeg, width, height = thumbnail or (b"", 0, 0)
    return {"start": round(row.start, 3), "clock": clock(row.start),
            "text": printable(row.utterance.text) if row.utterance else "",
            "picture": base64.b64encode(jpeg).decode(),
            "width": width, "height": height,
            "says": [(t.get(name, name), CLASSES[INDEX[r.emotion]], round(r.confidence * 100))
                     for name, r in row.readings.items() if r.present]}


def _provenance(timeline: Timeline, options: OutputOptions, t: dict[str, Any]) -> list[tuple[str, str]]:
    made = dict(timeline.provenance)
    transcript = filter(None, [timeline.transcript_source, made.pop("transcript", ""), timeline.language])
    table = [("emocli", made.pop("emocli", "")), (t["file"], options.address or timeline.media.path.name),
             (t["duration"], clock(timeline.media.duration)),
             (t["words_from"], ", ".join(map(str, transcript))),
             (t["detector"], made.pop("detector", "")),
             (t["options"], _listed_values(made.pop("options", {})))]
    table += [(f"{t['weights']}: {name}",
               f"{weight['file']}, sha256 {weight['sha256'][:16]}…, {weight['licence']}")
              for name, weight in made.pop("weights", {}).items()]
    table += [(name, _listed_values(value)) for name, value in made.items()]
    table += [(t["note"], note) for note in timeline.notes]
    return [(name, printable(value)) for name, value in table]


def _listed_values(value: Any) -> str:
    return ", ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else str(value)


@dataclass(frozen=True)
class Listed:
    """A video in the list: its name, `status` and perhaps `error`, the address of its report, and what is
    known of it: seconds, share of each class, and the class at each of equal parts of it ("-" for none)."""

    name: str
    status: str = "done"
    error: str = ""
    report: str = ""
    duration: float | None = None
    shares: dict[str, float] | None = None
    strip: str = ""


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
    data = {"labels": [c.label(language) for c in CLASSES], "emoji": [c.emoji for c in CLASSES],
            "colours": [c.colour for c in CLASSES], "videos": [_listed(video) for video in videos]}
    return _page("index", language, title=t["index"], columns=columns, folders=totals, data=data,
                 script=("index.js", "theme.js"))


def _listed(video: Listed) -> dict[str, Any]:
    most, share = max((video.shares or {}).items(), key=lambda of: of[1], default=(None, None))
    return {"name": printable(video.name), "status": video.status, "error": printable(video.error),
            "report": video.report, "duration": video.duration, "emotion": INDEX[most] if most else None,
            "share": share, "strip": video.strip}


def _total(name: str, videos: Sequence[Listed]) -> dict[str, Any]:
    known = [(video.duration or 0.0, video.shares) for video in videos if video.shares]
    total = sum(duration for duration, _ in known)
    return {"name": name, "videos": len(videos), "clock": clock(total),
            "shares": [sum(d * s[e] for d, s in known) / (total or 1.0) for e in EMOTIONS]}
