"""Tables that people write, and the time that codings have in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from emocli.agreement.reading import Coding, common_time, read_table
from emocli.errors import InputError


def test_only_time_that_all_have_coded_counts() -> None:
    first = Coding("a", ((0, 4, 0), (4, 6, 1)))
    second = Coding("b", ((1, 5, 0), (8, 9, 0)))
    lengths, classes = common_time([first, second])
    assert lengths.tolist() == [3, 1]
    assert classes.tolist() == [[0, 0], [1, 0]]
    with pytest.raises(InputError, match="no time in common"):
        common_time([first, Coding("c", ((7, 8, 0),))])


def test_a_persons_table(tmp_path: Path) -> None:
    path = tmp_path / "anna.csv"
    path.write_text("﻿note,start,end,emotion\nx,0:01:00,61.5,Joy\n,0,1,슬픔\n", encoding="utf-8")
    assert read_table(path) == Coding("anna", ((0, 1, 6), (60, 61.5, 0)))


@pytest.mark.parametrize(("text", "words"), [
    ("start,end\n1,2\n", "columns"), ("start,end,emotion\n", "no line"),
    ("start,end,emotion\n1,2,hangry\n", "line 2: 'hangry'"),
    ("start,end,emotion\n1,2,sad\nx,2,sad\n", "line 3: no times"),
    ("start,end,emotion\n2,1,sad\n", "ends before"),
    ("start,end,emotion\n0,2,sad\n1,3,sad\n", "overlap at 1.000"),
    ("start,end,emotion\n0,nan,sad\n", "no times"),
    ("start,end,emotion\n1\n", "is no class")])
def test_tables_that_are_wrong(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        read_table(tmp_path / "a.csv")


def test_a_coding_without_an_interval_has_no_time_in_common() -> None:
    with pytest.raises(InputError, match="no time in common"):
        common_time([Coding("a", ()), Coding("b", ((0, 1, 0),))])
