"""Training of the sentence encoder: one pretrained transformer for English and Korean, a head a corpus.

Heads of their own keep the corpora's class priors and habits apart (GoEmotions' Reddit, XED's film subtitles,
EmoryNLP's comedy, KOTE's comments, translated GoEmotions, ratings of NSMC's film reviews); what a language
answers with is a weighted mean of heads, which is a head again.  The epoch is chosen by the mean over the
development rows of all corpora.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from emocli.emotions import EMOTIONS
from emocli.errors import DataError
from emocli.storage import write_text
from emocli.text.spelling import clean, respell
from emocli.training import metrics
from emocli.training.checkpoint import Checkpoint, origin
from emocli.training.corpora import kote, meld, ratings
from emocli.training.corpora import texts as corpus
from emocli.training.loop import Batch, Epoch, Schedule, seed_all, soft_cross_entropy, train
from emocli.training.sentence_weights import write
from emocli.weights import resolve

CLASSES = len(EMOTIONS)
#: Published corpora of one class a row, and the split to learn from.
PLAIN = {"en": ("goemotions_en", "train"), "ko": ("goemotions_ko", "train"), "xed": ("xed_en", None)}
#: Share of a corpus without a development split that is kept for one.
HELD_OUT = 12
#: Sentence vectors are made so many times as long, so that heads learn fast at a rate that an encoder bears.
GAIN = 10.0
KOREAN = ("ko", "kote", "nsmc")


@dataclass(frozen=True)
class Corpus:
    """Sentences to learn from and to choose by: targets (n, k), of which KOTE's are 44 labels and 7 votes."""

    texts: list[str]
    targets: np.ndarray
    dev: corpus.Texts | None

    @property
    def prior(self) -> Tensor:
        """Logarithm of the share of every class, (k,); 0 for what is no class."""
        votes = self.targets[:, -CLASSES:]
        share = np.log(votes.sum(0) / max(1.0, votes.sum()) + 1e-3)
        return torch.from_numpy(np.pad(share, (self.targets.shape[1] - CLASSES, 0))).float()


def load(data: Path, head: str) -> Corpus:
    """The corpus of a head."""
    if head == "nsmc":
        rated = ratings.load(data)
        return Corpus(rated.texts, rated.targets, None)
    if head == "kote":
        read = kote.load(data)
        texts, targets = read.texts, np.concatenate([read.labels, read.votes], 1)
    else:
        plain = meld.other_scenes(data) if head == "emorynlp" else corpus.load(data, *PLAIN[head])
        texts, targets = plain.texts, plain.targets
        if head in ("en", "ko"):
            dev = corpus.load(data, f"goemotions_{head}", "dev").single()
            return Corpus([clean(t) for t in texts], targets, corpus.Texts([clean(t) for t in dev.texts],
                                                                          dev.targets))
    return held_out([clean(t) for t in texts], targets)


def held_out(texts: list[str], targets: np.ndarray) -> Corpus:
    """A corpus whose development rows are every twelfth by a hash of the text."""
    apart = np.array([crc32(kote.key(t).encode()) % HELD_OUT == 0 for t in texts])
    votes = targets[:, -CLASSES:]
    dev = np.flatnonzero(apart & (votes.max(1) > 0.999))
    rest = np.flatnonzero(~apart)
    return Corpus([texts[i] for i in rest], targets[rest], corpus.Texts([texts[i] for i in dev], votes[dev]))


class SentenceNetwork(nn.Module):
    """Token ids (n, t) and their mask in, the mean of the last states (n, width) and logits out."""

    def __init__(self, encoder: nn.Module, width: int, heads: Mapping[str, int], dropout: float) -> None:
        super().__init__()
        self.encoder, self.dropout, self.width, self.gain = encoder, nn.Dropout(dropout), width, GAIN
        self.config: Any = encoder.config
        self.heads = nn.ModuleDict({name: nn.Linear(width, k) for name, k in heads.items()})
        for name, parameter in self.heads.named_parameters():
            nn.init.normal_(parameter, std=0.01 if name.endswith("weight") else 0.0)

    def embed(self, ids: Tensor, mask: Tensor) -> Tensor:
        """`gain` times the mean of the last states over tokens, (n, width)."""
        states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        return self.gain * (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)

    def forward(self, ids: Tensor, mask: Tensor, head: str) -> Tensor:
        """Logits (n, k) of one head."""
        return self.heads[head](self.dropout(self.embed(ids, mask)))


