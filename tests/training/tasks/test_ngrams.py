"""Training of the small text network."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from safetensors.torch import load_file
from support.cli import emocli
from support.corpora import RECIPES, SENTENCES, kote, rows, table, toml

from emocli.errors import DataError, UsageError
from emocli.text.model import TextModel
from emocli.training.tasks import ngrams, text_data

RECIPE: dict[str, Any] = RECIPES["ngrams"] | {"heads": {"en": 1.0, "ko": 1.0, "kote": 2.0}}
UNTAUGHT = {key: value for key, value in RECIPE.items() if key != "teacher"}


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows that are translations of each other."""
    root = tmp_path_factory.mktemp("sentences")
    (root / "text").mkdir()
    for language in ("en", "ko"):
        for split in ("train", "dev"):
            table(root / "text" / f"goemotions_{language}_{split}.tsv.gz", rows(language))
    kote(root)
    return root


def copy_of(sentences: Path, folder: Path, korean: list[str]) -> Path:
    """The same data, with these Korean rows to learn from."""
    (folder / "text").mkdir()
    for path in (sentences / "text").iterdir():
        (folder / "text" / path.name).write_bytes(path.read_bytes())
    table(folder / "text" / "goemotions_ko_train.tsv.gz", korean)
    return folder


@pytest.fixture(scope="module")
def finished(sentences: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole run, with a teacher."""
    out = tmp_path_factory.mktemp("run")
    assert len(list(ngrams.fit(sentences, RECIPE, out))) == 3
    return out


@pytest.mark.slow
def test_fit_writes_weights_that_the_reader_takes(finished: Path) -> None:
    assert {path.name for path in finished.iterdir()} == {
        "checkpoint.pt", "teacher.pt", "text_small.safetensors", "temperature.txt"}
    reader = TextModel(finished / "text_small.safetensors")
    right = [reader.logits([sentence], language)[1][0].argmax() == label
             for language, column in SENTENCES.items() for label, sentence in enumerate(column)]
    assert sum(right) >= 6  # of chance, two
    assert len(right) == 14
    said = [reader.logits(["행복해요"], head)[1] for head in ("ko", "kote")]
    assert np.abs(said[0] - said[1]).max() > 0.1


@pytest.mark.slow
def test_a_resumed_run_ends_like_an_unbroken_one(sentences: Path, finished: Path, tmp_path: Path) -> None:
    broken = ngrams.fit(sentences, RECIPE, tmp_path)
    next(broken)
    broken.close()
    assert [epoch.number for epoch in ngrams.fit(sentences, RECIPE, tmp_path)] == [2, 3]
    ended, whole = (folder / "text_small.safetensors" for folder in (tmp_path, finished))
    assert ended.read_bytes() == whole.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(("change", "named"), [({"seed": 2}, "seed"), ({"keep": 0.8}, "recipe")])
def test_another_run_in_the_same_folder_is_refused(change: dict[str, Any], named: str, sentences: Path,
                                                   finished: Path) -> None:
    before = (finished / "text_small.safetensors").read_bytes()
    with pytest.raises(UsageError, match=f"another {named}"):
        list(ngrams.fit(sentences, RECIPE | change, finished))
    (finished / "checkpoint.pt").rename(finished / "away.pt")
    with pytest.raises(UsageError, match=rf"teacher\.pt: was begun with another {named}"):
        list(ngrams.fit(sentences, RECIPE | change, finished))
    (finished / "away.pt").rename(finished / "checkpoint.pt")
    assert (finished / "text_small.safetensors").read_bytes() == before


@pytest.mark.slow
def test_other_rows_are_another_data_set(sentences: Path, finished: Path, tmp_path: Path) -> None:
    elsewhere = copy_of(sentences, tmp_path, rows("ko"))
    assert list(ngrams.fit(elsewhere, RECIPE, finished)) == []  # the same rows elsewhere are the same data
    for language in ("en", "ko"):
        table(tmp_path / "text" / f"goemotions_{language}_train.tsv.gz", rows(language)[7:])
    with pytest.raises(UsageError, match="another data"):
        list(ngrams.fit(tmp_path, RECIPE, finished))


@pytest.mark.slow
@pytest.mark.long
def test_the_command_trains_and_refuses_to_go_on_with_another_seed(sentences: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(toml(UNTAUGHT | {"schedule": {"epochs": 1, "lr": 1e-2}}))
    command = ("train", "ngrams", "--data", sentences, "-o", tmp_path / "run", "--recipe",
               tmp_path / "recipe.toml", "--threads", "1")
    first = emocli(*command)
    assert first.returncode == 0, first.stderr
    assert "epoch   1/1" in first.stdout
    assert list((tmp_path / "run" / "curves").iterdir())
    second = emocli(*command, "--seed", "2")
    assert second.returncode == 2
    assert "wrote" not in second.stdout
    assert "checkpoint.pt: was begun with another seed" in " ".join(second.stderr.split())


@pytest.mark.slow
def test_the_teacher_reads_the_originals(sentences: Path, tmp_path: Path) -> None:
    """It teaches their translations, too, and is not asked twice; other rows are no translations."""
    dataset = ngrams.Dataset(sentences, RECIPE)
    distilled = dataset.distilled(RECIPE["teacher"], tmp_path / "teacher.pt")
    assert np.array_equal(distilled["en"], distilled["ko"])
    assert distilled["en"].sum(1) == pytest.approx(1, abs=1e-4)
    assert 0.05 < np.abs(distilled["en"] - dataset.targets["en"]).max() <= 0.4
    with patch.object(text_data, "english_scores", side_effect=AssertionError):
        again = dataset.distilled(RECIPE["teacher"], tmp_path / "teacher.pt")
    assert np.array_equal(again["en"], distilled["en"])
    shifted = copy_of(sentences, tmp_path, rows("ko")[1:] + rows("ko")[:1])
    with pytest.raises(DataError, match="no translations"):
        ngrams.Dataset(shifted, RECIPE).distilled(RECIPE["teacher"], tmp_path / "other.pt")
    assert not (tmp_path / "other.pt").exists()


def test_an_ngram_must_be_met_three_times() -> None:
    rare, usual = (ngrams.inverse_frequency([["a"]] * 3 + [["b"]] * times) for times in (2, 3))
    assert 0 < (rare > 0).sum() < (usual > 0).sum()


@pytest.mark.slow
def test_half_precision_is_what_is_written(finished: Path) -> None:
    weights = load_file(finished / "text_small.safetensors")
    assert {str(tensor.dtype) for tensor in weights.values()} == {"torch.float16"}
