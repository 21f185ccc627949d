"""The flags of a row, in the order that the README explains them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from emocli.timeline.types import Reading, Segment

#: A row whose fused confidence is lower is flagged `low_confidence`.
LOW_CONFIDENCE = 0.4
#: A modality is sure from this score; sure ones that disagree make a row `mixed`.
SURE = 0.5


def flags_of(segment: Segment, fused: np.ndarray, readings: Mapping[str, Reading]) -> tuple[str, ...]:
    """Flags of a segment with `fused` scores (7,) and one reading a modality."""

    def present(name: str) -> bool:
        return name in readings and readings[name].present

    sure = {r.emotion for r in readings.values() if r.present and r.confidence >= SURE}
    tests = {"no_face": not present("face"), "many_faces": any(r.many_faces for r in readings.values()),
             "off_screen": any(r.speaking is False for r in readings.values()),
             "no_speech": segment.utterance is None or not (present("voice") or present("text")),
             "low_confidence": float(fused.max()) < LOW_CONFIDENCE, "mixed": len(sure) > 1}
    return tuple(name for name, holds in tests.items() if holds)
