"""Whole analyses against their kept rows: times and words exact, scores close (made by golden/make.py)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from golden.cases import CASES, have_yunet, run

from emocli.emotions import EMOTIONS

pytestmark = pytest.mark.slow
GOLDEN = Path(__file__).parent / "golden"
#: Scores may differ so much on another processor or with other versions of the decoders.
CLOSE = 0.08


@pytest.mark.parametrize("name", CASES)
def test_rows_are_as_they_were(name: str, tmp_path: Path) -> None:
    detector = CASES[name][2]
    if detector == "yunet" and not have_yunet():
        pytest.skip("wants YuNet, which is not here and cannot be fetched")
    timeline, rows = run(name, tmp_path)
    assert timeline.provenance["detector"] == detector
    wanted = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    assert wanted
    for exact in ("start", "end", "text", "face_id", "source", "text_emotion"):
        assert [row[exact] for row in rows] == [row[exact] for row in wanted]
    for row, kept in zip(rows, wanted, strict=True):
        assert [row[e] for e in EMOTIONS] == pytest.approx([kept[e] for e in EMOTIONS], abs=CLOSE)
