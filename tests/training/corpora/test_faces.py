"""FER2013 and folders of faces."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from emocli.emotions import EMOTIONS
from emocli.errors import DataError
from emocli.training.corpora import faces
from emocli.training.corpora.survey import survey


def test_fer2013_as_published(tmp_path: Path) -> None:
    """The competition's CSV alone, and with the voters' beside it, which leaves a picture out."""
    usages = ("Training", "Training", "PublicTest", "PrivateTest", "Training")
    rows = list(zip((0, 3, 6, 4, 3), (10, 20, 30, 40, 50), usages, strict=True))
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n" + "".join(
        f"{label},{' '.join([str(grey)] * 48 * 48)},{usage}\n" for label, grey, usage in rows))
    alone = faces.load(tmp_path, "train")
    assert [EMOTIONS[c] for c in alone.labels] == ["anger", "happiness", "happiness"]
    assert alone.images[:, 0, 0].tolist() == [10, 20, 50]
    assert (alone.majority == alone.labels).all()
    names = ("a.png", "b.png", "c.png", "d.png", "")
    votes = [f"{usage},{name},{counts}" for usage, name, counts in zip(usages, names, (
        "4,0,0,0,6,0,0,0,0,0", "0,9,1,0,0,0,0,0,0,0", "9,0,0,0,0,0,0,0,1,0", "0,0,0,5,5,0,0,0,0,0",
        "0,0,0,0,0,0,0,0,0,10"), strict=True)]
    header = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    (tmp_path / "fer2013new.csv").write_text("\n".join([header, *votes]) + "\n")
    voted = faces.load(tmp_path, "train")
    assert len(voted) == 2
    assert voted.votes[0] == pytest.approx([0, 0, 0.4, 0, 0, 0.6, 0])
    assert faces.load(tmp_path, "private_test").majority.tolist() == [-1]
    assert [corpus.items for corpus in survey(tmp_path)] == [2, 1, 1]
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n9,1 2 3,Training\n")
    with pytest.raises(DataError, match="not FER2013's table"):
        faces.load(tmp_path, "train")


@pytest.mark.shared
def test_fer2013_counts(data: Path) -> None:
    private = faces.load(data, "private_test")
    assert len(private) == 3574
    assert int((private.majority >= 0).sum()) == 3350
    train, public = faces.load(data, "train"), faces.load(data, "public_test")
    assert int((faces.repeated(private, train) | faces.repeated(private, public)).sum()) == 314


def test_folders_of_classes(tmp_path: Path) -> None:
    for name in ("happy", "Sadness", "notes"):
        (tmp_path / name).mkdir()
        for i in range(2):
            image = np.random.default_rng(i).integers(0, 255, (90, 80, 3)).astype(np.uint8)
            (tmp_path / name / f"슬픔 {i}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    corpus = faces.load(tmp_path, "private_test")
    assert [EMOTIONS[c] for c in corpus.labels] == ["sadness", "sadness", "happiness", "happiness"]
    assert corpus.images.shape == (4, 48, 48)


def test_repeated_faces_are_known_by_their_pixels(tiny: Path) -> None:
    corpus = faces.load(tiny, "train")
    assert faces.repeated(corpus, corpus.take(np.arange(0, 70, 2))).tolist() == [True, False] * 35
