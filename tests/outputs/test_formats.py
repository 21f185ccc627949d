"""All files of a timeline in one go."""

from pathlib import Path

import pytest
from support.timelines import made_up

from emocli.errors import OutputError, UsageError
from emocli.outputs import formats
from emocli.storage import write_text
from emocli.timeline.types import Timeline


@pytest.fixture
def timeline() -> Timeline:
    return made_up()


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