class Dataset:
    """What a recipe trains on."""

    def __init__(self, data: Path, recipe: Mapping[str, Any], base: Path) -> None:
        from tokenizers import Tokenizer

        self._recipe, self.base = recipe, base
        self.tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
        self.tokenizer.enable_truncation(recipe["longest"])
        self.tokenizer.enable_padding(pad_id=1, pad_token="<pad>")
        self.corpora = {head: load(data, head) for head in recipe["heads"]}
        self.dev = {head: some(c.dev, recipe["validation"]) for head, c in self.corpora.items() if c.dev}
        self.origin = origin("text", recipe, *(c.texts for c in self.corpora.values()),
                             *(c.targets for c in self.corpora.values()))

    def network(self) -> SentenceNetwork:
        """The pretrained encoder under heads that know nothing."""
        from transformers import AutoModel

        encoder = AutoModel.from_pretrained(self.base, add_pooling_layer=False)
        encoder.get_input_embeddings().requires_grad_(False)  # a third of all weights, and few rows a batch
        heads = {name: c.targets.shape[1] for name, c in self.corpora.items()}
        return SentenceNetwork(encoder, encoder.config.hidden_size, heads, self._recipe["dropout"])

    def tokens(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Ids and mask (n, t) of texts."""
        encoded = self.tokenizer.encode_batch(texts)
        return (torch.tensor([e.ids for e in encoded]), torch.tensor([e.attention_mask for e in encoded]))

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of one epoch: sentences of one corpus, respelt, of like length."""
        recipe, rng = self._recipe, random.Random(recipe_seed(self._recipe, epoch))
        planned = []
        for head, share in self.shares(epoch).items():
            rows = picked(len(self.corpora[head].texts), round(share * recipe["epoch"]), rng, epoch)
            language = "ko" if head in KOREAN else "en"
            respelt = [(i, respell(self.corpora[head].texts[i], language, rng)) for i in rows]
            respelt.sort(key=lambda row: len(row[1]) + rng.random() * 8)
            planned += [(head, respelt[i:i + recipe["batch"]]) for i in range(0, len(rows), recipe["batch"])]
        rng.shuffle(planned)
        for head, spelt in planned:
            target = torch.from_numpy(self.corpora[head].targets[[i for i, _ in spelt]])
            yield (head, *self.tokens([t for _, t in spelt])), target

    def shares(self, epoch: int) -> dict[str, float]:
        """Which share of an epoch is of which corpus; a recipe may name one for every cycle."""
        cycle = epoch * self._recipe["schedule"].get("cycles", 1) // self._recipe["schedule"]["epochs"]
        return {head: share[cycle] if isinstance(share, list) else share
                for head, share in self._recipe["heads"].items()}

    def steps(self) -> int:
        """Batches of one epoch."""
        size, batch = self._recipe["epoch"], self._recipe["batch"]
        return sum(-(-round(share * size) // batch) for share in self.shares(0).values())

    @torch.no_grad()
    def embeddings(self, model: SentenceNetwork, texts: list[str]) -> Tensor:
        """(n, width) of texts, undisturbed."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        found = torch.zeros(len(texts), model.width)
        for i in range(0, len(order), 64):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                embedded = model.embed(*self.tokens([texts[n] for n in order[i:i + 64]]))
            found[order[i:i + 64]] = embedded.float()
        return found

    def validate(self, model: SentenceNetwork) -> dict[str, float]:
        """Macro-F1 of every corpus by its own head, and their mean."""
        f1 = {}
        for head, dev in self.dev.items():
            logits = model.heads[head](self.embeddings(model, dev.texts))[:, -CLASSES:]
            f1[head] = metrics.macro_f1(logits.numpy(), dev.targets.argmax(1))
        return {"macro_f1": sum(f1.values()) / len(f1), **f1}


def recipe_seed(recipe: Mapping[str, Any], epoch: int) -> int:
    """A seed of its own for every epoch, so that a resumed run draws what an unbroken one would."""
    return int(recipe["seed"]) * 10_007 + epoch


def picked(count: int, wanted: int, rng: random.Random, epoch: int) -> list[int]:
    """`wanted` of `count` rows; a window over one shuffled order that goes on where the last epoch ended."""
    order = list(range(count))
    random.Random(count).shuffle(order)
    return [order[(epoch * wanted + i) % count] for i in range(wanted)]


def some(rows: corpus.Texts, count: int) -> corpus.Texts:
    """At most `count` rows, evenly over the whole."""
    keep = np.linspace(0, len(rows.texts) - 1, min(count, len(rows.texts))).astype(int)
    return corpus.Texts([rows.texts[i] for i in keep], rows.targets[keep])


def loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of the seven votes where there are any, and of every further label on its own."""
    voted = target[:, -CLASSES:].sum(1) > 0.5
    total = logits.sum() * 0
    if voted.any():
        total = soft_cross_entropy(logits[voted][:, -CLASSES:], target[voted][:, -CLASSES:])
    if target.shape[1] > CLASSES:
        further = slice(0, target.shape[1] - CLASSES)
        total = total + 4 * binary_cross_entropy_with_logits(logits[:, further], target[:, further])
    return total


def fit(data: Path, recipe: dict[str, Any], out: Path, *, base: Path | None = None) -> Iterator[Epoch]:
    """Fine-tune the encoder at `base` as `recipe` says; writes `text.safetensors` and `temperature.txt`.

    Raises `DataError` when there is no encoder at `base`.
    """
    if base is None or not (base / "tokenizer.json").is_file():
        raise DataError(base or "--base", "is no folder with a pretrained encoder and its tokenizer.json",
                        "point --base at multilingual-e5-small as transformers saves it")
    dataset = Dataset(data, recipe, base)
    seed_all(recipe["seed"])
    model = dataset.network()
    priors = {head: recipe["balance"] * c.prior for head, c in dataset.corpora.items()}

    def forward(inputs: Any) -> Tensor:
        head, ids, mask = inputs
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(ids, mask, head)
        return logits.float() + priors[head]

    yield from train(model, dataset.batches, forward=forward, validate=lambda: dataset.validate(model),
                     steps_per_epoch=dataset.steps(), schedule=Schedule(**recipe["schedule"]),
                     checkpoint=Checkpoint(out / "checkpoint.pt", dataset.origin), seed=recipe["seed"],
                     loss=loss)
    finish(model, dataset, recipe["languages"], out)


def finish(model: SentenceNetwork, dataset: Dataset, languages: Mapping[str, Mapping[str, float]],
           out: Path) -> None:
    """Write `text.safetensors`, as emocli reads it, and `temperature.txt`, which calibrates it on development
    rows with the help of the small network that ships."""
    from emocli.text.encoder import SentenceModel
    from emocli.text.model import JointModel, TextModel

    write(model, languages, dataset.base / "tokenizer.json", out / "text.safetensors")
    reader = JointModel(SentenceModel(out / "text.safetensors"), TextModel(resolve("text-small")))
    logits, labels = [], []
    for head, dev in dataset.dev.items():
        logits.append(reader.logits(dev.texts, "ko" if head in KOREAN else "en")[1])
        labels.append(dev.targets.argmax(1))
    temperature = metrics.fit_temperature(np.concatenate(logits), np.concatenate(labels))
    write_text(out / "temperature.txt", f"{temperature:.4f}\n")
