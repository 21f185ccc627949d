"""Tiers for annotation programs: ELAN (pympi), Praat (praatio) and Audacity labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emocli.emotions import CLASSES, INDEX
from emocli.outputs.base import OutputOptions
from emocli.plaintext import printable
from emocli.storage import scratch
from emocli.timeline.persons import everybody, name_of
from emocli.timeline.records import person_of, speakers
from emocli.timeline.types import Timeline

#: Start and end, s, and what is written there.
Interval = tuple[float, float, str]


def intervals(timeline: Timeline, options: OutputOptions) -> dict[str, list[Interval]]:
    """The intervals of each tier, in whole milliseconds: `emotion` (fused), the words, each modality, the
    speaker, if they were told apart, and where persons have names, `emotion@Anna` and `words@Anna`."""
    tiers: dict[str, list[Interval]] = {"emotion": [], "words": [], **{m: [] for m in timeline.modalities}}
    if speakers(timeline):
        tiers["speaker"] = []
    people = everybody(timeline) if timeline.persons else ()
    for row in timeline.rows:
        start, end = round(row.start, 3), round(row.end, 3)
        if end <= start:
            continue
        person = person_of(row, people)
        whose = f"@{printable(person.label(options.lang))}" if person else ""
        named = {"emotion": row.emotion} | {m: row.readings[m].emotion for m in timeline.modalities}
        if whose:
            named[f"emotion{whose}"] = row.emotion
        for tier, emotion in named.items():
            if emotion:
                tiers.setdefault(tier, []).append((start, end, CLASSES[INDEX[emotion]].label(options.lang)))
        if row.utterance:
            start, end = round(row.utterance.start, 3), round(row.utterance.end, 3)
            words = " ".join(printable(row.utterance.text).split())
            speaker = row.utterance.speaker
            said = {"words": words, "speaker": speaker and printable(name_of(timeline, speaker))}
            if whose:
                said[f"words{whose}"] = words
            for tier, text in said.items():
                if text and end > start:
                    tiers.setdefault(tier, []).append((start, end, text))
    return tiers


def _through_a_file(ending: str, save: Callable[[str], Any]) -> str:
    with scratch() as folder:
        path = folder / f"tiers.{ending}"
        save(str(path))
        return path.read_text(encoding="utf-8")


def eaf(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.eaf` for ELAN, with the video linked by its name."""
    from pympi.Elan import Eaf, to_eaf

    document = Eaf(author="emocli")
    kind = "audio/x-wav" if not timeline.media.has_video else "video/mp4"
    name = printable(timeline.media.path.name)
    document.add_linked_file(f"file://./{name}", relpath=f"./{name}", mimetype=kind)
    document.remove_tier("default")
    for tier, marked in intervals(timeline, options).items():
        document.add_tier(tier, part=tier.partition("@")[2] or None)
        for start, end, text in marked:
            document.add_annotation(tier, round(start * 1000), round(end * 1000), text)
    return _through_a_file("eaf", lambda path: to_eaf(path, document))


def textgrid(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.TextGrid` for Praat; a tier without intervals is left out."""
    from praatio.data_classes.interval_tier import IntervalTier
    from praatio.data_classes.textgrid import Textgrid

    grid, end = Textgrid(), round(timeline.media.duration, 3)
    for tier, marked in intervals(timeline, options).items():
        if inside := [(start, min(stop, end), text) for start, stop, text in marked if start < end]:
            grid.addTier(IntervalTier(tier, inside, 0, end))
    return _through_a_file(
        "TextGrid", lambda path: grid.save(path, format="long_textgrid", includeBlankSpaces=True))


def audacity(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.txt`, a label track: start, end, `happiness 0.72`, with tabs between."""
    return "".join(f"{row.start:.6f}\t{row.end:.6f}\t{CLASSES[INDEX[row.emotion]].label(options.lang)} "
                   f"{row.confidence:.2f}\n" for row in timeline.rows)
