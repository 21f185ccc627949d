"""Training of the sentence encoders: one pretrained transformer for English, one for Korean, a head a corpus.

Heads of their own keep the corpora's class priors and habits apart (GoEmotions' Reddit, XED's film subtitles,
EmoryNLP's comedy, KOTE's comments, translated GoEmotions, ratings of NSMC's film reviews).  A further output
says which corpus a sentence is like, and so which head to believe (mixture of experts, Jacobs et al. 1991).
The epoch is chosen by the mean over the development rows of all corpora.

GoEmotions' labels are those of a few hasty raters.  Where a recipe has a `teacher`, a share of a row's target
is what networks say that did not learn from it, but from other rows (distillation, Hinton et al. 2015,
cross-fitted).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor, nn

from emocli.errors import DataError
from emocli.storage import write_text
from emocli.text.spelling import respell
from emocli.training import metrics
from emocli.training.checkpoint import Checkpoint, origin
from emocli.training.loop import Batch, Epoch, Schedule, seed_all, train
from emocli.training.sentence_weights import write
from emocli.training.tasks import text_further
from emocli.training.tasks.text_data import (
    CLASSES,
    Row,
    language_of,
    load,
    loss,
    picked,
    recipe_seed,
    some,
)
from emocli.weights import manifest, resolve

#: Sentence vectors are made so many times as long, so that heads learn fast at a rate that an encoder bears.
GAIN = 10.0
#: Of which corpus the sentences of another are taken to be; ratings are no emotions.
LIKE = {"nsmc": "kote"}
#: Sentences of a corpus from which the network learns to tell the corpora apart.
ALIKE = 1200


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

        self._recipe, self.base, self.language = recipe, base, recipe["language"]
        self.tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
        self.tokenizer.enable_truncation(recipe["longest"])
        self.tokenizer.enable_padding()
        self.corpora = {head: load(data, head) for head in recipe["heads"]}
        self.dev = {head: some(c.dev, recipe["validation"]) for head, c in self.corpora.items() if c.dev}
        self.origin = origin("text", recipe, *(c.texts for c in self.corpora.values()),
                             *(c.targets for c in self.corpora.values()))

    def network(self, heads: Sequence[str] = ()) -> SentenceNetwork:
        """The pretrained encoder under heads that know nothing, of all corpora or of some."""
        from transformers import AutoModel

        encoder = AutoModel.from_pretrained(self.base, add_pooling_layer=False)
        encoder.get_input_embeddings().requires_grad_(False)  # a third of all weights, and few rows a batch
        widths = {name: self.corpora[name].targets.shape[1] for name in heads or self.corpora}
        return SentenceNetwork(encoder, encoder.config.hidden_size, widths, self._recipe["dropout"])

    def taught(self, said: np.ndarray, share: float) -> None:
        """Let so much of GoEmotions' targets be what the logits (n, 7) of the same rows say."""
        rows = self.corpora[self.language]
        answers = softmax(said + self._recipe["balance"] * rows.prior.numpy(), 1)
        targets = ((1 - share) * rows.targets + share * answers).astype(np.float32)
        self.corpora[self.language] = replace(rows, targets=targets)

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
            planned += self.respelt(head, self.corpora[head].texts, rows, rng)
        rng.shuffle(planned)
        yield from (self.batch(head, spelt) for head, spelt in planned)

    def respelt(self, head: str, texts: Sequence[str], rows: Sequence[int],
                rng: random.Random) -> list[tuple[str, list[Row]]]:
        """These rows of a corpus' texts, spelt as somebody else might, in batches of like length."""
        size = self._recipe["batch"]
        spelt = [(i, respell(texts[i], language_of(head), rng)) for i in rows]
        spelt.sort(key=lambda row: len(row[1]) + rng.random() * 8)
        return [(head, spelt[i:i + size]) for i in range(0, len(spelt), size)]

    def batch(self, head: str, spelt: Sequence[Row]) -> Batch:
        """What `forward` and the loss take."""
        target = torch.from_numpy(self.corpora[head].targets[[i for i, _ in spelt]])
        return (head, *self.tokens([t for _, t in spelt])), target

    def shares(self, epoch: int) -> dict[str, float]:
        """Which share of an epoch is of which corpus; a recipe may name one for every cycle."""
        cycle = epoch * self._recipe["schedule"].get("cycles", 1) // self._recipe["schedule"]["epochs"]
        return {head: share[cycle] if isinstance(share, list) else share
                for head, share in self._recipe["heads"].items()}

    def steps(self) -> int:
        """Batches of one epoch."""
        size, batch = self._recipe["epoch"], self._recipe["batch"]
        return sum(-(-round(share * size) // batch) for share in self.shares(0).values())

    def texts_of_the_language(self) -> dict[str, list[str]]:
        """The sentences of the corpora in the language that the network is for."""
        return {head: c.texts for head, c in self.corpora.items() if language_of(head) == self.language}

    def pieces(self) -> set[str]:
        """The pieces that these are made of, without those of a single place."""
        counts = Counter(piece for texts in self.texts_of_the_language().values()
                         for encoded in self.tokenizer.encode_batch(texts) for piece in encoded.tokens)
        return {piece for piece, count in counts.items() if count > 1}

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

    def logits(self, model: SentenceNetwork, head: str, texts: list[str]) -> np.ndarray:
        """(n, 7) of texts by one head, undisturbed."""
        with torch.no_grad():
            answers: np.ndarray = model.heads[head](self.embeddings(model, texts))[:, -CLASSES:].numpy()
        return answers

    def validate(self, model: SentenceNetwork) -> dict[str, float]:
        """Macro-F1 of every corpus by its own head, and their mean."""
        f1 = {head: metrics.macro_f1(self.logits(model, head, dev.texts), dev.targets.argmax(1))
              for head, dev in self.dev.items() if head in model.heads}
        return {"macro_f1": sum(f1.values()) / len(f1), **f1}

    def learn(self, model: SentenceNetwork, batches: Callable[[int], Iterator[Batch]], steps: int,
              schedule: Schedule, checkpoint: Checkpoint | None, seed: int) -> Iterator[Epoch]:
        """Train `model`, `steps` batches an epoch."""
        priors = {head: self._recipe["balance"] * self.corpora[head].prior for head in model.heads}

        def forward(inputs: Any) -> Tensor:
            head, ids, mask = inputs
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(ids, mask, head)
            return logits.float() + priors[head]

        yield from train(model, batches, forward=forward, validate=lambda: self.validate(model),
                         steps_per_epoch=steps, schedule=schedule, checkpoint=checkpoint, seed=seed,
                         loss=loss)

    def cross_fitted(self, settings: Mapping[str, Any], path: Path) -> Generator[Epoch, None, np.ndarray]:
        """(n, 7) logits of GoEmotions' rows by networks that learnt from the other folds, kept at `path`."""
        kept, head = Checkpoint(path, self.origin), self.language
        if state := kept.load():
            said: np.ndarray = state["logits"].numpy()
            return said
        texts = self.corpora[head].texts
        said, fold_of = np.zeros((len(texts), CLASSES), np.float32), folds(texts, settings["folds"])
        for fold in range(settings["folds"]):
            rows, seed = np.flatnonzero(fold_of != fold).tolist(), self._recipe["seed"] + fold
            seed_all(seed)
            model = self.network([head])

            def batches(epoch: int, rows: list[int] = rows, seed: int = seed) -> Iterator[Batch]:
                rng = random.Random(recipe_seed({"seed": seed}, epoch))
                planned = self.respelt(head, texts, rows, rng)
                rng.shuffle(planned)
                yield from (self.batch(head, spelt) for _, spelt in planned)

            yield from self.learn(model, batches, -(-len(rows) // self._recipe["batch"]),
                                  Schedule(**settings["schedule"]), None, seed)
            held = np.flatnonzero(fold_of == fold)
            said[held] = self.logits(model, head, [texts[i] for i in held])
        kept.save({"logits": torch.from_numpy(said)})
        return said

    def alike(self, model: SentenceNetwork) -> tuple[np.ndarray, np.ndarray]:
        """Weights (corpora, width) and biases (corpora,) of a logistic regression that tells from the vector
        of a sentence which corpus it is of, all alike often."""
        from sklearn.linear_model import LogisticRegression

        rng, vectors, names = random.Random(self._recipe["seed"]), [], []
        for head, texts in self.texts_of_the_language().items():
            few = rng.sample(texts, min(ALIKE, len(texts)))
            vectors.append(self.embeddings(model, [respell(t, self.language, rng) for t in few]).numpy())
            names += [LIKE.get(head, head)] * len(few)
        x, corpora = np.concatenate(vectors), list(self._recipe["belief"]["usual"])
        middle, spread = x.mean(0), x.std(0) + 1e-6
        y = np.array([corpora.index(name) for name in names])
        regression = LogisticRegression(C=0.05, class_weight="balanced", max_iter=1000)
        fitted = regression.fit((x - middle) / spread, y)
        weights, bias = fitted.coef_, fitted.intercept_
        if len(corpora) == 2:
            weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
        weights = weights / spread
        return weights, bias - weights @ middle


def folds(texts: Sequence[str], count: int) -> np.ndarray:
    """The fold of each text, (n,), by a hash."""
    return np.array([crc32(text.encode()) % count for text in texts])


def fit(data: Path, recipe: dict[str, Any], out: Path, *, base: Path | None = None) -> Iterator[Epoch]:
    """Fine-tune the encoder at `base` as `recipe` says; writes `text_<language>.safetensors` and
    `temperature.txt`, and what a teacher says, `teacher.pt`.  Where there is a `further`, a second training
    follows (`text_further`), whose state is `further.pt`, and writes the file again.

    Raises `DataError` when there is no encoder at `base`.
    """
    if base is None or not (base / "tokenizer.json").is_file():
        raise DataError(base or "--base", "is no folder with a pretrained encoder and its tokenizer.json",
                        "point --base at an encoder as transformers saves it")
    dataset = Dataset(data, recipe, base)
    if settings := recipe.get("teacher"):
        said = yield from dataset.cross_fitted(settings, out / "teacher.pt")
        dataset.taught(said, settings["share"])
    seed_all(recipe["seed"])
    model = dataset.network()
    yield from dataset.learn(model, dataset.batches, dataset.steps(), Schedule(**recipe["schedule"]),
                             Checkpoint(out / "checkpoint.pt", dataset.origin), recipe["seed"])
    finish(model, dataset, recipe["belief"], out)
    if "further" in recipe:
        teachers = [manifest()[name].sha256 for name in ("text-en", "text-small")]
        state = Checkpoint(out / "further.pt", origin("text", recipe, dataset.origin.data, teachers))
        yield from text_further.fit(model, dataset, out / f"text_{dataset.language}.safetensors", data,
                                    recipe, state)
        finish(model, dataset, recipe["belief"], out)


def finish(model: SentenceNetwork, dataset: Dataset, belief: Mapping[str, Any], out: Path) -> None:
    """Write `text_<language>.safetensors`, as emocli reads it, and `temperature.txt`, which calibrates it on
    development rows with the help of the small network that ships."""
    from emocli.text.encoder import SentenceModel
    from emocli.text.model import JointModel, TextModel

    language, path = dataset.language, out / f"text_{dataset.language}.safetensors"
    _give_back(model, dataset, belief, belief["prior"])
    write(model, belief, dataset.alike(model), dataset.base / "tokenizer.json", dataset.pieces(), path)
    _give_back(model, dataset, belief, -belief["prior"])
    reader = JointModel({language: SentenceModel(path)}, TextModel(resolve("text-small")))
    rows = [dev for head, dev in dataset.dev.items() if language_of(head) == language]
    logits = [reader.logits(dev.texts, language)[1] for dev in rows]
    labels = [dev.targets.argmax(1) for dev in rows]
    temperature = metrics.fit_temperature(np.concatenate(logits), np.concatenate(labels))
    write_text(out / "temperature.txt", f"{temperature:.4f}\n")


@torch.no_grad()
def _give_back(model: SentenceNetwork, dataset: Dataset, belief: Mapping[str, Any], share: float) -> None:
    """Add so much of GoEmotions' prior to the heads that are used."""
    for head in belief["usual"]:
        bias: Any = model.heads[head].bias
        bias[-CLASSES:] += share * dataset.corpora[dataset.language].prior[-CLASSES:]
