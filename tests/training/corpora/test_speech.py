"""Acted speech: who speaks, with which emotion, on which side."""

import tarfile
from pathlib import Path

import pytest
import soundfile
from support.media import tone

from emocli.emotions import EMOTIONS, index_of
from emocli.training.corpora import speech
from emocli.training.corpora.survey import survey

#: A corpus, what three of its files are called as published, and class, speaker and split of each.
PUBLISHED = [
    ("ravdess", ["Actor_01/03-01-06-01-02-01-01.wav", "Actor_22/03-01-02-01-02-01-22.wav"],
     [("fear", "ravdess01", "train"), ("neutral", "ravdess22", "test")]),
    ("ravdess_song", ["Actor_19/03-02-04-01-02-01-19.wav"], [("sadness", "ravdess19", "dev")]),
    ("crema_d", ["AudioWAV/1001_DFA_ANG_XX.wav", "AudioWAV/1020_IEO_HAP_HI.wav"],
     [("anger", "crema_d1001", "dev"), ("happiness", "crema_d1020", "test")]),
    ("tess", ["OAF_angry/OAF_back_angry.wav", "YAF_pleasant_surprised/YAF_back_ps.wav"],
     [("anger", "tessO", "train"), ("surprise", "tessY", "train")]),
    ("emodb", ["wav/03a01Fa.wav", "wav/15b09La.wav", "wav/16a02Ea.wav"],
     [("happiness", "emodb03", "train"), ("disgust", "emodb16", "test")]),
    ("nemo", ["samples/AO0_fear_12.wav", "samples/WR0_neutral_3.wav"],
     [("fear", "nemoAO0", "train"), ("neutral", "nemoWR0", "test")]),
    ("emogator", ["mp3/000010-24-1.wav", "mp3/000012-01-1.wav", "mp3/000012-28-3.wav"],
     [("sadness", "emogator000010", "test"), ("surprise", "emogator000012", "train")]),
]


@pytest.mark.parametrize(("corpus", "files", "known"), PUBLISHED, ids=[p[0] for p in PUBLISHED])
def test_speech_as_published(corpus: str, files: list[str], known: list[tuple[str, str, str]],
                             tmp_path: Path) -> None:
    for place in (tmp_path / "alone", tmp_path / "data" / "speech" / corpus):
        for name in files:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(place / name, tone(0.5), 16000)
    assert speech.recognise(tmp_path / "alone") == corpus
    for root in (tmp_path / "alone", tmp_path / "data"):
        clips = list(speech.read(root, corpus))
        assert [(EMOTIONS[c.label], c.speaker, c.split) for c in clips] == known
        assert {len(c.samples) for c in clips} == {8000}
        assert [c.identity[1:] for c in clips] == [(c.label, c.speaker, c.split, 8000) for c in clips]
        assert {Path(name).name for name in files} >= {c.identity[0] for c in clips}
        listed = {part.name: part for part in survey(root)}
        assert sum(listed[f"{corpus} {split}"].items for split in {k[2] for k in known}) == len(known)


@pytest.mark.parametrize(("corpus", "stem", "known"), [
    ("ravdess", "03-01-02-01-01-02-22", ("neutral", "ravdess22", "test")),
    ("ravdess_song", "03-02-06-01-01-02-19", ("fear", "ravdess19", "dev")),
    ("nemo", "WR0_surprised_7", ("surprised", "nemoWR0", "test")),
    ("emodb", "14a07Wc", ("anger", "emodb14", "dev")), ("emodb", "03a01Lc", None),
    ("tess", "YAF_bite_ps", ("ps", "tessY", "train")),
    ("tess", "OA_bite_neutral", ("neutral", "tessO", "train")),
    ("emogator", "000020_anger_03-2", ("anger", "emogator000020", "test"))])
def test_names_of_the_corpora(corpus: str, stem: str, known: tuple[str, str, str] | None) -> None:
    assert speech.describe(corpus, stem) == known


@pytest.mark.shared
def test_no_person_stands_on_two_sides(data: Path) -> None:
    sides: dict[str, set[str]] = {}
    unknown = set()
    for corpus in speech.PATTERNS:
        if not (data / "speech" / f"{corpus}.tar").is_file():
            continue
        with tarfile.open(data / "speech" / f"{corpus}.tar") as archive:
            for member in archive.getnames():
                known = speech.describe(corpus, Path(member).stem) if member.endswith(".ogg") else None
                if known:
                    unknown |= {known[0]} if index_of(known[0]) is None else set()
                    sides.setdefault(known[1], set()).add(known[2])
    assert not unknown
    assert len(sides) > 300
    assert {len(split) for split in sides.values()} == {1}
