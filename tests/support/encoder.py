"""A sentence encoder of next to nothing, in the format of the real one."""

from __future__ import annotations

from pathlib import Path

from support.corpora import SENTENCES


def tiny_encoder(folder: Path) -> Path:
    """A BERT of one layer and a tokenizer of letters, as `transformers` saves them."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    letters = sorted({c for column in SENTENCES.values() for s in column for c in s + "0123456789."})
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *letters]
    tokenizer = Tokenizer(models.WordLevel({p: i for i, p in enumerate(pieces)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=len(pieces), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                         intermediate_size=32, max_position_embeddings=160, pad_token_id=1),
              add_pooling_layer=False).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
