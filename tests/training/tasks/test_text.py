"""Training of the sentence encoder, on an encoder and corpora of next to nothing."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.cli import emocli
from support.corpora import kote, rows, table, toml
from support.encoder import tiny_encoder

from emocli.errors import DataError, UsageError, WeightsError
from emocli.text.encoder import SentenceModel
from emocli.training.checkpoint import Checkpoint
from emocli.training.tasks import text, text_data, text_further

RECIPE: dict[str, Any] = {
    "language": "ko", "seed": 1, "batch": 8, "dropout": 0.1, "balance": 0.5, "longest": 32, "epoch": 160,
    "validation": 30, "heads": {"ko": [0.4, 0.3, 0.3], "kote": 0.3, "nsmc": 0.2, "en": 0.1},
    "belief": {"usual": {"ko": 0.4, "kote": 0.6}, "likeness": 0.5, "prior": 0.1,
               "helped": {"ko": 0.8, "kote": 0.3}},
    "schedule": {"epochs": 3, "cycles": 3, "lr": 1e-2}}
FURTHER = {"share": 0.6, "prior": 0.3, "held": 0.5, "way": 0.5, "reviews": 10, "epoch": 160,
           "corpora": {"ko": 0.5, "kote": 0.3, "unlabelled": 0.2}, "schedule": {"epochs": 2, "lr": 1e-3}}
ENGLISH = RECIPE | {"language": "en", "heads": {"en": 0.6, "xed": 0.4},
                    "belief": {"usual": {"en": 0.5, "xed": 0.5}, "likeness": 0.5, "prior": 0.1,
                               "helped": {"en": 0.6}},
                    "teacher": {"folds": 2, "share": 0.5, "schedule": {"epochs": 1, "lr": 1e-2}}}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    (root / "text").mkdir()
    for language in ("en", "ko"):
        for split in ("train", "dev"):
            table(root / "text" / f"goemotions_{language}_{split}.tsv.gz", rows(language))
    table(root / "text" / "xed_en.tsv.gz", [row.replace("\t", ". Then it rains\t") for row in rows("en", 12)])
    kote(root)
    with gzip.open(root / "text" / "nsmc_ko_unlabelled.tsv.gz", "wt", encoding="utf-8") as file:
        file.write("text\trating\n" + "".join(f"그래요 행복해요 {i}\t{1 + 9 * (i % 2)}\n" for i in range(30)))
    with gzip.open(root / "text" / "chatbot_ko_unlabelled.tsv.gz", "wt", encoding="utf-8") as file:
        file.write("text\ttopic\tturn\n" + "".join(f"슬퍼요 {i}\t0\tQ\n" for i in range(20)))
    return root


@pytest.fixture(scope="module")
def english(data: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("english")
    assert len(list(text.fit(data, ENGLISH, out, base=base))) == 5  # one of each fold, three of the network
    return out


@pytest.fixture(scope="module")
def finished(data: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    losses = [epoch.loss for epoch in text.fit(data, RECIPE, out, base=base)]
    assert losses[-1] < losses[0]
    return out


@pytest.mark.slow
def test_a_run_ends_in_a_file_that_reads_its_language(finished: Path) -> None:
    reader = SentenceModel(finished / "text_ko.safetensors")
    assert reader.corpora == ["ko", "kote"]
    answers = reader.answers(["행복해요 3", "슬퍼요", "그래요 1"])
    assert answers.features.shape == (3, 16)
    assert answers.scores.shape == (3, 2, 7)
    assert np.exp(answers.scores).sum(-1) == pytest.approx(1, abs=1e-5)
    assert answers.alike.shape == (3, 2)
    assert len({tuple(row) for row in answers.scores[:, 0].round(3).tolist()}) == 3
    assert 0.05 < float((finished / "temperature.txt").read_text()) < 20


@pytest.mark.slow
def test_a_sentence_is_like_its_own_corpus(data: Path, english: Path) -> None:
    reader = SentenceModel(english / "text_en.safetensors")
    own = text_data.load(data, "en").texts
    subtitles = text_data.load(data, "xed").texts
    alike = [reader.answers(texts).alike.argmax(1) for texts in (own, subtitles)]
    assert [a.mean() for a in alike] == [pytest.approx(0, abs=0.2), pytest.approx(1, abs=0.2)]


@pytest.mark.slow
def test_a_teacher_has_seen_no_row_that_it_teaches(data: Path, base: Path, english: Path) -> None:
    dataset = text.Dataset(data, ENGLISH, base)
    said = Checkpoint(english / "teacher.pt", dataset.origin).load()["logits"].numpy()
    before = dataset.corpora["en"].targets
    assert said.shape == before.shape
    dataset.taught(said, 0.5)
    taught = dataset.corpora["en"].targets
    assert taught.sum(1) == pytest.approx(1, abs=1e-5)
    assert 0.01 < np.abs(taught - before).max() <= 0.5


def test_shares_of_the_corpora_by_cycle(data: Path, base: Path) -> None:
    dataset = text.Dataset(data, RECIPE, base)
    assert [dataset.shares(epoch)["ko"] for epoch in range(3)] == [0.4, 0.3, 0.3]
    assert dataset.shares(2)["kote"] == 0.3
    heads = [[inputs[0] for inputs, _ in dataset.batches(epoch)] for epoch in range(2)]
    assert heads[0].count("ko") > heads[1].count("ko")


@pytest.mark.slow
def test_a_sentence_reads_the_same_in_any_company(finished: Path) -> None:
    reader = SentenceModel(finished / "text_ko.safetensors")
    texts = ["행복해요", "네", "역겨워요 그리고 무서워요 " * 30, ""]
    together = reader.answers(texts).scores
    alone = np.concatenate([reader.answers([t]).scores for t in texts])
    assert together == pytest.approx(alone, abs=1e-4)


@pytest.mark.slow
def test_a_resumed_run_ends_like_an_unbroken_one(data: Path, base: Path, finished: Path,
                                                 tmp_path: Path) -> None:
    broken = text.fit(data, RECIPE, tmp_path, base=base)
    next(broken)
    broken.close()
    assert [epoch.number for epoch in text.fit(data, RECIPE, tmp_path, base=base)] == [2, 3]
    ended, whole = (SentenceModel(folder / "text_ko.safetensors").answers(["슬퍼요"]).scores
                    for folder in (tmp_path, finished))
    assert ended == pytest.approx(whole, abs=1e-5)
    with pytest.raises(UsageError, match="another recipe"):
        next(text.fit(data, RECIPE | {"dropout": 0.3}, tmp_path, base=base))


@pytest.mark.slow
def test_the_command(data: Path, base: Path, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(toml(RECIPE | {"epoch": 40, "schedule": {"epochs": 1, "lr": 1e-3}}))
    emocli("train", "text_ko", "--data", data, "-o", tmp_path / "run", "--recipe", tmp_path / "a.toml",
           "--base", base)
    assert (tmp_path / "run" / "text_ko.safetensors").is_file()


@pytest.mark.slow
def test_a_second_training_is_taught_by_others(data: Path, base: Path, finished: Path,
                                               tmp_path: Path) -> None:
    """It goes on from the first, and what holds it is what that one said."""
    recipe = RECIPE | {"further": FURTHER}
    (tmp_path / "checkpoint.pt").write_bytes((finished / "checkpoint.pt").read_bytes())
    with pytest.raises(UsageError, match="another recipe"):  # the second training is a part of it
        next(text.fit(data, recipe, tmp_path, base=base))
    (tmp_path / "checkpoint.pt").unlink()
    assert len(list(text.fit(data, recipe, tmp_path, base=base))) == 5
    before, after = (SentenceModel(folder / "text_ko.safetensors") for folder in (finished, tmp_path))
    texts = ["행복해요 3", "슬퍼요", "그래요 1"]
    assert np.abs(after.answers(texts).scores - before.answers(texts).scores).max() > 0.01
    assert list(text.fit(data, recipe, tmp_path, base=base)) == []
    corpora = text_further.lessons(text.Dataset(data, recipe, base), before, data, recipe)
    assert len(corpora["unlabelled"].texts) == 30
    (own, held), (translated,) = corpora["kote"].lessons, corpora["ko"].lessons
    assert (own.targets.shape[1], held.targets.shape[1]) == (51, 7)
    for lesson in (held, translated, *corpora["unlabelled"].lessons):
        assert lesson.targets.sum(1) == pytest.approx(1, abs=1e-4)


def test_without_an_encoder(data: Path, tmp_path: Path) -> None:
    for nothing in (None, tmp_path):
        with pytest.raises(DataError, match="--base"):
            next(text.fit(data, RECIPE, tmp_path, base=nothing))


def test_what_is_no_encoder(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match=r"a\.safetensors: is no sentence encoder"):
        SentenceModel(tmp_path / "a.safetensors")
