"""Small pictures for the report page: each person's face, and moments worth a look."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from emocli.emotions import CLASSES, INDEX
from emocli.errors import InputError
from emocli.outputs.page.rendering import clock
from emocli.plaintext import printable
from emocli.timeline.types import FaceObservation, MediaInfo, Person, Row, Timeline

if TYPE_CHECKING:
    from emocli.media.thumbnails import Thumbnail

#: Mixed moments with a thumbnail, the surest; longest side of such a thumbnail, and of a portrait, px.
MOMENTS, THUMBNAIL, PORTRAIT = 24, 320, 80
#: Margin around the box of a face, in parts of it.
MARGIN = 0.25


def portraits(timeline: Timeline, people: Sequence[Person]) -> list[str]:
    """A JPEG of each person's face in base64; an empty one where there is none, or no video."""
    from emocli.media.thumbnails import crops

    chosen = {i: best for i, person in enumerate(people)
              if (best := _best([o for o in timeline.faces if o.face_id in person.face_ids]))}
    wanted = sorted(chosen.items(), key=lambda pair: pair[1].time)
    parts = [(o.time, _square(o)) for _, o in wanted]
    found = _of_video(timeline, len(parts), lambda media: crops(media, parts, PORTRAIT))
    pictures = {i: base64.b64encode(crop[0]).decode() for (i, _), crop in zip(wanted, found, strict=True)
                if crop}
    return [pictures.get(i, "") for i in range(len(people))]


def _of_video(timeline: Timeline, count: int,
              take: Callable[[MediaInfo], list[Thumbnail | None]]) -> list[Thumbnail | None]:
    """`count` pictures taken of the video, or as many None: of sound, of a video that is not there, and of
    one that cannot be read, which the page says where it cannot be played either."""
    media = timeline.media
    if not count or not media.has_video or not media.path.is_file():
        return [None] * count
    try:
        return take(media)
    except InputError:
        return [None] * count


def _best(seen: Sequence[FaceObservation]) -> FaceObservation | None:
    """The largest and surest sighting, of those between two others of the same face where there are any, as
    a picture may come from a frame or two earlier, before a cut."""
    between: list[FaceObservation] = []
    for _, group in groupby(sorted(seen, key=lambda o: (o.face_id, o.time)), key=lambda o: o.face_id):
        track = list(group)
        between += [o for before, o, after in zip(track, track[1:], track[2:], strict=False)
                    if after.time - before.time < 1]
    return max(between or seen, key=lambda o: o.detection * min(o.box[2:]), default=None)


def _square(o: FaceObservation) -> tuple[float, float, float, float]:
    x, y, width, height = o.box
    side = (1 + 2 * MARGIN) * max(width, height)
    return x + width / 2 - side / 2, y + height / 2 - side / 2, side, side


def moments(timeline: Timeline, t: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """The surest mixed moments in order of time, each with its picture, and how many more there are."""
    from emocli.media.thumbnails import thumbnails

    mixed = sorted((r for r in timeline.rows if "mixed" in r.flags), key=_tension, reverse=True)
    shown = sorted(mixed[:MOMENTS], key=lambda r: r.start)
    times = [(r.start + r.end) / 2 for r in shown]
    pictures = _of_video(timeline, len(times), lambda media: thumbnails(media, times, THUMBNAIL))
    made = [_moment(row, picture, t) for row, picture in zip(shown, pictures, strict=True)]
    return made, len(mixed) - len(shown)


def _tension(row: Row) -> float:
    """How sure the second surest of the modalities that disagree is."""
    surest: dict[str, float] = {}
    for reading in row.readings.values():
        if reading.present:
            surest[reading.emotion] = max(surest.get(reading.emotion, 0.0), reading.confidence)
    return sorted(surest.values())[-2] if len(surest) > 1 else 0.0


def _moment(row: Row, picture: Thumbnail | None, t: dict[str, Any]) -> dict[str, Any]:
    jpeg, width, height = picture or (b"", 0, 0)
    return {"start": round(row.start, 3), "clock": clock(row.start),
            "text": printable(row.utterance.text) if row.utterance else "",
            "picture": base64.b64encode(jpeg).decode(), "width": width, "height": height,
            "says": [(t.get(name, name), CLASSES[INDEX[r.emotion]], round(r.confidence * 100))
                     for name, r in row.readings.items() if r.present]}
