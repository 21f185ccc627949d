"""Tiers for annotation programs, read back by their libraries."""

from pathlib import Path

import pytest
from support.timelines import made_up, of_two

from emocli.outputs import tiers
from emocli.outputs.base import OutputOptions
from emocli.timeline.persons import rename
from emocli.timeline.types import Timeline

PLAIN = OutputOptions()


@pytest.fixture
def timeline() -> Timeline:
    return made_up()


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


def test_who_speaks_has_a_tier(tmp_path: Path) -> None:
    from pympi.Elan import Eaf

    (tmp_path / "a.eaf").write_text(tiers.eaf(of_two(), PLAIN), encoding="utf-8")
    spoken = Eaf(str(tmp_path / "a.eaf")).get_annotation_data_for_tier("speaker")
    assert sorted(a[:3] for a in spoken) == [(200, 1400, "S1"), (3000, 33000, "S2")]


def test_audacity_labels(timeline: Timeline) -> None:
    lines = [line.split("\t") for line in tiers.audacity(timeline, PLAIN).splitlines()]
    assert lines[1] == ["1.500000", "3.000000", "sadness 0.70"]


def test_persons_have_tiers(tmp_path: Path) -> None:
    from praatio import textgrid
    from pympi.Elan import Eaf

    named = rename(of_two(), {"S1": 'Anna "A" <b>', "3": 'Anna "A" <b>'})
    (tmp_path / "a.eaf").write_text(tiers.eaf(named, PLAIN), encoding="utf-8")
    (tmp_path / "a.TextGrid").write_text(tiers.textgrid(named, PLAIN), encoding="utf-8")
    elan = Eaf(str(tmp_path / "a.eaf"))
    assert {'emotion@Anna "A" <b>', 'words@Anna "A" <b>', "emotion@S2"} < set(elan.get_tier_names())
    assert elan.get_parameters_for_tier('words@Anna "A" <b>')["PARTICIPANT"] == 'Anna "A" <b>'
    assert [a[2] for a in elan.get_annotation_data_for_tier("emotion@S2")] == ["neutral"]
    assert sorted(a[2] for a in elan.get_annotation_data_for_tier("speaker")) == ['Anna "A" <b>', "S2"]
    grid = textgrid.openTextgrid(str(tmp_path / "a.TextGrid"), includeEmptyIntervals=False)
    assert 'emotion@Anna "A" <b>' in grid.tierNames
