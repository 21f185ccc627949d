"""Subtitle files in all their shapes, and those that were made to harm."""

from contextlib import suppress
from pathlib import Path

import pytest

from emocli.errors import InputError
from emocli.transcript import sidecar
from emocli.transcript.sidecar import Beside

SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Hello</i> there,
friend.

2
00:00:03,000 --> 00:00:03,900
[door slams]

3
00:00:04,000 --> 00:00:05,000
안녕
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_srt_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(SRT.encode(encoding))
    first, second = sidecar.read(path)
    assert (first.start, first.end, first.text) == (1.0, 2.5, "Hello there, friend.")
    assert second.text == "안녕"
    assert first.source == "sidecar"


def test_vtt(tmp_path: Path) -> None:
    path = tmp_path / "a.vtt"
    path.write_text("WEBVTT\n\n00:01.000 --> 00:02.000 align:start\n<v Ann>Yes.\n")
    assert [(u.start, u.text) for u in sidecar.read(path)] == [(1.0, "Yes.")]


def test_only_the_cues_of_a_vtt_are_words(tmp_path: Path) -> None:
    path = tmp_path / "a.vtt"
    path.write_text("WEBVTT\n\nSTYLE\n::cue { color: red; }\n\nfirst name\n00:01.000 --> 00:02.000\n"
                    "Tom &amp; Jerry, &lt;b&gt;\n\nNOTE not said\n\nc1-0\n00:03.000 --> 00:04.000\nYes\n42\n")
    assert [u.text for u in sidecar.read(path)] == ["Tom & Jerry, <b>", "Yes 42"]


def test_numbers_and_comparisons_are_words(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:02,000\nI <3 you, 1 < 2 and 3 > 2 {really}\n\n"
                    "2\n00:00:03,000 --> 00:00:04,000\n{\\an8}Room\n42\n\n"
                    "3\n00:00:05,000 --> 00:00:06,000\n< i >In</i>\n1984\n")
    assert [u.text for u in sidecar.read(path)] == [
        "I <3 you, 1 < 2 and 3 > 2 {really}", "Room 42", "In 1984"]


ASS = """[Script Info]
Title: a

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,not said
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\pos(1,2)}Well,\\Nyes{a comment} \\{really\\}
Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\\p1}m 0 0 l 9 9{\\p0}
"""


def test_ass(tmp_path: Path) -> None:
    path = tmp_path / "a.ass"
    path.write_text(ASS)
    assert [(u.start, u.text) for u in sidecar.read(path)] == [(1.0, "Well, yes {really}")]


@pytest.mark.parametrize("content", ["", "not a subtitle at all",
                                     "1\n00:00:05,000 --> 00:00:01,000\nbackwards\n"])
def test_bad_subtitles(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.srt"
    path.write_text(content)
    with pytest.raises(InputError, match=r"a\.srt"):
        sidecar.read(path)


def test_sidecar_of_the_same_stem_and_its_language(tmp_path: Path) -> None:
    video = tmp_path / "a[1] it's.mp4"
    (tmp_path / "b.srt").write_text(SRT)
    assert sidecar.all_beside(video) == []
    named = tmp_path / "a[1] it's.ko.srt"
    named.write_text(SRT)
    assert sidecar.all_beside(video) == [Beside(named, "ko")]
    plain = tmp_path / "a[1] it's.srt"
    plain.write_text(SRT)
    assert sidecar.all_beside(video) == [Beside(plain), Beside(named, "ko")]


@pytest.mark.parametrize(("name", "said"), [
    ("a.SRT", ("", False, False)), ("a.Vtt", ("", False, False)), ("a.spa.srt", ("es", False, False)),
    ("a.ger.srt", ("de", False, False)), ("a.jpn.srt", ("ja", False, False)),
    ("a.por.srt", ("pt", False, False)), ("a.pol.srt", ("pl", False, False)),
    ("a.swe.SRT", ("sv", False, False)), ("a.pt-BR.srt", ("pt", False, False)),
    ("a.zh-Hant.srt", ("zh", False, False)), ("a.KO.VTT", ("ko", False, False)),
    ("a.ko.forced.srt", ("ko", True, False)), ("a.forced.srt", ("", True, False)),
    ("a.en.sdh.srt", ("en", False, True)), ("a.en.hi.srt", ("en", False, True)),
    ("a.hi.srt", ("hi", False, False)), ("a.xx.srt", ("", False, False)), ("a.en.ass", ("en", False, False)),
    ("a.emotions.srt", None), ("a.en.ko.srt", None), ("a.part.two.srt", None), ("a.en.txt", None)])
def test_what_a_name_says(tmp_path: Path, name: str, said: tuple[str, bool, bool] | None) -> None:
    (tmp_path / name).write_text(SRT)
    assert sidecar.all_beside(tmp_path / "a.mp4") == ([Beside(tmp_path / name, *said)] if said else [])


def test_no_control_character_of_a_subtitle_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:02,000\n\x1b]0;mine\x07 \u202egnp\u202c \x9b31m a\u200db\n")
    (said,) = sidecar.read(path)
    assert said.text == "�]0;mine� �gnp� �31m a\u200db"


CUE = "1\n00:00:01,000 --> 00:00:02,000\n"
MANY = sidecar.LARGEST - 100


@pytest.mark.timeout(60)  # in proportion to the length it is a second; quadratic, hours
@pytest.mark.parametrize("text", [
    "<" * MANY, "{\\" * (MANY // 2), "\n" * MANY + "x", "[" * MANY, "< i " * (MANY // 4), "1" * MANY + "x",
    "(a" * (MANY // 2), "<" + " " * MANY, "<a" * (MANY // 2),
    "1 \n" * (MANY // 3), "&" * MANY, ("<" * 4900 + "\n\n" + CUE) * 900, "♪ " * (MANY // 4) + "x"],
    ids=["<", "{", "lines", "[", "< i", "digits", "(", "< ", "<a", "numbers", "&", "many", "notes"])
@pytest.mark.parametrize("ending", ["srt", "vtt", "ass"])
def test_time_grows_with_the_length_only(tmp_path: Path, text: str, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    cue = {"srt": CUE, "vtt": "WEBVTT\n\n" + CUE.replace(",000", ".000"),
           "ass": "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,"}[ending]
    path.write_text(cue + text, encoding="utf-8")
    with suppress(InputError):  # most are refused
        assert all(len(u.text) <= sidecar.LONGEST_CUE for u in sidecar.read(path))


@pytest.mark.parametrize(("text", "words"), [
    ("x" * (sidecar.LARGEST + 1), "larger than 5 MB"),
    (CUE + "x" * (sidecar.LONGEST_CUE + 1), "longer than 5,000"),
    ("00:00:01,000 --> 00:00:02,000\nx\n" * (sidecar.MOST_CUES + 1), "more than 100,000 cues")])
def test_bounds(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "a.srt"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        sidecar.read(path)
