"""MELD (Poria et al. 2019): utterances of a television comedy; only its test rows are read, never learnt.

GPL-3.0, which would bind what learns from it.
"""

from __future__ import annotations

from pathlib import Path

from emocli.training.corpora import texts
from emocli.training.corpora.kote import key

#: Letters of the shortest line that cannot stand in another by chance.
TELLING = 20


def other_scenes(data: Path) -> texts.Texts:
    """EmoryNLP's training rows, of the same series, less those that are test rows of MELD."""
    rows = texts.load(data, "emorynlp_en", "train")
    test = set(_lines(texts.load(data, "meld_en", "test")))
    return _take(rows, [line not in test for line in _lines(rows)])


def load(data: Path) -> texts.Texts:
    """The test rows, less those whose words stand inside one of `other_scenes`, which are learnt; all of them
    where EmoryNLP is not at hand to tell."""
    rows = texts.load(data, "meld_en", "test")
    if not texts.path_of(data, "emorynlp_en", "train").is_file():
        return rows
    learnt = "\n".join(_lines(other_scenes(data)))
    return _take(rows, [len(line) < TELLING or line not in learnt for line in _lines(rows)])


def _lines(rows: texts.Texts) -> list[str]:
    return [key(text).lower() for text in rows.texts]


def _take(rows: texts.Texts, wanted: list[bool]) -> texts.Texts:
    keep = [i for i, one in enumerate(wanted) if one]
    return texts.Texts([rows.texts[i] for i in keep], rows.targets[keep])
