"""CSV, subtitles and JSON of a made-up timeline, read back by other libraries."""

import io
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pysubs2
import pytest

from emocli.emotions import EMOTIONS
from emocli.errors import OutputError, UsageError
from emocli.outputs import cues, document, formats, tables
from emocli.outputs.base import OutputOptions, width, write_atomic
from emocli.timeline.types import FaceObservation, MediaInfo, Reading, Row, Timeline, Utterance, Word

PLAIN = OutputOptions()


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


@pytest.fixture
def timeline() -> Timeline:
    long = " ".join(f"word{i}" for i in range(60))
    rows = (row(0, 1.5, 0, Utterance(0.2, 1.4, 'He said "yes", 네.', (), "en", "sidecar")),
            row(1.5, 3.0, 6, face=False),
            row(3.0, 33.0, 2, Utterance(3.0, 33.0, long, tuple(
                Word(3 + i / 2, 3.4 + i / 2, f"word{i}") for i in range(60)), "en", "whisper")))
    face = FaceObservation(0.2, (1, 2, 30, 40), np.arange(10.0).reshape(5, 2), 0.9, 3, scores=scores(0))
    weight = {"file": "a", "sha256": "0" * 64, "licence": "MIT"}
    return Timeline(MediaInfo(Path("/secret/folder/a.mp4"), 33.0, True, True), rows, (face,), "sidecar", "en",
                    {"emocli": "1", "options": {}, "weights": {"face": weight}, "detector": "yunet", "transcript": "a"})


def test_csv_columns_and_values(timeline: Timeline) -> None:
    text = tables.emotions_csv(timeline, PLAIN)
    assert text.splitlines()[0] == (
        "start,end,text,face_id,emotion,confidence,happiness,surprise,neutral,fear,disgust,anger,sadness,"
        "face_emotion,face_confidence,voice_emotion,voice_confidence,text_emotion,text_confidence,language,source,flags")
    assert text.splitlines()[2].startswith("1.500,3.000,,,sadness,0.7,")
    frame = pd.read_csv(io.StringIO(text))
    assert frame.loc[0, "text"] == 'He said "yes", 네.'
    assert frame[list(EMOTIONS)].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-5)
    assert frame["voice_emotion"].isna().all()
    assert frame.loc[1, "flags"] == "no_face"
    assert frame.loc[0, "face_id"] == 3
    pd.testing.assert_frame_equal(timeline.to_dataframe()[["start", "end"]], frame[["start", "end"]])


def test_faces_csv(timeline: Timeline) -> None:
    frame = pd.read_csv(io.StringIO(tables.faces_csv(timeline, PLAIN)))
    assert list(frame.columns) == list(tables.FACE_COLUMNS)
    assert frame.iloc[0][["time", "face_id", "x", "height"]].tolist() == [0.2, 3, 1, 40]


def test_json_keeps_the_schema_and_hides_the_folder(timeline: Timeline) -> None:
    found = json.loads(document.to_json(timeline, PLAIN))
    jsonschema.Draft202012Validator.check_schema(document.schema())
    jsonschema.validate(found, document.schema())
    assert found["media"]["path"] == "a.mp4"
    assert found["rows"][1]["readings"]["face"] == {"present": False, "reason": "no face was found"}
    found["rows"][0]["scores"]["happiness"] = 2
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, document.schema())


@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_subtitles_keep_the_limits(timeline: Timeline, kind: str) -> None:
    text = formats.FORMATS[kind](timeline, PLAIN)
    read = pysubs2.SSAFile.from_string(text, format_=kind)
    assert read[0].plaintext == 'He said "yes", 네. 😊 [happiness]'
    assert (read[0].start, read[0].end) == (200, 1400)
    assert len(read) > 4
    for cue in read:
        lines = cue.plaintext.split("\n")
        assert len(lines) <= 2
        assert max(map(width, lines)) <= 42
        assert cue.end - cue.start <= 7000
        assert cue.plaintext.endswith("]")
    assert all(a.end <= b.start for a, b in pairwise(read))
    spoken = " ".join(" ".join(c.plaintext.split()[:-2]) for c in read[1:])
    assert spoken == " ".join(f"word{i}" for i in range(60))
    assert {c.start for c in read[1:]} <= {3000 + 500 * i for i in range(60)}  # split at word times


def test_gaps_are_cues_only_when_asked_for(timeline: Timeline) -> None:
    assert "😢" not in cues.srt(timeline, PLAIN)
    assert "😢 [sadness]" in cues.srt(timeline, OutputOptions(gaps=True))


def test_long_text_without_spaces_is_cut(timeline: Timeline) -> None:
    one = Utterance(0, 20, "가" * 200, (), "ko", "sidecar")
    found = cues.split(row(0, 20, 0, one))
    assert all(width(line) <= 42 for c in found for line in c.lines)
    assert "".join("".join(c.lines) for c in found).count("가") == 200


def test_arrow_in_the_words_breaks_nothing(timeline: Timeline) -> None:
    odd = replace(timeline, rows=(row(0, 1, 0, Utterance(0, 1, "a --> b", (), "en", "sidecar")),))
    assert len(pysubs2.SSAFile.from_string(cues.srt(odd, PLAIN), format_="srt")) == 1


def test_files_are_whole_or_absent(timeline: Timeline, tmp_path: Path) -> None:
    files = formats.targets(Path("x/a.b.mp4"), tmp_path / "new", ["csv", "srt"], faces=True)
    assert sorted(p.name for p in files.values()) == ["a.b.emotions.csv", "a.b.emotions.srt", "a.b.faces.csv"]
    assert sorted(formats.write(timeline, files)) == sorted(files.values())
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == sorted(p.name for p in files.values())
    with pytest.raises(UsageError, match="exists already"):
        formats.refuse_existing(files.values())
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be written"):
        write_atomic(tmp_path / "file" / "a.csv", "x")
