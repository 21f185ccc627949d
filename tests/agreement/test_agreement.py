"""Kappas against scikit-learn and the example of Fleiss' paper; tables that people write."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from support.timelines import made_up

from emocli import agreement
from emocli.errors import InputError
from emocli.outputs import document
from emocli.outputs.base import OutputOptions


def test_cohens_kappa_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    lengths, first = rng.uniform(0.1, 4, 200), rng.integers(0, 7, 200)
    second = np.where(rng.random(200) < 0.6, first, rng.integers(0, 7, 200))
    found = agreement.agreement(lengths, np.stack([first, second], 1))
    assert found.kappa == pytest.approx(cohen_kappa_score(first, second, sample_weight=lengths))
    assert found.agree == pytest.approx(lengths[first == second].sum() / lengths.sum())
    assert found.confusion.sum() == pytest.approx(lengths.sum())


def test_fleiss_kappa_of_the_known_table() -> None:
    # ten items, fourteen raters, five categories: kappa 0.210 (the usual worked example)
    table = [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1], [7, 7, 0, 0, 0],
             [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]]
    classes = np.array([np.repeat(np.arange(5), counts) for counts in table])
    assert agreement.fleiss(np.ones(10), classes) == pytest.approx(0.210, abs=5e-4)
    assert np.isnan(agreement.fleiss(np.ones(2), np.zeros((2, 3), int)))


def test_only_time_that_all_have_coded_counts() -> None:
    first = agreement.Coding("a", ((0, 4, 0), (4, 6, 1)))
    second = agreement.Coding("b", ((1, 5, 0), (8, 9, 0)))
    lengths, classes = agreement.pieces([first, second])
    assert lengths.tolist() == [3, 1]
    assert classes.tolist() == [[0, 0], [1, 0]]
    with pytest.raises(InputError, match="no time in common"):
        agreement.pieces([first, agreement.Coding("c", ((7, 8, 0),))])


def test_a_persons_table(tmp_path: Path) -> None:
    path = tmp_path / "anna.csv"
    path.write_text("﻿note,start,end,emotion\nx,0:01:00,61.5,Joy\n,0,1,슬픔\n", encoding="utf-8")
    assert agreement.read_table(path) == agreement.Coding("anna", ((0, 1, 6), (60, 61.5, 0)))


@pytest.mark.parametrize(("text", "words"), [
    ("start,end\n1,2\n", "columns"), ("start,end,emotion\n", "no line"),
    ("start,end,emotion\n1,2,hangry\n", "line 2: 'hangry'"),
    ("start,end,emotion\n1,2,sad\nx,2,sad\n", "line 3: no times"), ("start,end,emotion\n2,1,sad\n", "ends before"),
    ("start,end,emotion\n0,2,sad\n1,3,sad\n", "overlap at 1.000"), ("start,end,emotion\n0,nan,sad\n", "no times"),
    ("start,end,emotion\n1\n", "is no class")])
def test_tables_that_are_wrong(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        agreement.read_table(tmp_path / "a.csv")


def test_compare_command(tmp_path: Path) -> None:
    (tmp_path / "a.emotions.json").write_text(document.to_json(made_up(), OutputOptions()), encoding="utf-8")
    (tmp_path / "<anna>.csv").write_text("start,end,emotion\n0,3,happiness\n3,33,neutral\n")
    (tmp_path / "ben.csv").write_text("start,end,emotion\n0,3,sadness\n3,33,neutral\n")
    done = subprocess.run([sys.executable, "-m", "emocli", "compare", "a.emotions.json", "<anna>.csv", "ben.csv",
                           "--picture", "c.svg", "-o", "c.json"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Fleiss" in done.stdout
    found = json.loads((tmp_path / "c.json").read_text())
    assert [p["agree"] for p in found["pairs"]] == pytest.approx([31.5 / 33, 31.5 / 33, 30 / 33])
    assert found["pairs"][0]["confusion_seconds"][6][0] == pytest.approx(1.5)
    tree = ElementTree.parse(tmp_path / "c.svg")
    assert "<anna>" in "".join(tree.getroot().itertext())
