"""Models of others beside ours, on folders and tables of a user's own."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from support import foreign
from support.cli import emocli

from emocli.adapters.classifier import LoadOptions
from emocli.errors import UsageError
from emocli.training.models import compare

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "mine.tsv"
    rows = [("I am so happy", "happiness"), ("leave me alone", "anger"), ("so sad", "sadness")] * 3
    path.write_text("text\tlabels\n" + "".join(f"{text}\t{label}\n" for text, label in rows))
    return path


def test_words_in_one_table(sentences: Path, tmp_path: Path) -> None:
    bert = foreign.bert(tmp_path / "bert", ["joy", "anger", "sadness"])
    done = emocli("evaluate", "text", "--data", sentences, "--text", "builtin:fast", "--text", f"hf:{bert}",
                  "--text", f"hf:{bert}+builtin:fast", "--weights", "1,1000000", "-o", tmp_path / "out",
                  COLUMNS="80")
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "out" / "text-models.json").read_text())
    ours, theirs, both = (sets["mine.tsv"] for sets in figures.values())
    assert ours["n"] == theirs["n"] == 9
    assert ours["accuracy"] != theirs["accuracy"]
    assert both["accuracy"] == ours["accuracy"]
    assert all(word in done.stdout for word in ("mine.tsv", "macro-F1", f"{theirs['macro_f1']:.3f}"))


def test_faces_of_a_folder(tmp_path: Path) -> None:
    for name, level in (("happy", 255), ("angry", 0)):
        (tmp_path / "faces" / name).mkdir(parents=True)
        for i in range(2):
            picture = np.full((48, 48), abs(level - i), np.uint8)
            cv2.imwrite(str(tmp_path / "faces" / name / f"{i}.png"), picture)
    import torch
    from torch import nn

    bright = nn.Sequential(nn.AvgPool2d(16), nn.Flatten(), nn.Linear(1, 3))
    bright[2].weight.data = torch.tensor([[20.0], [-20.0], [0.0]])
    bright[2].bias.data = torch.tensor([-10.0, 10.0, -20.0])
    torch.jit.trace(bright, torch.zeros(1, 1, 16, 16)).save(str(tmp_path / "bright.pt"))
    (tmp_path / "bright.pt.toml").write_text('labels = ["happy", "angry", "bored"]\nsize = 16\n')
    name = f"torchscript:{tmp_path}/bright.pt"
    figures = compare("face", [name], tmp_path / "faces", LoadOptions(trust=True))
    assert figures[name]["faces"]["accuracy"] == figures[name]["faces"]["answered"] == 1


def test_what_cannot_be_compared(sentences: Path) -> None:
    for names, says in ((["kobert-concat:x"], "no such file"), (["builtin:slow"], "no text of this name"),
                        (["pyaudio:x"], "read voice, not text")):
        with pytest.raises(UsageError, match=says):
            compare("text", names, sentences, LoadOptions())
    with pytest.raises(UsageError, match="fit no ensemble"):
        compare("text", ["builtin:fast+builtin:accurate"], sentences, LoadOptions(), weights=[1, 2, 3])
