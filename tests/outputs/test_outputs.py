"""CSV, subtitles and JSON of a made-up timeline, read back by other libraries."""

import io
import json
import os
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import jsonschema
import pandas as pd
import pysubs2
import pytest
from support.timelines import made_up, row

from emocli.emotions import EMOTIONS
from emocli.errors import InputError, OutputError, UsageError
from emocli.outputs import cues, document, formats, tables, tiers
from emocli.outputs.base import OutputOptions, width
from emocli.storage import write_text
from emocli.timeline.types import Timeline, Utterance

PLAIN = OutputOptions()


@pytest.fixture
def timeline() -> Timeline:
    return made_up()


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
    found = cues.split(row(0, 20, 0, one), PLAIN)
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
        write_text(tmp_path / "file" / "a.csv", "x")


def test_json_reads_back(timeline: Timeline, tmp_path: Path) -> None:
    path = tmp_path / "a.emotions.json"
    path.write_text(document.to_json(timeline, PLAIN), encoding="utf-8")
    back = document.read(path)
    assert document.document(back) == document.document(timeline)
    assert back.media.path == tmp_path / "a.mp4"
    assert document.read(path, tmp_path / "b.mp4").media.path.name == "b.mp4"


@pytest.mark.parametrize(("text", "words"), [
    ("{", "is no timeline"), ("[]", "version 1"), ('{"version": 2}', "version 1"), ('{"version": 1}', "KeyError"),
    ('{"version": 1, "media": {"path": "a", "notes": []}, "rows": [], "tracks": []}', "is no timeline")])
def test_what_is_no_timeline(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=words):
        document.read(tmp_path / "a.json")
    with pytest.raises(InputError, match="cannot be read"):
        document.read(tmp_path / "none.json")


@pytest.mark.parametrize(("style", "lang", "first", "gap"), [
    ("emoji", "en", 'He said "yes", 네. 😊', "😢"), ("tag", "ko", 'He said "yes", 네. [기쁨]', "[슬픔]"),
    ("plain", "en", 'He said "yes", 네.', ""), ("hi", "en", '[happily] He said "yes", 네.', "[sadly]"),
    ("hi", "ko", '[기쁘게] He said "yes", 네.', "[슬프게]")])
def test_subtitle_styles(timeline: Timeline, style: str, lang: str, first: str, gap: str) -> None:
    read = pysubs2.SSAFile.from_string(cues.srt(timeline, OutputOptions(srt_style=style, lang=lang, gaps=True)))
    assert read[0].plaintext == first
    assert [c.plaintext for c in read if c.start == 1500] == ([gap] if gap else [])
    assert all(width(line) <= 42 for c in read for line in c.plaintext.split("\n"))
    # the long utterance is neutral, which is no manner of speaking
    assert "[" not in "".join(c.plaintext for c in read if c.start >= 3000) or style in ("both", "tag")


def test_options_of_subtitles_are_checked() -> None:
    for wrong in ({"srt_style": "loud"}, {"lang": "fr"}):
        with pytest.raises(UsageError, match="Give one of"):
            OutputOptions(**wrong)


def test_ass_has_a_colour_an_emotion_and_a_style_a_face(timeline: Timeline) -> None:
    read = pysubs2.SSAFile.from_string(cues.ass(timeline, PLAIN), format_="ass")
    assert set(read.styles) == {"Default", "Face 3"}
    assert read[0].style == "Face 3"
    assert read[0].text.startswith("{\\c&H7FCFF2&}")  # light orange, blue first
    assert read[1].text.startswith("{\\c&HCCCCCC&}")
    assert read[0].plaintext == 'He said "yes", 네. 😊 [happiness]'


def test_vtt_has_classes_voices_and_no_markup_of_the_speaker(timeline: Timeline) -> None:
    odd = replace(timeline, rows=(row(0, 1, 6, Utterance(0, 1, "<b>a</b> & b", (), "en", "sidecar")),))
    text = cues.vtt(odd, PLAIN)
    assert "<v Face 3><c.sadness>&lt;b&gt;a&lt;/b&gt; &amp; b 😢 [sadness]</c></v>" in text
    assert text.startswith("WEBVTT\n\nSTYLE\n::cue(.happiness)")


def test_vtt_in_a_players_parser(timeline: Timeline, tmp_path: Path, node_modules: Path) -> None:
    path, script = tmp_path / "a.vtt", tmp_path / "read.js"
    path.write_text(cues.vtt(timeline, PLAIN), encoding="utf-8")
    script.write_text('''
        const { WebVTT, VTTCue } = require("vtt.js"), fs = require("fs");
        Object.assign(global, { window: global, VTTCue, navigator: { userAgent: "" } });
        const parser = new WebVTT.Parser(global, WebVTT.StringDecoder()), cues = [], errors = [];
        parser.oncue = (cue) => cues.push([cue.startTime, cue.endTime, cue.text]);
        parser.onparsingerror = (error) => errors.push(String(error));
        parser.parse(fs.readFileSync(process.argv[2], "utf8"));
        parser.flush();
        console.log(JSON.stringify([cues, errors]));''')
    out = subprocess.run(["node", script, path], capture_output=True, text=True, check=True,
                         env=os.environ | {"NODE_PATH": str(node_modules)})
    read, errors = json.loads(out.stdout)
    assert all("::cue" in error for error in errors)  # it is older than style blocks, and passes over them
    assert read[0] == [0.2, 1.4, '<v Face 3><c.happiness>He said "yes", 네. 😊 [happiness]</c></v>']
    assert [[round(a * 1000), round(b * 1000)] for a, b, _ in read] == [
        [round(c.start * 1000), round(c.end * 1000)] for c in cues.cues(timeline, PLAIN)]


def test_elan_and_praat_read_the_tiers(timeline: Timeline, tmp_path: Path) -> None:
    from praatio import textgrid
    from pympi.Elan import Eaf

    (tmp_path / "a.eaf").write_text(tiers.eaf(timeline, PLAIN), encoding="utf-8")
    (tmp_path / "a.TextGrid").write_text(tiers.textgrid(timeline, OutputOptions(lang="ko")), encoding="utf-8")
    elan = Eaf(str(tmp_path / "a.eaf"))
    assert set(elan.get_tier_names()) == {"emotion", "words", "face", "voice", "text"}
    assert sorted(a[:3] for a in elan.get_annotation_data_for_tier("emotion")) == [
        (0, 1500, "happiness"), (1500, 3000, "sadness"), (3000, 33000, "neutral")]
    assert sorted(a[2] for a in elan.get_annotation_data_for_tier("words"))[0] == 'He said "yes", 네.'
    assert elan.get_linked_files()[0]["RELATIVE_MEDIA_URL"] == "./a.mp4"
    grid = textgrid.openTextgrid(str(tmp_path / "a.TextGrid"), includeEmptyIntervals=False)
    assert grid.tierNames == ("emotion", "words", "face", "text")
    assert [tuple(e) for e in grid.getTier("emotion").entries] == [
        (0, 1.5, "기쁨"), (1.5, 3, "슬픔"), (3, 33, "중립")]


def test_audacity_labels(timeline: Timeline) -> None:
    lines = [line.split("\t") for line in tiers.audacity(timeline, PLAIN).splitlines()]
    assert lines[1] == ["1.500000", "3.000000", "sadness 0.70"]
