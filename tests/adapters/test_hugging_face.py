"""Models of transformers, made and saved by transformers."""

from __future__ import annotations

import json
import pickle
import shutil
import struct
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from support import foreign
from support.paths import SHARED

from emocli.adapters.kobert_concat import ConcatHead, describe_sound
from emocli.adapters.reference import Reference
from emocli.emotions import INDEX
from emocli.errors import UsageError, WeightsError

pytest.importorskip("transformers")
pytestmark = pytest.mark.slow
HEAD = SHARED / "data" / "weights" / "unlock_feeling" / "text_audio_model_53.pth"


def test_sentences(bert: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    loaded = foreign.load(f"hf:{bert}", "text")
    sentences = ["i am so happy", "leave me alone"]
    scores = loaded.classifier.scores(sentences)
    assert loaded.labels.unmapped == ("boredom",)
    network, tokens = (c.from_pretrained(bert) for c in (AutoModelForSequenceClassification, AutoTokenizer))
    with torch.no_grad():
        for text, own in zip(sentences, scores, strict=True):
            wanted = network(**tokens(text, return_tensors="pt")).logits.softmax(-1)[0]
            np.testing.assert_allclose(own, wanted, atol=1e-5)
    assert np.abs(scores[0] - scores[1]).max() > 0.01
    assert [path.name for path in loaded.classifier.files] == ["model.safetensors"]
    assert foreign.load(f"hf:{bert}", "text").classifier.scores(["happy " * 500]).shape == (1, 3)


def test_several_labels_at_a_time(tmp_path: Path) -> None:
    loaded = foreign.load(f"hf:{foreign.bert(tmp_path, ['gratitude', 'grief'], several=True)}", "text")
    own = loaded.classifier.scores(["happy"])
    assert own.sum() != pytest.approx(1, abs=1e-3)
    (seven,) = loaded.labels.seven(own)
    assert seven[INDEX["happiness"]] == pytest.approx(own[0, 0] / own.sum())


def test_pictures(tmp_path: Path) -> None:
    loaded = foreign.load(f"hf:{foreign.vit(tmp_path, ['happy', 'sad', 'angry'])}", "face")
    assert loaded.classifier.size == 32  # type: ignore[attr-defined]
    scores = loaded.classifier.scores(foreign.crops(2, 32, colour=True))
    assert scores.sum(1) == pytest.approx(np.ones(2))
    assert np.abs(scores[0] - scores[1]).max() > 1e-5


def test_a_model_of_another_kind(bert: Path) -> None:
    with pytest.raises(WeightsError, match=r"is a BertForSequenceClassification.*image classification"):
        foreign.load(f"hf:{bert}", "face")


def test_code_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({
        "model_type": "mine", "auto_map": {"AutoConfig": "mine.MyConfig"}}))
    (tmp_path / "mine.py").write_text("raise SystemExit('was run')")
    with pytest.raises(WeightsError, match=r"brings code of its own.*--trust"):
        foreign.load(f"hf:{tmp_path}", "text")


def _declare(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def _forget_head(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    save_file({k: v for k, v in load_file(path).items() if not k.startswith("classifier")}, path)


def _pickle(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(subprocess.Popen))


def _point_outside(folder: Path) -> None:
    (folder / "tokenizer.json").rename(folder.parent / "tokenizer.json")
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"tokenizer_file": "../tokenizer.json"}))


def _claim(size: int, header: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / "model.safetensors").write_bytes(struct.pack("<Q", size) + header)


@pytest.mark.parametrize(("spoil", "says"), [
    (partial(_declare, hidden_size=2**20), "not of the shapes that its config.json declares"),
    (partial(_declare, vocab_size=2**31), "not of the shapes that its config.json declares"),
    (partial(_declare, num_hidden_layers=10**9), "declares 1000000000 layers"),
    (_forget_head, r"lacks classifier\.bias, in place of which random numbers would answer"),
    (_claim(2**62, b"{}"), "header too large"),
    (_claim(80, b'{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}  '),
     "not fully covered|invalid"),
    (_pickle, "Weights only load failed"), (_point_outside, "has no vocabulary"),
    (lambda folder: (folder / "config.json").write_text("[" * 100_000), "cannot be loaded")])
