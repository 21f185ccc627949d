"""Labelled sentences."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from emocli.emotions import EMOTIONS
from emocli.errors import DataError
from emocli.training.corpora import texts
from emocli.training.corpora.survey import survey

TABLES = [
    ("train.tsv", "That is great\t0,17\teda6yn6\nWhat?\t6\teez1\nFine.\t27\tx\nUgh, no\t10,3,11\ty\n",
     [{"happiness"}, {"surprise"}, {"neutral"}, {"anger", "disgust"}]),
    ("val.tsv",
     "39087\t내가 톰행크스를 좋아했나\t2,13,39\n1\t글쎄\t24\n2\t무섭고 불안\t18,41,5\n3\t기대\t12\n",
     [{"happiness"}, {"neutral"}, {"fear"}]),
    ("en-annotated.tsv", "Run!\t4, 7\nTrust me\t8\nGod damn it\t1\n", [{"fear", "surprise"}, {"anger"}]),
    ("neu_en.txt", "The door .\nIt is noon .\n", [{"neutral"}, {"neutral"}]),
    ("dev_sent_emo.csv",
     'Sr No.,Utterance,Speaker,Emotion,Sentiment\n1,"Oh, my God!",Ross,surprise,negative\n'
                         "2,Hi,Joey,joy,positive\n", [{"surprise"}, {"happiness"}]),
]


@pytest.mark.parametrize(("name", "content", "classes"), TABLES, ids=[t[0] for t in TABLES])
def test_sentences_as_published(name: str, content: str, classes: list[set[str]], tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    sentences = texts.read(tmp_path / name)
    assert [{EMOTIONS[c] for c in np.flatnonzero(t)} for t in sentences.targets] == classes
    assert sentences.targets.sum(1) == pytest.approx(1)
    assert [(corpus.name, corpus.items) for corpus in survey(tmp_path)] == [(name, len(classes))]


def test_corpora_without_splits_are_parted_by_hash(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    rows = [f"문장 {i}" for i in range(500)]
    with gzip.open(tmp_path / "text" / "kote_ko_vote7.tsv.gz", "wt", encoding="utf-8") as lines:
        lines.write("text\tlabels\n" + "".join(f"{row}\tanger\n" for row in rows))
    train, test, whole = (set(texts.load(tmp_path, "kote_ko_vote7", s).texts)
                          for s in ("train", "test", None))
    assert not train & test
    assert train | test == whole == set(rows)
    assert 70 < len(test) < 130


@pytest.mark.parametrize(("content", "cause"), [("", "no rows"), ("a\tb\n1\t2\n", "columns text and labels"),
                                                ("text\tlabels\nhi\tboredom\n", "no row has a label")])
def test_bad_tables(tmp_path: Path, content: str, cause: str) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(content)
    with pytest.raises(DataError, match=cause):
        texts.read(path)
