"""What the shipped networks are compared with: simpler ways, and the networks that emocli grew out of.

Each is trained here on the same splits, as its authors describe it, and never shipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor, nn

from emocli.adapters.cepstra import mfcc
from emocli.emotions import EMOTIONS
from emocli.training import metrics
from emocli.training.corpora import speech
from emocli.training.loop import Batch, Schedule, seed_all, train
from emocli.training.tasks import fusion as task
from emocli.voice.features import trim

_CLASSES = len(EMOTIONS)
_SEED = 1
Result = dict[str, Any]


class CnnGru(nn.Module):
    """(n, 40, 128) standardised MFCC -> (n, 7): two convolutions, the frequencies averaged away, and a
    bidirectional GRU whose states are averaged over time; 466,055 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.convolve = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.gru = nn.GRU(64, 128, num_layers=2, batch_first=True, bidirectional=True, dropout=0.3)
        self.answer = nn.Sequential(nn.Dropout(0.3), nn.Linear(256, _CLASSES))

    def forward(self, mfcc: Tensor) -> Tensor:
        """Logits."""
        frames = self.convolve(mfcc[:, None]).mean(2).transpose(1, 2)
        return self.answer(self.gru(frames)[0].mean(1))


class CnnBiLstm(nn.Module):
    """(n, 13, 100) MFCC -> (n, 7): a convolution over time and a bidirectional LSTM."""

    def __init__(self) -> None:
        super().__init__()
        self.convolve = nn.Sequential(nn.Conv1d(13, 64, 5, padding=2), nn.BatchNorm1d(64), nn.ReLU(),
                                      nn.MaxPool1d(2))
        self.lstm = nn.LSTM(64, 64, batch_first=True, bidirectional=True)
        self.answer = nn.Sequential(nn.Dropout(0.3), nn.Linear(128, _CLASSES))

    def forward(self, mfcc: Tensor) -> Tensor:
        """Logits."""
        return self.answer(self.lstm(self.convolve(mfcc).transpose(1, 2))[0].mean(1))


def against_baseline(cepstra: np.ndarray, clips: Sequence[speech.Clip], *, enrolled: bool) -> np.ndarray:
    """MFCC (n, 13, 100) minus each speaker's baseline: the mean of that speaker's first neutral clip if
    `enrolled`, which a user would have to record, or else the median over all of the speaker's speech."""
    speakers, out = np.array([c.speaker for c in clips]), cepstra.copy()
    neutral = np.array([EMOTIONS[c.label] == "neutral" for c in clips])
    for name in np.unique(speakers):
        own = speakers == name
        baseline = cepstra[own & neutral][0].mean(1) if enrolled else np.median(cepstra[own], axis=(0, 2))
        out[own] -= baseline[:, None]
    return out


def _standardised(cepstra: np.ndarray) -> np.ndarray:
    mean, deviation = (getattr(cepstra, f)(axis=2, keepdims=True) for f in ("mean", "std"))
    return (cepstra - mean) / (deviation + 1e-3)


def voices(data: Path) -> dict[str, Result]:
    """Figures on RAVDESS' test actors of the voice networks, trained on actors 1 to 18."""
    clips = [c for c in speech.read(data, "ravdess") if len(trim(c.samples))]
    wide = _standardised(np.stack([mfcc(trim(c.samples), 40, 128, 256) for c in clips]))
    plain = np.stack([mfcc(trim(c.samples), 13, 100) for c in clips])
    split = np.array([c.split for c in clips])
    scale = plain[split == "train"].std((0, 2))[:, None]
    inputs: dict[str, tuple[type[nn.Module], np.ndarray]] = {
        "CNN + GRU, 40 x 128 MFCC": (CnnGru, wide),
        "CNN + BiLSTM, 13 x 100 MFCC": (CnnBiLstm, plain / scale),
        "CNN + BiLSTM, against the speaker's median": (
            CnnBiLstm, against_baseline(plain, clips, enrolled=False) / scale),
        "CNN + BiLSTM, against one neutral clip": (
            CnnBiLstm, against_baseline(plain, clips, enrolled=True) / scale)}
    labels = np.array([c.label for c in clips])
    results = {name: fit_and_test(kind, x.astype(np.float32), labels, split)
               for name, (kind, x) in inputs.items()}
    return results | images(data)


def images(data: Path) -> dict[str, Result]:
    """The same of image networks over mel spectrograms, by the shipped recipe."""
    from emocli.training.recipe import read_recipe
    from emocli.training.tasks import spectrogram

    recipe, results = read_recipe("spectrogram"), {}
    known = spectrogram.load_dataset(data, recipe)
    dev, test = known.where("dev"), known.where("test")
    for name, backbone in recipe["backbones"].items():
        seed_all(recipe["seed"])
        reader = spectrogram.Reader(spectrogram.network(backbone), known.scale)
        _run(spectrogram.learn(reader, known, recipe, None))
        results[f"{name}, {recipe['side']} px spectrogram"] = _figures(
            reader.model, *((reader.logits(known.images[part]), known.labels[part]) for part in (dev, test)))
    return results


