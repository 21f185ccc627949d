"""The JSON of a timeline: its schema, reading it back, and documents that were made to harm."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.timelines import made_up, of_two, scores

from emocli.errors import InputError
from emocli.options import AnalyzeOptions
from emocli.outputs import document, formats
from emocli.outputs.base import OutputOptions
from emocli.timeline.persons import rename
from emocli.timeline.types import Part, Reading, Timeline

PLAIN = OutputOptions()


@pytest.fixture
def timeline() -> Timeline:
    return made_up()


def test_json_keeps_the_schema_and_hides_the_folder(timeline: Timeline) -> None:
    found = json.loads(document.to_json(timeline, PLAIN))
    jsonschema.Draft202012Validator.check_schema(document.schema())
    jsonschema.validate(found, document.schema())
    assert found["media"]["path"] == "a.mp4"
    assert found["rows"][1]["readings"]["face"] == {"present": False, "reason": "no face was found"}
    found["rows"][0]["scores"]["happiness"] = 2
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, document.schema())


def test_json_reads_back(timeline: Timeline, tmp_path: Path) -> None:
    path = tmp_path / "a.emotions.json"
    path.write_text(document.to_json(timeline, PLAIN), encoding="utf-8")
    back = document.read(path)
    assert document.document(back) == document.document(timeline)
    assert back.media.path == tmp_path / "a.mp4"
    assert document.read(path, tmp_path / "b.mp4").media.path.name == "b.mp4"


def test_json_says_where_the_face_changes(timeline: Timeline, tmp_path: Path) -> None:
    *others, last = timeline.rows
    parts = Part(3.0, 20.5, scores(6)), Part(20.5, 33.0, scores(0))
    divided = replace(last, readings=last.readings | {"face": replace(last.readings["face"], parts=parts)})
    timeline, path = replace(timeline, rows=(*others, divided)), tmp_path / "a.emotions.json"
    path.write_text(document.to_json(timeline, PLAIN), encoding="utf-8")
    content = json.loads(path.read_text("utf-8"))
    jsonschema.validate(content, document.schema())
    face = content["rows"][2]["readings"]["face"]
    assert [(p["start"], p["end"], p["emotion"]) for p in face["parts"]] == [
        (3, 20.5, "sadness"), (20.5, 33, "happiness")]
    assert document.document(document.read(path)) == document.document(timeline)
    face["parts"][1]["end"] = 40.0
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match=r"parts of the row at 3\.000 s"):
        document.read(path)


def test_an_analysis_options_read_back(timeline: Timeline, tmp_path: Path) -> None:
    path = tmp_path / "a.emotions.json"
    made = timeline.provenance | {"options": asdict(AnalyzeOptions(weights=(0.6, 0.4)))}
    path.write_text(document.to_json(replace(timeline, provenance=made), PLAIN), encoding="utf-8")
    assert document.read(path).provenance["options"]["weights"] == [0.6, 0.4]


def test_json_says_whether_the_face_is_the_speakers(timeline: Timeline, tmp_path: Path) -> None:
    first, second, third = timeline.rows
    seen = replace(first.readings["face"], speaking=True)
    unseen = Reading("face", reason="the speaker is not seen", speaking=False)
    rows = (replace(first, readings=first.readings | {"face": seen}),
            replace(second, readings=second.readings | {"face": unseen}), third)
    path = tmp_path / "a.emotions.json"
    path.write_text(document.to_json(replace(timeline, rows=rows), PLAIN), encoding="utf-8")
    jsonschema.validate(json.loads(path.read_text("utf-8")), document.schema())
    back = document.read(path)
    assert [row.readings["face"].speaking for row in back.rows] == [True, False, None]
    assert document.document(back)["rows"] == json.loads(path.read_text("utf-8"))["rows"]


@pytest.mark.parametrize(("text", "words"), [
    ("{", "is no timeline"), ("[]", "version 1"), ('{"version": 2}', "version 1"),
    ('{"version": 1}', "must contain"),
    ('{"version": 1, "media": {"path": "a", "notes": []}, "rows": [], "tracks": []}', "is no timeline")])
def test_what_is_no_timeline(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=words):
        document.read(tmp_path / "a.json")
    with pytest.raises(InputError, match="cannot be read"):
        document.read(tmp_path / "none.json")


def test_what_acts_on_a_terminal_is_not_written_raw(timeline: Timeline, tmp_path: Path) -> None:
    name = "a\x1b[2J\x9b\u202e\udcff.mp4"  # the last is a byte that is no UTF-8
    odd = replace(timeline, media=replace(timeline.media, path=Path(name)), notes=("\x1b[1m",))
    text = document.to_json(odd, PLAIN)
    assert not set(text) & set("\x1b\x9b\u202e\udcff")
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    assert document.read(tmp_path / "a.json").media.path.name == name


def test_other_modalities_and_no_quality(timeline: Timeline, tmp_path: Path) -> None:
    def others(row: Any) -> dict[str, Reading]:
        return {"gaze": replace(row.readings["text"], modality="gaze"), "text": row.readings["text"]}

    content = document.document(replace(timeline,
                                        rows=tuple(replace(r, readings=others(r)) for r in timeline.rows)))
    del content["rows"][0]["readings"]["gaze"]["quality"]
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert document.read(tmp_path / "a.json").modalities == ("gaze", "text")


# --- documents of strangers ----------------------------------------------------------------------

Document = dict[str, Any]
HUGE = 10**400


def put(value: Any, *place: str | int) -> Callable[[Document], None]:
    """A change that puts `value` at `place`."""
    def change(content: Document) -> None:
        inner: Any = content
        for step in place[:-1]:
            inner = inner[step]
        inner[place[-1]] = value

    change.__name__ = "/".join(map(str, place)) + f"={str(value)[:20]}"
    return change


ROW, FACE, SAID = ("rows", 0), ("tracks", 0, "observations", 0), ("rows", 0, "utterance")
HOSTILE = [
    *(put(name, "media", "path") for name in ("../a.mp4", "/etc/passwd", "..", ".", "", "a/../b.mp4",
                                              "a\0.mp4", 5,
                                              "x" * 3000)),
    *(put(value, "media", "duration") for value in (1e999, float("nan"), -1, "33", HUGE, 1e30, 34.0, True,
                                                    None)),
    put(1e9, "media", "width"), put([["x"]], "media", "notes"), put(45, "media", "rotation"),
    put(None, "media"),
    put([], "rows"), put({}, "rows"), put(None, *ROW), put(1.0, *ROW, "start"), put(99.0, *ROW, "end"),
    put(-1.5, *ROW, "end"), put(1e999, *ROW, "end"), put({}, *ROW, "readings"),
    put({"face": {}}, *ROW, "readings"),
    put({"emotion": {"present": False, "reason": ""}}, *ROW, "readings"),
    put({"present": True}, *ROW, "readings", "face"), put(9.0, *ROW, "scores", "anger"),
    put(0.9, *ROW, "scores", "anger"), put({}, *ROW, "scores"), put("joy", *ROW, "emotion"),
    put([["x"]], *ROW, "flags"), put("me", *ROW, "face_id"), put(-7, *ROW, "face_id"),
    put(70_000, *ROW, "face_id"),
    put({}, *SAID), put(7, *SAID, "text"), put([{"start": 0}], *SAID, "words"),
    put(float("nan"), *SAID, "end"),
    put([1, 2, 3], *FACE, "box"), put([[0] * 3] * 5, *FACE, "landmarks"), put(["x"] * 4, *FACE, "box"),
    put(1e9, *FACE, "time"), put([HUGE] * 4, *FACE, "box"), put(70_000, "tracks", 0, "face_id"),
    put(-1, "tracks", 0, "face_id"), put({"face": {"sha256": 5}}, "provenance", "weights"),
    put([], "provenance"),
    put({"a": {"b": {"c": 1}}}, "provenance", "options"), put([1], "notes"), put("x", "tracks"),
    put({"x": 1}, "transcript"), put(True, "extra")]


@pytest.mark.parametrize("change", HOSTILE, ids=lambda change: change.__name__)
def test_a_strangers_document_is_refused(change: Callable[[Document], None], timeline: Timeline,
                                         tmp_path: Path) -> None:
    content = json.loads(document.to_json(timeline, PLAIN))
    change(content)
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"a\.json: is no timeline"):
        document.read(tmp_path / "a.json")


@pytest.mark.parametrize("change", [
    put(1.0, "tracks", 0, "face_id"), put(640.0, "media", "width"), put("<script>", *SAID, "text"),
    put("\x1b[2J\u202e", *SAID, "text"), put("x" * 200_000, *SAID, "text"), put(["\x1b]0;x\x07"], "notes"),
    put([{"start": 9, "end": 1, "text": "x"}] * 9, *SAID, "words"), put("\ud800", *SAID, "text"),
    put(0.5, *SAID, "end"),
    put({"torch": "2.8"}, "provenance", "versions"), put("=1+1", *SAID, "text"), put([], *SAID, "words"),
    put("a\x1b[2J.mp4", "media", "path"), put(2.0, *ROW, "face_id")], ids=lambda change: change.__name__)
def test_odd_documents_are_read_and_written_in_every_format(change: Callable[[Document], None],
                                                            timeline: Timeline,
                                                            tmp_path: Path) -> None:
    content = json.loads(document.to_json(timeline, PLAIN))
    change(content)
    (tmp_path / "a.json").write_text(json.dumps(content))
    read = document.read(tmp_path / "a.json")
    written = formats.write(read, formats.targets(tmp_path / "b.mp4", None, formats.FORMATS, faces=True))
    assert len(written) == 10
    for path in written:
        assert not set(path.read_text(encoding="utf-8")) & set("\x00\x07\x1b\x9b\u202e"), path


@pytest.mark.parametrize("text", ["[" * 100_000, '{"version": 1' + "0" * 5000 + "}", "\xff\xfe", "", "NaN",
                                  '{"a": 1e999}', '{"version": 1, "media": ' + '{"a":' * 50_000])
def test_what_is_hardly_json(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"a\.json"):
        document.read(tmp_path / "a.json")
    with pytest.raises(InputError, match="no file"):
        document.read(tmp_path)


def test_a_video_at_a_url(timeline: Timeline, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(document.to_json(timeline, OutputOptions(address="s3://bucket/day 1/a.mp4")),
                    encoding="utf-8")
    assert json.loads(path.read_text())["media"]["path"] == "s3://bucket/day 1/a.mp4"
    assert document.read(path).media.path == tmp_path / "a.mp4"


def test_a_link_beside_a_strangers_document_is_not_followed(timeline: Timeline, tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"mine")
    (tmp_path / "theirs").mkdir()
    path = tmp_path / "theirs" / "a.emotions.json"
    path.write_text(document.to_json(timeline, PLAIN), encoding="utf-8")
    (path.parent / "a.mp4").symlink_to(secret)
    read = document.read(path)
    assert not read.media.path.exists()
    assert read.media.path.name == "a.mp4"
    assert "--video" in read.notes[-1]
    assert document.read(path, secret).media.path == secret


def test_who_speaks_comes_back_and_a_strangers_name_does_not(tmp_path: Path) -> None:
    text = document.to_json(of_two(), PLAIN)
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    rows = document.read(tmp_path / "a.json").rows
    assert [r.utterance.speaker for r in rows if r.utterance] == ["S1", "S2"]
    (tmp_path / "a.json").write_text(text.replace('"speaker": "S2"', '"speaker": "S2><b"'), encoding="utf-8")
    with pytest.raises(InputError, match="utterance"):
        document.read(tmp_path / "a.json")
    content = json.loads(text)
    for told in content["rows"]:
        if told["utterance"]:
            del told["utterance"]["speaker"]  # as older versions wrote it
    (tmp_path / "a.json").write_text(json.dumps(content), encoding="utf-8")
    assert all(r.utterance.speaker == "" for r in document.read(tmp_path / "a.json").rows if r.utterance)


def test_names_come_back(tmp_path: Path) -> None:
    named = rename(of_two(), {"S1": "Anna", "3": "Anna"})
    path = tmp_path / "a.emotions.json"
    path.write_text(document.to_json(named, PLAIN), encoding="utf-8")
    jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), document.schema())
    assert document.read(path).persons == named.persons
    assert "persons" not in document.document(of_two())


@pytest.mark.parametrize("persons", [
    [{"name": "A", "face_ids": [1], "speakers": []}, {"name": "B", "face_ids": [1], "speakers": []}],
    [{"name": "A", "face_ids": [], "speakers": []}, {"name": "A ", "face_ids": [], "speakers": []}],
    [{"name": " ", "face_ids": [1], "speakers": []}], [{"name": "A" * 101, "face_ids": [], "speakers": []}],
    [{"name": "A", "face_ids": [], "speakers": ["Anna"]}], [{"name": "A"}]])
def test_persons_that_cannot_be(tmp_path: Path, persons: list[dict[str, Any]]) -> None:
    content = json.loads(document.to_json(of_two(), PLAIN)) | {"persons": persons}
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="is no timeline"):
        document.read(tmp_path / "a.json")
