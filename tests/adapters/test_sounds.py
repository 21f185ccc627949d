"""Foreign models of the voice: tiny ones made by the real libraries, and YAMNet itself."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import foreign
from support.paths import SHARED

from emocli.adapters import cepstra
from emocli.adapters.pyaudio_folder import DIARY_FRAMES
from emocli.emotions import EMOTIONS, INDEX
from emocli.errors import UsageError, WeightsError

pytestmark = pytest.mark.slow
YAMNET = SHARED / "data" / "weights" / "yamnet" / "yamnet.tflite"
#: A second of a sweep, and half a second of noise, at 16 kHz.
SWEEP = (0.3 * np.sin(np.linspace(0, 900, 16_000) ** 1.2)).astype(np.float32)
NOISE = np.random.default_rng(1).normal(0, 0.1, 8_000).astype(np.float32)


def test_transformers(tmp_path: Path) -> None:
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForSequenceClassification

    torch.manual_seed(4)
    config = Wav2Vec2Config(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
                            conv_dim=(8, 8), conv_stride=(10, 16), conv_kernel=(10, 16), vocab_size=4,
                            num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2, initializer_range=0.5,
                            num_feat_extract_layers=2, classifier_proj_size=8,
                            id2label={0: "neu", 1: "hap", 2: "ang"})
    network = Wav2Vec2ForSequenceClassification(config).eval()
    network.save_pretrained(tmp_path)
    Wav2Vec2FeatureExtractor(sampling_rate=8_000).save_pretrained(tmp_path)
    loaded = foreign.load(f"hf:{tmp_path}", "voice")
    assert loaded.classifier.rate == 8_000  # type: ignore[attr-defined]
    scores = loaded.classifier.scores([SWEEP, NOISE])
    for own, samples in zip(scores, (SWEEP, NOISE), strict=True):
        scaled = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
        with torch.no_grad():
            wanted = network(torch.from_numpy(scaled)[None]).logits.softmax(-1)[0]
        np.testing.assert_allclose(own, wanted, atol=1e-4)
    assert loaded.labels.missing == ("surprise", "fear", "disgust", "sadness")


@pytest.mark.parametrize(("name", "features", "labels"), [("mean", "mfcc40-mean", 7),
                                                          ("long", "mfcc40x128", 8)])
def test_keras(keras_files: Path, name: str, features: str, labels: int) -> None:
    loaded = foreign.load(f"keras:{keras_files / name}.keras", "voice", features=features)
    try:
        scores = loaded.classifier.scores([SWEEP, NOISE])
        assert scores.shape == (2, labels)
        assert np.abs(scores[0] - scores[1]).max() > 0.01
        assert "no card" in loaded.classifier.notes[0]
        assert not loaded.labels.missing
    finally:
        loaded.classifier.close()


@pytest.mark.parametrize(("name", "features", "message"), [
    ("mean", "", r"--features is not given.*mfcc40-mean"), ("mean", "mfcc", "--features mfcc is not known"),
    ("other", "mfcc40-mean", r"takes \(33,\), and mfcc40-mean gives \(40,\)"),
    ("five", "mfcc40-mean", r"gives 5 numbers.*card")])
def test_keras_of_another_shape(keras_files: Path, name: str, features: str, message: str) -> None:
    with pytest.raises((UsageError, WeightsError), match=message):
        foreign.load(f"keras:{keras_files / name}.keras", "voice", features=features)


def test_features_of_sounds() -> None:
    assert {name: make(NOISE).shape for name, make in cepstra.KINDS.items()} == {
        "mfcc40-mean": (40,), "mfcc40x128": (40, 128), "logmel": (128, 128)}
    assert all(np.isfinite(make(np.zeros(400, np.float32))).all() for make in cepstra.KINDS.values())


@pytest.mark.shared
def test_yamnet() -> None:
    import soundfile

    loaded = foreign.load(f"yamnet:{YAMNET}", "voice")
    speech, rate = soundfile.read(SHARED / "data" / "clips" / "jfk.flac", dtype="float32")
    spoken = speech.mean(1)[::round(rate / 16_000)][:64_000]
    scores = loaded.classifier.scores([np.zeros(4_000, np.float32), spoken])
    seven = loaded.labels.seven(scores)
    assert not seven[0].any()
    assert EMOTIONS[seven[1].argmax()] == "neutral"
    assert loaded.classifier.hears_gaps  # type: ignore[attr-defined]
    assert loaded.labels.missing == ("disgust",)


@pytest.mark.shared
def test_yamnet_hears_laughter() -> None:
    """Of EmoGator's test contributors: where anything but speech is heard, amusement is more often laughter
    than anything else is."""
    from emocli.training.corpora import speech

    loaded = foreign.load(f"yamnet:{YAMNET}", "voice")
    clips = list(speech.read(SHARED / "data", "emogator", "test"))
    seven = loaded.labels.seven(np.concatenate([loaded.classifier.scores([c.samples]) for c in clips[::3]]))
    laughter = seven[:, INDEX["happiness"]] > 0.5
    happy = np.array([EMOTIONS[c.label] == "happiness" for c in clips[::3]])
    assert happy.sum() > 5
    assert laughter[happy].mean() > 2 * laughter[~happy].mean()


def test_another_tflite(tmp_path: Path) -> None:
    from emocli import weights

    with pytest.raises(WeightsError, match=r"holds no yamnet_label_list"):
        foreign.load(f"yamnet:{weights.resolve('face-litert')}", "voice")


class Diary:
    """A folder as the diary app saves it, and the network that made it."""

    def __init__(self, folder: Path, labels: Any = ("JOY", "SAD", "ANGRY", "기쁨")) -> None:
        import torch
        from torch import nn

        class Model(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.conv1 = nn.Conv1d(13, 8, 5, padding=2)
                self.bn1 = nn.BatchNorm1d(8)
                self.conv2 = nn.Conv1d(8, 6, 3, padding=1)
                self.rnn = nn.LSTM(6, 5, num_layers=2, batch_first=True, bidirectional=True)
                self.fc1, self.fc2 = nn.Linear(10, 7), nn.Linear(7, 4)

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                x = torch.max_pool1d(torch.relu(self.bn1(self.conv1(x))), 2)
                x = torch.max_pool1d(torch.relu(self.conv2(x)), 2)
                states = self.rnn(x.transpose(1, 2))[0].mean(1)
                return self.fc2(torch.relu(self.fc1(states))).softmax(1)  # type: ignore[no-any-return]

        torch.manual_seed(6)
        self.model = Model().eval()
        self.model.bn1.running_mean += 1.0  # type: ignore[operator]
        torch.save(self.model.state_dict(), folder / "pytorch_model.pth")
        (folder / "labels.json").write_text(json.dumps(labels), encoding="utf-8")
        (folder / "model.py").write_text("raise SystemExit('run')")

    def __call__(self, described: np.ndarray) -> np.ndarray:
        import torch

        with torch.no_grad():
            return np.asarray(self.model(torch.from_numpy(described)))


@pytest.mark.parametrize("labels", [["JOY", "SAD", "ANGRY", "기쁨"],
                                    {"JOY": 0, "SAD": 1, "ANGRY": 2, "기쁨": 3},
                                    {"0": "JOY", "1": "SAD", "2": "ANGRY", "3": "기쁨"}])
def test_the_diary_app(tmp_path: Path, labels: Any) -> None:
    diary = Diary(tmp_path, labels)
    loaded = foreign.load(f"pyaudio:{tmp_path}", "voice")
    described = np.stack([cepstra.mfcc(samples, 13, DIARY_FRAMES) for samples in (SWEEP, NOISE)])
    np.testing.assert_allclose(loaded.classifier.scores([SWEEP, NOISE]), diary(described), atol=1e-5)
    assert loaded.classifier.labels == ("JOY", "SAD", "ANGRY", "기쁨")
    assert not loaded.labels.unmapped


@pytest.mark.shared
def test_the_diary_app_against_a_neutral_baseline(tmp_path: Path) -> None:
    diary, recording = Diary(tmp_path), SHARED / "data" / "clips" / "jfk.flac"
    loaded = foreign.load(f"pyaudio:{tmp_path}", "voice", baseline=str(recording))
    own = loaded.classifier.scores([SWEEP])
    assert np.abs(own - diary(cepstra.mfcc(SWEEP, 13, DIARY_FRAMES)[None])).max() > 1e-4
    with pytest.raises(UsageError, match="without S1="):
        foreign.load(f"pyaudio:{tmp_path}", "voice", baseline=f"S1={recording}")


def test_a_diary_that_is_damaged(tmp_path: Path) -> None:
    import torch

    with pytest.raises(WeightsError, match=r"holds no pytorch_model.pth and no labels.json"):
        foreign.load(f"pyaudio:{tmp_path}", "voice")
    Diary(tmp_path, ["JOY"])
    with pytest.raises(WeightsError, match=r"gives 4 numbers, and labels.json has 1"):
        foreign.load(f"pyaudio:{tmp_path}", "voice")
    torch.save({"fc.weight": torch.zeros(3, 4)}, tmp_path / "pytorch_model.pth")
    with pytest.raises(WeightsError, match="not of that network"):
        foreign.load(f"pyaudio:{tmp_path}", "voice")
    (tmp_path / "pytorch_model.pth").write_bytes(pickle.dumps(subprocess.Popen))
    with pytest.raises(WeightsError, match="pickles more than tensors"):
        foreign.load(f"pyaudio:{tmp_path}", "voice")
    torch.save({"fc.weight": torch.zeros(1).expand(10**12)}, tmp_path / "pytorch_model.pth")
    with pytest.raises(WeightsError, match="declares more numbers than it holds"):
        foreign.load(f"pyaudio:{tmp_path}", "voice")


@pytest.mark.parametrize("form", ["onnx", "torchscript"])
def test_what_export_made(tmp_path: Path, form: str) -> None:
    from emocli import weights
    from emocli.options import EAR
    from emocli.training.export import export
    from emocli.voice.model import EarModel

    path = tmp_path / ("voice.onnx" if form == "onnx" else "voice.pt")
    export("voice", path, form=form)
    loaded = foreign.load(f"{form}:{path}", "voice", trust=True)
    model = EarModel(weights.resolve("voice"), weights.resolve(EAR))
    logits = model.answer([model.describe(SWEEP)])[1][0]
    wanted = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    np.testing.assert_allclose(loaded.classifier.scores([SWEEP])[0], wanted, atol=1e-3)


@pytest.mark.parametrize(("reference", "module", "extra"), [
    ("emotion2vec:iic/emotion2vec_plus_base", "funasr", "funasr"),
    ("speechbrain:someone/model", "speechbrain", "speechbrain")])
def test_a_missing_extra(monkeypatch: pytest.MonkeyPatch, reference: str, module: str, extra: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(WeightsError, match=rf"pip install 'emocli\[{extra}\]'"):
        foreign.load(reference, "voice", trust=True)
