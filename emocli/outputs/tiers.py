"""Tiers for annotation programs: ELAN (pympi), Praat (praatio) and Audacity labels."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emocli.emotions import CLASSES, INDEX
from emocli.outputs.base import OutputOptions
from emocli.timeline.types import MODALITIES, Timeline

#: Start and end, s, and what is written there.
Interval = tuple[float, float, str]


def intervals(timeline: Timeline, options: OutputOptions) -> dict[str, list[Interval]]:
    """The intervals of each tier, in whole milliseconds: `emotion` (fused), the words, and what each modality says."""
    found: dict[str, list[Interval]] = {"emotion": [], "words": [], **{m: [] for m in MODALITIES}}
    for row in timeline.rows:
        start, end = round(row.start, 3), round(row.end, 3)
        if end <= start:
            continue
        found["emotion"].append((start, end, CLASSES[INDEX[row.emotion]].label(options.lang)))
        for name in MODALITIES:
            if emotion := row.readings[name].emotion:
                found[name].append((start, end, CLASSES[INDEX[emotion]].label(options.lang)))
        if (said := row.utterance) and said.text and round(said.end, 3) > round(said.start, 3):
            found["words"].append((round(said.start, 3), round(said.end, 3), " ".join(said.text.split())))
    return found


def _through_a_file(ending: str, save: Callable[[str], Any]) -> str:
    with tempfile.TemporaryDirectory(prefix="emocli-") as folder:
        path = Path(folder) / f"tiers.{ending}"
        save(str(path))
        return path.read_text(encoding="utf-8")


def eaf(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.eaf` for ELAN, with the video linked by its name."""
    from pympi.Elan import Eaf, to_eaf

    document = Eaf(author="emocli")
    kind = "audio/x-wav" if not timeline.media.has_video else "video/mp4"
    name = timeline.media.path.name
    document.add_linked_file(f"file://./{name}", relpath=f"./{name}", mimetype=kind)
    document.remove_tier("default")
    for tier, found in intervals(timeline, options).items():
        document.add_tier(tier)
        for start, end, text in found:
            document.add_annotation(tier, round(start * 1000), round(end * 1000), text)
    return _through_a_file("eaf", lambda path: to_eaf(path, document))


def textgrid(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.TextGrid` for Praat; a tier without intervals is left out."""
    from praatio.data_classes.interval_tier import IntervalTier
    from praatio.data_classes.textgrid import Textgrid

    grid, end = Textgrid(), round(timeline.media.duration, 3)
    for tier, found in intervals(timeline, options).items():
        if found:
            inside = [(start, min(stop, end), text) for start, stop, text in found if start < end]
            grid.addTier(IntervalTier(tier, inside, 0, end))
    return _through_a_file("TextGrid", lambda path: grid.save(path, format="long_textgrid", includeBlankSpaces=True))


def audacity(timeline: Timeline, options: OutputOptions) -> str:
    """`<stem>.emotions.txt`, a label track: start, end, `happiness 0.72`, with tabs between."""
    return "".join(f"{row.start:.6f}\t{row.end:.6f}\t{CLASSES[INDEX[row.emotion]].label(options.lang)} "
                   f"{row.confidence:.2f}\n" for row in timeline.rows)
