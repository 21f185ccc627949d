"""A made-up timeline, for tests of what is made of one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from emocli.media.probe import probe
from emocli.timeline.types import (
    MODALITIES,
    FaceObservation,
    MediaInfo,
    Reading,
    Row,
    Timeline,
    Utterance,
    Word,
)

#: What a page, a terminal or a template could take for more than words.
HOSTILE = '<script>window.ran = 1</script>"\'&amp; {{ 7 * 7 }} \u202e'


def scores(index: int, top: float = 0.7) -> np.ndarray:
    found = np.full(7, (1 - top) / 6)
    found[index] = top
    return found


def row(start: float, end: float, index: int, utterance: Utterance | None = None, face: bool = True) -> Row:
    readings = {
        "face": Reading("face", np.zeros(2), np.zeros(7), scores(index), 1.0, face_id=3) if face
        else Reading("face", reason="no face was found"),
        "voice": Reading("voice", reason="nobody speaks"),
        "text": Reading("text", np.zeros(2), np.zeros(7), scores(1)) if utterance
        else Reading("text", reason="no words")}
    return Row(start, end, utterance, scores(index), readings, () if face else ("no_face",))


def made_up() -> Timeline:
    """Three rows: words and a face, neither, a long utterance with word times."""
    long = " ".join(f"word{i}" for i in range(60))
    rows = (row(0, 1.5, 0, Utterance(0.2, 1.4, 'He said "yes", 네.', (), "en", "sidecar")),
            row(1.5, 3.0, 6, face=False),
            row(3.0, 33.0, 2, Utterance(3.0, 33.0, long, tuple(
                Word(3 + i / 2, 3.4 + i / 2, f"word{i}") for i in range(60)), "en", "whisper")))
    face = FaceObservation(0.2, (1, 2, 30, 40), np.arange(10.0).reshape(5, 2), 0.9, 3, scores=scores(0))
    weight = {"file": "a", "sha256": "0" * 64, "licence": "MIT"}
    return Timeline(MediaInfo(Path("/secret/folder/a.mp4"), 33.0, True, True), rows, (face,), "sidecar", "en",
                    {"emocli": "1", "options": {}, "weights": {"face": weight}, "detector": "yunet",
                     "transcript": "a"})


def of_two() -> Timeline:
    """The same, said by two in turns."""
    timeline = made_up()
    spoken = iter(("S1", "S2"))
    return replace(timeline, rows=tuple(
        replace(r, utterance=replace(r.utterance, speaker=next(spoken))) if r.utterance else r
        for r in timeline.rows))


def of_demo(video: Path) -> Timeline:
    """Made-up rows over a real video: eight of two seconds, each emotion once, one of them mixed."""
    info = probe(video)
    rows, faces = [], []
    for i in range(8):
        start, end, emotion = 2.0 * i, 2.0 * (i + 1), i % 7
        said = Utterance(start, end, f"sentence {i}" if i else HOSTILE, (), "en",
                         "sidecar") if i != 3 else None
        readings = {m: Reading(m, scores=scores(emotion, 0.5 + 0.05 * i), quality=1.0, face_id=1 + i % 2
                               if m == "face"
                               else None) for m in MODALITIES}
        if i == 5:
            readings["text"] = Reading("text", scores=scores(0, 0.9))
        rows.append(Row(start, end, said, scores(emotion, 0.5 + 0.05 * i), readings, ("mixed",) if i == 5
                        else ()))
        faces += [FaceObservation(start + k / 5, (10, 10, 50, 50), np.zeros((5, 2)), 0.9, 1 + i % 2,
                                  scores=scores(emotion)) for k in range(10)]
    return replace(made_up(), media=replace(info, duration=16.0), rows=tuple(rows), faces=tuple(faces))


def two_hours() -> Timeline:
    """2400 rows of three seconds, said by four in turns, whose faces are seen in turns, too."""
    rng, base = np.random.default_rng(0), made_up()
    rows = []
    for i in range(2400):
        said = Utterance(3.0 * i, 3.0 * i + 3, f"sentence {i}", (), "en", "whisper", f"S{1 + i % 4}")
        readings = {m: Reading(m, scores=rng.dirichlet(np.ones(7)), quality=1.0) for m in MODALITIES}
        readings["face"] = replace(readings["face"], face_id=1 + i % 4, speaking=True)
        rows.append(Row(said.start, said.end, said, rng.dirichlet(np.ones(7)), readings,
                        ("mixed",) if i % 9 == 0 else ("low_confidence",) if i % 7 == 0 else ()))
    faces = tuple(FaceObservation(i / 5, (0, 0, 9, 9), np.zeros((5, 2)), 0.9, 1 + i // 15 % 4, scores=p)
                  for i, p in enumerate(rng.dirichlet(np.ones(7), 36000)))
    return replace(base, rows=tuple(rows), faces=faces, media=replace(base.media, duration=7200.0))
