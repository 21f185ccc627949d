"""emotion2vec by FunASR itself: a tiny model in the format of emotion2vec+."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from support import foreign

from emocli.adapters.funasr_sounds import NINE
from emocli.emotions import INDEX
from emocli.errors import UsageError, WeightsError

pytest.importorskip("funasr", reason="wants FunASR: pip install 'emocli[funasr]'")
pytestmark = pytest.mark.slow
RNG = np.random.default_rng(1)
NOISE, TONE = RNG.normal(0, 0.1, 8_000).astype("f"), np.sin(np.arange(16_000) * 0.2).astype("f")
TOKENS = ("生气/angry", "厌恶/disgusted", "恐惧/fearful", "开心/happy", "中立/neutral", "其他/other",
          "难过/sad", "吃惊/surprised", "<unk>")
CONFIG = """
model: Emotion2vec
model_conf:
    {depth: 1, embed_dim: 16, num_heads: 2, mlp_ratio: 2.0, norm_eps: 1e-05, norm_affine: true,
     layer_norm_first: false, end_of_block_targets: false, start_drop_path_rate: 0.0, normalize: true,
     end_drop_path_rate: 0.0, post_mlp_drop: 0.1, encoder_dropout: 0.1, attention_dropout: 0.1,
     activation_dropout: 0.0, dropout_input: 0.0, layerdrop: 0.05, loss_beta: 0.0, loss_scale: null,
     average_top_k_layers: 1, clone_batch: 2, modalities: {audio: {
        feature_encoder_spec: "[(8, 10, 5)] + [(8, 3, 2)] * 2", extractor_mode: layer_norm,
        conv_pos_depth: 2, conv_pos_width: 6, conv_pos_groups: 2, conv_pos_pre_ln: false,
        start_drop_path_rate: 0.0, end_drop_path_rate: 0.0, prenet_depth: 1, prenet_layerdrop: 0.0,
        prenet_dropout: 0.1, decoder: null, local_grad_mult: 1.0, use_alibi_encoder: true,
        learned_alibi: false, learned_alibi_scale: true, learned_alibi_scale_per_head: true,
        learned_alibi_scale_per_layer: false, alibi_scale: 1.0, num_alibi_heads: 2, model_depth: 1,
        num_extra_tokens: 2, init_extra_token_zero: true}}}
tokenizer: CharTokenizer
tokenizer_conf: {unk_symbol: <unk>, split_with_space: true}
"""


@pytest.fixture(scope="module")
def emotion2vec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from funasr.models.emotion2vec.model import Emotion2vec
    from omegaconf import OmegaConf

    folder = tmp_path_factory.mktemp("emotion2vec")
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "tokens.txt").write_text("\n".join(TOKENS), encoding="utf-8")
    torch.manual_seed(3)
    network = Emotion2vec(**OmegaConf.to_container(OmegaConf.load(folder / "config.yaml")),
                          vocab_size=len(TOKENS))
    torch.save({"model": network.state_dict()}, folder / "model.pt")
    return folder


def test_emotion2vec(emotion2vec: Path) -> None:
    import torch
    from funasr import AutoModel

    before = torch.get_num_threads(), list(logging.getLogger().handlers)
    loaded = foreign.load(f"emotion2vec:{emotion2vec}", "voice", trust=True)
    assert (torch.get_num_threads(), logging.getLogger().handlers) == before
    scores = loaded.classifier.scores([NOISE, TONE])
    (wanted,) = AutoModel(model=str(emotion2vec), disable_update=True, disable_pbar=True, device="cpu"
                          ).generate(NOISE, granularity="utterance", extract_embedding=False)
    np.testing.assert_allclose(scores[0], wanted["scores"], atol=1e-5)
    assert scores.sum(1) == pytest.approx(np.ones(2), abs=1e-4)
    assert np.abs(scores[0] - scores[1]).max() > 1e-4
    assert loaded.labels.unmapped == ("other", "unk")
    seven = loaded.labels.seven(scores)
    happy = scores[:, NINE.index("happy")]
    assert seven[:, INDEX["happiness"]] == pytest.approx(happy / (1 - scores[:, [5, 8]].sum(1)), rel=1e-3)
    assert [path.name for path in loaded.classifier.files] == ["model.pt"]


def test_its_configuration_is_a_program(emotion2vec: Path) -> None:
    with pytest.raises(UsageError, match=r"FunASR runs what .*config\.yaml.*--trust"):
        foreign.load(f"emotion2vec:{emotion2vec}", "voice")


def test_what_cannot_be_loaded(emotion2vec: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"holds no config\.yaml"):
        foreign.load(f"emotion2vec:{tmp_path}", "voice", trust=True)
    with pytest.raises(WeightsError, match="nobody/nothing: is not on this machine, and --offline"):
        foreign.load("emotion2vec:nobody/nothing", "voice", trust=True, offline=True)
