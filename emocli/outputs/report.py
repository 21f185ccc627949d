"""The report page of one video: one file, no network.

The page draws on canvases of its own: sureness as opacity and hatching, in stacked areas and lanes, is no
chart of a library's, and Plotly would bring 4.7 MB to each page.
"""

from __future__ import annotations

import base64
import mimetypes
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from emocli.errors import InputError
from emocli.outputs.base import OutputOptions
from emocli.outputs.page.rendering import PERSONS, clock, page, words
from emocli.outputs.report_data import FACE, report_data
from emocli.outputs.report_pictures import moments, portraits
from emocli.outputs.report_summary import agreements, summary_lines
from emocli.plaintext import printable
from emocli.summary.compute import summarize
from emocli.timeline.persons import everybody
from emocli.timeline.types import Person, Timeline

#: The scripts, in the order in which they run.
SCRIPTS = ("common.js", "model.js", "pens.js", "lanes.js", "timeline.js", "overview.js", "transcript.js",
           "player.js", "theme.js", "report.js")
#: Largest video that is embedded, bytes; browsers give up on much longer addresses.
EMBEDDABLE = 512 * 2**20


def html(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.html`.  The video is linked from `options.folder`, or embedded, or played from the
    address `options.address`; pictures of persons and of mixed moments need the file, too.  Without it the
    page says so.

    Raises `InputError` when a video to be embedded is not there or too large.
    """
    t, media = words(options.lang), timeline.media
    source = _source(timeline, options)
    timeline = replace(timeline, faces=tuple(timeline.faces))  # gone through often; arrays make each anew
    people, summary = everybody(timeline), summarize(timeline)
    lines = summary_lines(summary, people)
    data = report_data(timeline, people, options.lang)
    shown = _shown(timeline, people, data, options.lang)
    mixed, more = moments(timeline, t)
    seen = {o.face_id for o in timeline.faces}
    return page(
        "report", options.lang, title=printable(media.path.name),
        kind="video" if media.has_video else "audio", media=source, duration=round(media.duration, 3),
        people=shown, tracks=[_track(track, shown, t, data["modalities"]) for track in data["tracks"]],
        summary=t["summary"].format(clock(media.duration), len(timeline.rows), len(seen)),
        lines=lines, more_people=len(summary.persons) - len(lines) + 1 if lines[1:] else 0,
        agreements=agreements(timeline, t),
        mixed=mixed, more_mixed=more, provenance=_provenance(timeline, options, t), data=data,
        scripts=SCRIPTS)


def _shown(timeline: Timeline, people: Sequence[Person], data: dict[str, Any],
           language: str) -> list[dict[str, Any]]:
    """What the page shows of each person; a portrait of those with lanes."""
    listed = [track["person"] for track in data["tracks"] if track["person"] >= 0]
    pictures = dict(zip(listed, portraits(timeline, [people[i] for i in listed]), strict=True))
    return [{"name": printable(person.label(language)), "colour": i % len(PERSONS),
             "initial": printable(person.name[:1] or "".join(person.speakers[:1]) or person.face_ids[0]),
             "picture": pictures.get(i, "")}
            for i, person in enumerate(people)]


def _track(track: dict[str, Any], people: Sequence[dict[str, Any]], t: dict[str, Any],
           modalities: Sequence[str]) -> dict[str, Any]:
    person = people[track["person"]] if track["person"] >= 0 else None
    return {"person": person, "name": person["name"] if person else t["somebody"], "key": track["person"],
            "lanes": [t["face"] if lane == FACE else modalities[lane] for lane in track["lanes"]]}


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
