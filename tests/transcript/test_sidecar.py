"""Subtitle files in all their shapes, and those that were made to harm."""

from contextlib import suppress
from pathlib import Path

import pytest

from emocli.errors import InputError
from emocli.transcript import sidecar

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
    assert sidecar.find_beside(video) is None
    named = tmp_path / "a[1] it's.ko.srt"
    named.write_text(SRT)
    assert sidecar.find_beside(video) == (named, "ko")
    plain = tmp_path / "a[1] it's.srt"
    plain.write_text(SRT)
    assert sidecar.find_beside(video) == (plain, "")


def test_language_tags_of_names(tmp_path: Path) -> None:
    codes = {"eng": "en", "ger": "de", "spa": "es", "pt-BR": "pt", "und": "", "xx": "", "sdh": "", "": "",
             "x" * 99: ""}
    assert {tag: sidecar.language_code(tag) for tag in codes} == codes
    (tmp_path / "a.spa.srt").write_text(SRT)
    assert sidecar.find_beside(tmp_path / "a.mp4") == (tmp_path / "a.spa.srt", "es")


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
    "(a" * (MANY // 2), ("<" * 4900 + "\n\n" + CUE) * 900, "♪ " * (MANY // 4) + "x"],
    ids=["<", "{", "lines", "[", "< i", "digits", "(", "many", "notes"])
@pytest.mark.parametrize("ending", ["srt", "vtt"])
def test_time_grows_with_the_length_only(tmp_path: Path, text: str, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    path.write_text(CUE + text if ending == "srt" else "WEBVTT\n\n" + (CUE + text).replace(",000", ".000"),
                    encoding="utf-8")
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
