"""Somebody else's turns are read, and what is no RTTM is refused with its line."""

from pathlib import Path

import pytest

from emocli.errors import InputError
from emocli.speakers.rttm import read_rttm
from emocli.speakers.turns import Turn

LINE = "SPEAKER talk 1 {} {} <NA> <NA> {} <NA> <NA>\n"


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "a.rttm"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_turns_come_in_order_and_other_lines_are_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffSPKR-INFO talk 1 <NA> <NA> <NA> unknown anna <NA> <NA>\n" + "\n"
                   + LINE.format(4.5, 1, "ben") + LINE.format(0.25, "1.5", "MÉO069"))
    assert read_rttm(path, "film") == [Turn(0.25, 1.75, "MÉO069"), Turn(4.5, 5.5, "ben")]


def test_of_several_recordings_the_one_that_is_analysed(tmp_path: Path) -> None:
    both = LINE.format(0, 1, "anna") + LINE.format(2, 1, "ben").replace("talk", "other")
    path = written(tmp_path, both)
    assert read_rttm(path, "other") == [Turn(2, 3, "ben")]
    with pytest.raises(InputError, match="no turn of film, but of 2 recordings"):
        read_rttm(path, "film")


@pytest.mark.parametrize("line", [
    "SPEAKER", "SPEAKER talk 1 0", "SPEAKER talk 1 zero 1 <NA> <NA> anna",
    LINE.format("nan", 1, "a"), LINE.format(-1, 1, "a"), LINE.format(0, "inf", "a"),
    LINE.format(0, -2, "a"), LINE.format("1e300", 1, "a")])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = written(tmp_path, LINE.format(0, 1, "anna") + line)
    with pytest.raises(InputError, match="line 2 ") as refused:
        read_rttm(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("content", [
    b"", b"1\n00:00:01,000 --> 00:00:02,000\nhello\n", b"\xff\xfe\x00SPEAKER", b"\0" * 1000])
def test_what_is_no_rttm_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError):
        read_rttm(written(tmp_path, content))


def test_a_folder_or_nothing_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.rttm"):
        with pytest.raises(InputError, match="cannot be read"):
            read_rttm(path)


def test_more_speakers_than_can_be_are_refused(tmp_path: Path) -> None:
    crowd = "".join(LINE.format(i, 1, f"p{i}") for i in range(1001))
    with pytest.raises(InputError, match="1000 speakers"):
        read_rttm(written(tmp_path, crowd))
