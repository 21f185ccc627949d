"""AI Hub 259: a tree of numbered videos."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.media import even, tone, write

from emocli.errors import DataError
from emocli.training.corpora import aihub
from emocli.training.corpora.survey import survey


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """AI Hub 259's layout: actors in folders of ten, pictures beside the videos, numbers missing."""
    root = tmp_path / "259"
    quiet = 1e-4 * tone(0.5)
    for actor, numbers, ending in ((0, (1, 51, 350), "mp4"), (1, (101,), "mp4"), (12, (151, 251), "m2ts")):
        low = actor // 10 * 10
        folder = root / f"{low}~{low + 9}" / f"{actor:03d}" / "movie"
        folder.mkdir(parents=True)
        (folder.parent / "picture").mkdir()
        (folder.parent / "picture" / "0001.png").write_bytes(b"no video")
        for number in numbers:
            sound = np.concatenate([quiet, tone(1.0, 200 + number), quiet])
            write(folder / f"{number:04d}.{ending}", even(2.0), sound=sound)
    return root


def test_numbers_tell_the_class_and_folders_the_actor(tree: Path) -> None:
    videos = aihub.videos(tree)
    assert [(v.actor, v.number, v.label, v.split) for v in videos] == [
        (0, 1, 0, "test"), (0, 51, 1, "test"), (0, 350, 6, "test"), (1, 101, 2, "dev"), (12, 151, 3, "train"),
        (12, 251, 5, "train")]
    lacking = aihub.missing(videos)
    assert len(lacking[0]) == 347
    assert 2 in lacking[0]
    assert 51 not in lacking[0]


def test_flattening_cuts_the_ends_and_goes_on_where_it_stopped(tree: Path, tmp_path: Path) -> None:
    (tree / "10~19" / "012" / "movie" / "0252.m2ts").write_bytes(b"broken")
    out, failures = tmp_path / "wav", []
    written = dict(aihub.flatten(tree, out, failures.append))
    assert sorted(str(p.relative_to(out)) for p in written.values()) == [
        "anger/12_0251.wav", "fear/12_0151.wav", "happiness/0_0001.wav", "neutral/1_0101.wav",
        "sadness/0_0350.wav", "surprise/0_0051.wav"]
    assert [Path(f.subject).name for f in failures] == ["0252.m2ts"]
    samples, rate = soundfile.read(out / "anger" / "12_0251.wav")
    assert rate == 16000
    assert len(samples) / rate == pytest.approx(1.0, abs=0.1)
    kept = (out / "anger" / "12_0251.wav").stat().st_mtime_ns
    (out / "fear" / "12_0151.wav").unlink()
    assert len(list(aihub.flatten(tree, out, failures.append))) == 6
    assert len(failures) == 2
    assert (out / "anger" / "12_0251.wav").stat().st_mtime_ns == kept
    assert len([path for path in out.rglob("*") if path.is_file()]) == 6
    (checked,) = survey(out)
    assert (checked.items, checked.persons["12"], checked.remarks) == (6, 2, ["no disgust"])


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="AI Hub 259"):
        next(aihub.flatten(tmp_path, tmp_path / "out", list().append))


def test_survey_of_the_videos(tree: Path) -> None:
    train, dev, test = survey(tree)
    assert (train.items, dev.items, test.items) == (2, 1, 3)
    assert train.persons == {"actor 12": 2}
    assert "348 numbers are missing" in train.remarks
