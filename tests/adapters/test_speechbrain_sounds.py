"""Recognisers of SpeechBrain by SpeechBrain itself: a tiny one in the format of its IEMOCAP recogniser."""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import foreign

from emocli.emotions import EMOTIONS
from emocli.errors import UsageError, WeightsError

try:  # its torchaudio may fit no torch here
    import speechbrain.inference.interfaces
except (ImportError, OSError) as error:
    pytest.skip(f"wants SpeechBrain, pip install 'emocli[speechbrain]' ({error})", allow_module_level=True)
pytestmark = pytest.mark.slow
RNG = np.random.default_rng(1)
NOISE, TONE = RNG.normal(0, 0.1, 8_000).astype("f"), np.sin(np.arange(16_000) * 0.2).astype("f")
HYPERPARAMETERS = """
wav2vec2: !new:speechbrain.integrations.huggingface.wav2vec2.Wav2Vec2
    source: FOLDER/wav2vec2
    output_norm: True
    freeze: True
    save_path: FOLDER/cache
avg_pool: !new:speechbrain.nnet.pooling.StatisticsPooling
    return_std: False
output_mlp: !new:speechbrain.nnet.linear.Linear
    input_size: 16
    n_neurons: 4
    bias: False
model: !new:torch.nn.ModuleList
    - [!ref <output_mlp>]
modules: {wav2vec2: !ref <wav2vec2>, output_mlp: !ref <output_mlp>, avg_pool: !ref <avg_pool>}
softmax: !new:speechbrain.nnet.activations.Softmax
label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables: {wav2vec2: !ref <wav2vec2>, model: !ref <model>, label_encoder: !ref <label_encoder>}
    paths:
        wav2vec2: FOLDER/wav2vec2.ckpt
        model: FOLDER/model.ckpt
        label_encoder: FOLDER/label_encoder.txt
"""
INTERFACE = """
import torch
from speechbrain.inference.interfaces import Pretrained

class CustomEncoderWav2vec2Classifier(Pretrained):
    def classify_batch(self, wavs, wav_lens=None):
        wavs, wav_lens = wavs.to(self.device), wav_lens.to(self.device)
        pooled = self.mods.avg_pool(self.mods.wav2vec2(wavs), wav_lens)
        out_prob = self.hparams.softmax(self.mods.output_mlp(pooled.view(len(wavs), -1)))
        score, index = torch.max(out_prob, dim=-1)
        return out_prob, score, index, self.hparams.label_encoder.decode_torch(index)
"""


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from speechbrain.dataio.encoder import CategoricalEncoder
    from speechbrain.integrations.huggingface.wav2vec2 import Wav2Vec2
    from speechbrain.nnet.linear import Linear
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    folder = tmp_path_factory.mktemp("speechbrain")
    config = Wav2Vec2Config(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
                            conv_dim=(8, 8), conv_stride=(10, 16), conv_kernel=(10, 16), vocab_size=4,
                            num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2, initializer_range=0.5,
                            num_feat_extract_layers=2)
    torch.manual_seed(4)
    Wav2Vec2Model(config).save_pretrained(folder / "wav2vec2")
    Wav2Vec2FeatureExtractor(do_normalize=False).save_pretrained(folder / "wav2vec2")
    encoder = Wav2Vec2(str(folder / "wav2vec2"), str(folder / "cache"))
    torch.save(encoder.state_dict(), folder / "wav2vec2.ckpt")
    torch.save(torch.nn.ModuleList([Linear(input_size=16, n_neurons=4, bias=False)]).state_dict(),
               folder / "model.ckpt")
    labels = CategoricalEncoder()
    labels.update_from_iterable(["neu", "ang", "hap", "sad"])
    labels.save(folder / "label_encoder.txt")
    (folder / "hyperparams.yaml").write_text(HYPERPARAMETERS.replace("FOLDER", str(folder)))
    (folder / "custom_interface.py").write_text(INTERFACE)
    return folder


def test_a_recogniser(recogniser: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.chdir(tmp_path)
    loaded = foreign.load(f"speechbrain:{recogniser}", "voice", trust=True)
    scores = loaded.classifier.scores([TONE, NOISE])
    assert loaded.classifier.labels == ("neu", "ang", "hap", "sad")
    assert not loaded.labels.unmapped
    assert not list(tmp_path.iterdir())
    model = speechbrain.inference.interfaces.foreign_class(
        str(recogniser), pymodule_file="custom_interface.py", classname="CustomEncoderWav2vec2Classifier")
    for own, samples in zip(scores, (TONE, NOISE), strict=True):
        wanted = model.classify_batch(torch.from_numpy(samples)[None], torch.ones(1))[0][0]
        np.testing.assert_allclose(own, wanted, atol=1e-5)
    assert np.abs(scores[0] - scores[1]).max() > 1e-4
    assert {EMOTIONS[i] for i in loaded.labels.seven(scores).argmax(1)} <= {"neutral", "anger", "happiness",
                                                                          "sadness"}
    assert "model.ckpt" in [path.name for path in loaded.classifier.files]


@pytest.mark.parametrize(("file", "spoil", "says"), [
    ("model.ckpt", lambda state: {}, "lacks 0.w.weight"),
    ("model.ckpt", lambda state: state | {"0.w.bias": state["0.w.weight"][:, 0]}, "has 0.w.bias too many"),
    ("model.ckpt", lambda state: {k: v[:3] for k, v in state.items()}, "size mismatch for 0.w.weight"),
    ("wav2vec2.ckpt", lambda state: dict(list(state.items())[:-1]), "lacks model.encoder.layers.0"),
    ("model.ckpt", lambda state: pathlib.Path(), "pickles more than tensors")])
def test_a_checkpoint_that_does_not_fit(recogniser: Path, tmp_path: Path, file: str,
                                        spoil: Callable[[dict[str, Any]], Any], says: str) -> None:
    import torch

    folder = tmp_path / "model"
    shutil.copytree(recogniser, folder)
    (folder / "hyperparams.yaml").write_text(HYPERPARAMETERS.replace("FOLDER", str(folder)))
    torch.save(spoil(torch.load(folder / file, weights_only=True)), folder / file)
    with pytest.raises(WeightsError, match=says) as raised:
        foreign.load(f"speechbrain:{folder}", "voice", trust=True)
    assert str(raised.value).startswith(f"speechbrain:{folder}: {file} ")
    assert "\n" not in str(raised.value)
    foreign.load(f"speechbrain:{recogniser}", "voice", trust=True)


def test_what_cannot_be_loaded(recogniser: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"runs the Python file.*--trust"):
        foreign.load(f"speechbrain:{recogniser}", "voice")
    with pytest.raises(WeightsError, match=r"cannot be loaded"):
        foreign.load(f"speechbrain:{tmp_path}", "voice", trust=True)
    with pytest.raises(WeightsError, match=r"nobody/nothing.*--offline forbids"):
        foreign.load("speechbrain:nobody/nothing@v2", "voice", trust=True, offline=True)
