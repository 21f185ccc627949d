"""Vocabularies cut to what corpora use."""

import json
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from emocli.training.sentence_weights import cut

WORDS = ["[PAD]", "[unused0]", "[unused1]", "[unused2]", "a", "##a", "b", "##b", "[UNK]", "[CLS]", "[SEP]",
         "ab", "##ab", "baa", "##aab"]


def tokenizer(model: Any) -> Any:
    of_words = Tokenizer(model)
    of_words.pre_tokenizer = pre_tokenizers.Whitespace()
    of_words.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    of_words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(t, of_words.token_to_id(t)) for t in ("[CLS]", "[SEP]")])
    return of_words


@pytest.mark.parametrize("model", [
    models.WordPiece({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]"),
    models.Unigram([(w, -float(len(w))) for w in WORDS], unk_id=8)], ids=["WordPiece", "Unigram"])
def test_a_cut_vocabulary_reads_known_texts_as_before(model: Any) -> None:
    whole = tokenizer(model)
    used = {piece for text in ("ab a", "baa") for piece in whole.encode(text).tokens}
    content, kept = cut(json.loads(whole.to_str()), used)
    small = Tokenizer.from_str(json.dumps(content))
    assert small.get_vocab_size() == len(kept) < len(WORDS)
    for text in ("ab a", "baa", "c"):
        before, after = whole.encode(text), small.encode(text)
        assert after.tokens == before.tokens
        assert [kept[i] for i in after.ids] == before.ids
    assert "".join(small.encode("abab").tokens).replace("##", "") == "[CLS]abab[SEP]"
