"""Models of transformers, made and saved by transformers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support import foreign
from support.paths import SHARED

from emocli.adapters.kobert_concat import ConcatHead, describe_sound
from emocli.adapters.reference import Reference
from emocli.emotions import INDEX
from emocli.errors import WeightsError

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
