"""`emocli compare` of an analysis and two persons."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.cli import emocli
from support.timelines import made_up

from emocli.outputs import document
from emocli.outputs.base import OutputOptions


def test_compare_command(tmp_path: Path) -> None:
    (tmp_path / "a.emotions.json").write_text(document.to_json(made_up(), OutputOptions()), encoding="utf-8")
    (tmp_path / "<anna>.csv").write_text("start,end,emotion\n0,3,happiness\n3,33,neutral\n")
    (tmp_path / "ben.csv").write_text("start,end,emotion\n0,3,sadness\n3,33,neutral\n")
    done = emocli("compare", "a.emotions.json", "<anna>.csv", "ben.csv", "--plot", "c.svg", "-o", "c.json",
                  cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Fleiss" in done.stdout
    figures = json.loads((tmp_path / "c.json").read_text())
    assert [p["agree"] for p in figures["pairs"]] == pytest.approx([31.5 / 33, 31.5 / 33, 30 / 33])
    assert figures["pairs"][0]["confusion_seconds"][6][0] == pytest.approx(1.5)
    tree = ElementTree.parse(tmp_path / "c.svg")
    assert "<anna>" in "".join(tree.getroot().itertext())