def test_what_is_damaged_or_means_harm(bert: Path, tmp_path: Path, spoil: Callable[[Path], object],
                                       says: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(bert, folder)
    spoil(folder)
    with pytest.raises(WeightsError, match=says) as raised:
        foreign.load(f"hf:{folder}", "text")
    assert str(raised.value).startswith(f"hf:{folder}: ")
    assert "\n" not in str(raised.value)


def test_a_tokenizer_with_code_of_its_own(bert: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(bert, folder)
    (folder / "mine.py").write_text("raise SystemExit('was run')")
    path = folder / "tokenizer_config.json"
    code = {"auto_map": {"AutoTokenizer": ["mine.T", None]}}
    path.write_text(json.dumps(json.loads(path.read_text()) | code))
    assert foreign.load(f"hf:{folder}", "text").classifier.scores(["happy"]).shape == (1, 3)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):  # and no hub is asked for its path
        foreign.load(f"hf:{tmp_path}/none", "text")


def test_kobert_that_is_not_here(tmp_path: Path) -> None:
    import torch

    from emocli.adapters.kobert_concat import SHAPES

    torch.save({name: torch.zeros(shape) for name, shape in SHAPES.items()}, tmp_path / "head.pth")
    with pytest.raises(WeightsError, match=rf"kobert-concat:{tmp_path}: its encoder hf:skt/.*--offline"):
        foreign.load(f"kobert-concat:{tmp_path}", "text", offline=True)


def test_an_id_without_a_network() -> None:
    with pytest.raises(WeightsError, match="hf:nobody/nothing: is not on this machine, and --offline"):
        foreign.load("hf:nobody/nothing", "text", offline=True)


@pytest.mark.shared
def test_the_head_over_kobert_and_sound(tmp_path: Path) -> None:
    """As a matrix product by hand, and through an encoder of KoBERT's width."""
    import torch

    state = {name: tensor.numpy() for name, tensor in torch.load(HEAD, weights_only=True).items()}
    random = np.random.default_rng(1)
    text, sound = random.normal(size=(2, 768)).astype("f"), random.normal(size=(2, 87)).astype("f")
    hidden = np.concatenate([text @ state["text_layer.weight"].T + state["text_layer.bias"],
                             sound @ state["audio_layer.weight"].T + state["audio_layer.bias"]], 1)
    logits = ConcatHead(Reference("kobert-concat", "x"), HEAD).logits(text, sound)
    np.testing.assert_allclose(logits, hidden @ state["fc.weight"].T + state["fc.bias"], atol=1e-4)

    (tmp_path / HEAD.name).write_bytes(HEAD.read_bytes())
    foreign.bert(tmp_path / "kobert", ["a", "b"], classifier=False, width=768)
    model = foreign.load(f"kobert-concat:{tmp_path}", "text").classifier
    spoken = random.normal(size=16_000).astype("f") * 0.1
    scores = model.scores([("i am so happy", spoken), ("i am so happy", np.zeros(0, np.float32))])
    assert scores.sum(1) == pytest.approx(np.ones(2))
    assert np.abs(scores[0] - scores[1]).max() > 1e-6
    assert describe_sound(spoken).std() == pytest.approx(1, abs=1e-3)


def test_a_head_that_is_a_pickle(tmp_path: Path) -> None:
    import torch

    torch.save(torch.nn.Linear(2, 2), tmp_path / "head.pth")
    with pytest.raises(WeightsError, match="pickles more than tensors, which would run code"):
        foreign.load(f"kobert-concat:{tmp_path}", "text")
    torch.save({"fc.weight": torch.zeros(2)}, tmp_path / "head.pth")
    with pytest.raises(WeightsError, match="is no head of"):
        foreign.load(f"kobert-concat:{tmp_path}", "text")
