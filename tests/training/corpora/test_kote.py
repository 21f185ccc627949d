"""KOTE's 44 labels, and NSMC's ratings."""

import gzip
from pathlib import Path

import pytest
from support.corpora import table

from emocli.emotions import EMOTIONS
from emocli.training.corpora import kote, ratings, texts

COMMENTS = [(f"댓글 번호 {i}입니다", EMOTIONS[i % 7]) for i in range(40)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "text").mkdir()
    table(tmp_path / "text" / "kote_ko_vote7.tsv.gz", ["\t".join(row) for row in COMMENTS])
    with gzip.open(tmp_path / "text" / "kote_ko_44.tsv.gz", "wt", encoding="utf-8") as file:
        file.write("text\tlabels44\n" + "".join(f'"{text}."\t{i % 44},43\n' for i, (text, _) in
                                                 enumerate([*COMMENTS, ("아무도 고르지 않은 댓글", "")])))
    return tmp_path


def test_the_test_fifth_stays_out_however_it_is_quoted(data: Path) -> None:
    test = texts.load(data, "kote_ko_vote7", "test").texts
    read = kote.load(data)
    assert test
    assert len(read.texts) == len(COMMENTS) - len(test) + 1
    assert not {kote.key(t) for t in test} & {kote.key(t) for t in read.texts}


def test_labels_and_votes(data: Path) -> None:
    read = kote.load(data)
    for text, labels, votes in zip(read.texts, read.labels, read.votes, strict=True):
        number = next((i for i, (t, _) in enumerate(COMMENTS) if kote.key(t) == kote.key(text)), None)
        if number is None:
            assert votes.sum() == 0
        else:
            assert votes.argmax() == number % 7
            assert set(labels.nonzero()[0]) == {number % 44, 43}


def test_ratings_in_the_middle_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    with gzip.open(tmp_path / "text" / "nsmc_ko_unlabelled.tsv.gz", "wt", encoding="utf-8") as file:
        file.write("text\trating\n정말 좋아요\t10\n그저 그래요\t6\n돈이 아까워요\t1\n최고\t10\n")
    read = ratings.load(tmp_path)
    assert read.texts == ["정말 좋아요", "돈이 아까워요"]
    assert read.targets[:, :2].argmax(1).tolist() == [0, 1]
    assert not read.targets[:, 2:].any()
