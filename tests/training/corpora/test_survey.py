"""What lies in a folder of training data."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest
from support.cli import emocli

from emocli.errors import DataError
from emocli.training.corpora.survey import survey


def test_survey_of_a_data_folder(tmp_path: Path) -> None:
    (tmp_path / "speech").mkdir()
    (tmp_path / "text").mkdir()
    with tarfile.open(tmp_path / "speech" / "emodb.tar", "w") as archive:
        for name in (*(f"03a0{i}Wc.ogg" for i in range(8)), "08a01Fb.ogg", "15a01Wa.ogg", "03a01Lc.ogg"):
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    with gzip.open(tmp_path / "text" / "kote_ko_vote7.tsv.gz", "wt", encoding="utf-8") as lines:
        lines.write('text\tlabels\n"따옴표\thappiness,surprise\n슬퍼\tsadness\n')
    corpora = {corpus.name: corpus for corpus in survey(tmp_path)}
    assert (corpora["emodb train"].items, corpora["emodb test"].items) == (9, 1)
    assert corpora["emodb train"].persons == {"emodb03": 8, "emodb08": 1}
    assert "little of emodb08" in corpora["emodb train"].remarks
    assert corpora["kote_ko_vote7"].items == 2  # a lonely quotation mark swallows no row
    assert corpora["kote_ko_vote7"].classes.total() == 3
    assert "no such archive" in corpora["nemo"].remarks[0]
    printed = emocli("data", "check", tmp_path)
    assert printed.returncode == 0
    assert "emodb train" in printed.stdout


def test_unknown_folders(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    with pytest.raises(DataError, match="nothing that emocli knows"):
        survey(tmp_path)
    checked = emocli("data", "check", tmp_path / "absent")
    assert (checked.returncode, "no such folder" in checked.stderr) == (3, True)