def fit_and_test(kind: type[nn.Module], inputs: np.ndarray, labels: np.ndarray, split: np.ndarray, *,
                 epochs: int = 40, batch: int = 32) -> Result:
    """Figures on the items whose `split` (n,) is "test" of a network trained on those of "train"."""
    seed_all(_SEED)
    model, (train_on, dev, test) = kind(), (np.flatnonzero(split == s) for s in ("train", "dev", "test"))
    target = torch.eye(_CLASSES)

    def batches(epoch: int) -> Iterator[Batch]:
        order = torch.randperm(len(train_on)).numpy()
        for i in range(0, len(order) - batch + 1, batch):
            picked = train_on[order[i:i + batch]]
            yield torch.from_numpy(inputs[picked]), target[labels[picked]]

    def logits(where: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return np.asarray(model(torch.from_numpy(inputs[where])).numpy())

    def validate() -> dict[str, float]:
        return {"macro_f1": metrics.macro_f1(logits(dev), labels[dev])}

    _run(train(model, batches, forward=model, validate=validate, steps_per_epoch=len(train_on) // batch,
               schedule=Schedule(epochs=epochs, lr=1e-3, weight_decay=0.01), seed=_SEED, checkpoint=None))
    return _figures(model, *((logits(part), labels[part]) for part in (dev, test)))


def _figures(model: nn.Module, dev: tuple[np.ndarray, np.ndarray],
             test: tuple[np.ndarray, np.ndarray]) -> Result:
    """Figures on test logits and labels, calibrated on development ones."""
    temperature = metrics.fit_temperature(*dev)
    scores = torch.softmax(torch.from_numpy(test[0]) / temperature, 1).numpy()
    return metrics.summary(scores, test[1], temperature) | {"parameters": parameters(model)}


def sentences(data: Path) -> dict[str, Result]:
    """Figures on the test rows of MELD of logistic regressions that have learnt from its own training rows:
    over TF-IDF of n-grams, and over these and the shipped network's features and logits.

    The shipped network learns nothing from it, because its licence (GPL-3.0) would bind the weights.
    """
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_union

    from emocli.text.model import load
    from emocli.training.corpora import texts

    reader, results = load(), {}
    known, asked = (texts.load(data, "meld_en", split) for split in ("train", "test"))
    labels, truth = known.targets.argmax(1), asked.targets.argmax(1)
    ngrams = make_union(TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
                        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=2, sublinear_tf=True))
    plain = ngrams.fit_transform(known.texts), ngrams.transform(asked.texts)
    dense = [np.concatenate(reader.logits(corpus.texts, "en"), 1) for corpus in (known, asked)]
    largest = np.maximum(np.abs(dense[0]).max(0), 1e-6)
    both = [hstack([x, csr_matrix(d / largest)]).tocsr() for x, d in zip(plain, dense, strict=True)]
    counts = np.bincount(labels, minlength=_CLASSES) / len(labels)
    weights = {c: float(counts[c]) ** -0.5 for c in range(_CLASSES) if counts[c]}
    for way, (x, y) in (("n-grams", plain), ("n-grams and the network", both)):
        model = LogisticRegression(C=1.0, class_weight=weights, max_iter=500).fit(x, labels)
        scores = np.zeros((len(truth), _CLASSES))
        scores[:, model.classes_] = model.predict_proba(y)
        results[f"meld_en: its own rows, {way}"] = metrics.summary(scores, truth) | {
            "parameters": model.coef_.size}
    return results


def heads(data: Path, triplets: int, seed: int) -> dict[str, Result]:
    """Figures on the test triplets of ways to join three readings that nothing is learnt for but a
    temperature, on the development triplets."""
    results: dict[str, Result] = {}
    known, asked = (_triplets(task.predict(data, split), triplets, seed) for split in ("dev", "test"))
    for name, rule in (("mean of scores", lambda s: np.log(np.exp(s).mean(1))),
                       ("product of experts", lambda s: s.sum(1))):
        temperature = metrics.fit_temperature(rule(known[0]), known[1])
        scores = softmax(rule(asked[0]) / temperature, 1)
        results[name] = metrics.summary(scores, asked[1], temperature) | {"parameters": 1}
    return results


def _triplets(predictions: task.Modalities, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Log scores (n, 3, 7) and labels (n,)."""
    where, labels = task.triplets(predictions, count, np.random.default_rng(seed))
    return task.tensors(predictions, where).numpy(), labels


def parameters(model: nn.Module) -> int:
    """How many numbers a network learns."""
    return sum(p.numel() for p in model.parameters())


def _run(epochs: Iterator[Any]) -> None:
    for _ in epochs:
        pass
