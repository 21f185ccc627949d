"""The CSV files, read back by pandas."""

import csv
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.timelines import made_up, of_two, row

from emocli.emotions import EMOTIONS
from emocli.outputs import tables
from emocli.outputs.base import OutputOptions
from emocli.timeline.types import Timeline, Utterance

PLAIN = OutputOptions()


@pytest.fixture
def timeline() -> Timeline:
    return made_up()


def test_csv_columns_and_values(timeline: Timeline) -> None:
    text = tables.emotions_csv(timeline, PLAIN)
    assert text.splitlines()[0] == (
        "start,end,text,speaker,face_id,person,emotion,confidence,happiness,surprise,neutral,fear,disgust,anger,"
        "sadness,face_emotion,face_confidence,voice_emotion,voice_confidence,text_emotion,text_confidence,"
        "language,source,flags")
    assert text.splitlines()[2].startswith("1.500,3.000,,,,,sadness,0.7,")
    frame = pd.read_csv(io.StringIO(text))
    assert frame.loc[0, "text"] == 'He said "yes", 네.'
    assert frame[list(EMOTIONS)].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-5)
    assert frame["voice_emotion"].isna().all()
    assert frame.loc[1, "flags"] == "no_face"
    assert frame.loc[0, "face_id"] == 3
    pd.testing.assert_frame_equal(timeline.to_dataframe()[["start", "end"]], frame[["start", "end"]])


def test_who_speaks_is_a_column() -> None:
    frame = pd.read_csv(io.StringIO(tables.emotions_csv(of_two(), PLAIN)))
    assert frame["speaker"].fillna("").tolist() == ["S1", "", "S2"]
    assert of_two().to_dataframe()["speaker"].tolist() == ["S1", "", "S2"]


def test_faces_csv(timeline: Timeline) -> None:
    frame = pd.read_csv(io.StringIO(tables.faces_csv(timeline, PLAIN)))
    assert list(frame.columns) == list(tables.FACE_COLUMNS)
    assert frame.iloc[0][["time", "face_id", "x", "height"]].tolist() == [0.2, 3, 1, 40]


def test_faces_csv_with_blendshapes(timeline: Timeline) -> None:
    (face,) = timeline.faces
    found = replace(face, blendshapes=np.linspace(0, 1, 52), pose=np.array([-12.34, 5, 0]))
    lost = replace(face, blendshapes=np.full(52, np.nan), pose=np.full(3, np.nan))
    text = tables.faces_csv(replace(timeline, faces=(found, lost)), PLAIN)
    frame = pd.read_csv(io.StringIO(text))
    assert list(frame.columns) == [*tables.FACE_COLUMNS, *tables.MESH_COLUMNS]
    assert len(tables.MESH_COLUMNS) == len(set(tables.MESH_COLUMNS)) == 55
    first = frame.iloc[0][["_neutral", "noseSneerRight", "yaw", "pitch", "roll"]]
    assert first.tolist() == [0, 1, -12.3, 5, 0]
    assert frame.iloc[1][list(tables.MESH_COLUMNS)].isna().all()
    assert text.splitlines()[2].endswith("," * 55)


@pytest.mark.parametrize(("text", "cell"), [
    ("=HYPERLINK(1)", "'=HYPERLINK(1)"), ("  +1", "'  +1"), ("-2", "'-2"), ("@x", "'@x"), ("＝1", "'＝1"),
    ("\t=1", "' =1"), ("1 = 1", "1 = 1"), ("it's", "it's")])
def test_formulas_are_words_when_asked(timeline: Timeline, text: str, cell: str) -> None:
    odd = replace(timeline, rows=(row(0, 1, 0, Utterance(0, 1, text, (), "en", "sidecar")),))
    (plain,) = csv.DictReader(io.StringIO(tables.emotions_csv(odd, PLAIN)))
    (safe,) = csv.DictReader(io.StringIO(tables.emotions_csv(odd, OutputOptions(safe_csv=True))))
    assert plain["text"] == text.replace("\t", " ")
    assert safe["text"] == cell
    assert safe | {"text": ""} == plain | {"text": ""}
