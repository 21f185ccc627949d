"""Training of the voice network on several corpora of acted speech, split by person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from emocli.emotions import EMOTIONS
from emocli.training import metrics
from emocli.training.corpora import speech as corpus
from emocli.training.loop import Batch, Epoch, Schedule, seed_all, train
from emocli.voice.features import (
    BANDS,
    SAMPLE_RATE,
    Statistics,
    blend,
    normalise,
    pad,
    speaker_statistics,
    spectrogram,
    trim,
)
from emocli.voice.network import VoiceNetwork, functionals


@dataclass(frozen=True)
class Spectrum:
    """A clip's spectrogram (frames, COLUMNS) float16, and its speaker's statistics."""

    mel: np.ndarray
    statistics: Statistics
    label: int
    speaker: str
    split: str


def spectra(clips: Iterable[corpus.Clip]) -> list[Spectrum]:
    """Spectrograms, each with the statistics of all its speaker's unlabelled speech."""
    kept, by_speaker = [], defaultdict(list)
    for clip in clips:
        samples = trim(clip.samples)
        if len(samples) >= SAMPLE_RATE // 10:
            mel = spectrogram(samples)
            kept.append((clip, mel))
            by_speaker[clip.speaker].append(mel)
    statistics = {speaker: speaker_statistics(mels) for speaker, mels in by_speaker.items()}
    return [Spectrum(mel.astype(np.float16), statistics[c.speaker], c.label, c.speaker, c.split)
            for c, mel in kept]


def prior_of(items: list[Spectrum]) -> Statistics:
    """Mean of the statistics over speakers: what a voice looks like before it is known."""
    each = list({s.speaker: s.statistics for s in items}.values())
    return (np.mean([m for m, _ in each], axis=0).astype(np.float32),
            np.mean([d for _, d in each], axis=0).astype(np.float32))


def standardise(item: Spectrum, prior: Statistics, own: float = 1.0) -> np.ndarray:
    """The network's input; `own` is the weight of the speaker's own statistics."""
    return normalise(item.mel.astype(np.float32), blend(item.statistics, prior, own))


def batch_of(mels: list[np.ndarray]) -> tuple[Tensor, Tensor]:
    """`pad` as tensors."""
    batch, lengths = pad(mels)
    return torch.from_numpy(batch), torch.from_numpy(lengths)


def augment(mel: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Speed and a little pitch (by stretching both axes), a cut, noise, and SpecAugment's masks
    (Park et al. 2019) on a copy.  Level and tilt stay: beside the speaker's own they say much."""
    import cv2

    if len(mel) > 60 and random.random() < 0.5:
        keep = int(len(mel) * random.uniform(0.7, 1.0))
        start = random.integers(0, len(mel) - keep + 1)
        mel = mel[start:start + keep]
    length = max(8, int(len(mel) * random.uniform(0.9, 1.1)))
    pitch, shift = random.uniform(0.97, 1.03), random.normal(0, 0.5)
    matrix = np.array([[pitch, 0, shift], [0, length / len(mel), 0]])
    bands = cv2.warpAffine(mel[:, :BANDS], matrix, (BANDS, length), borderMode=cv2.BORDER_REPLICATE)
    line = cv2.resize(mel[:, BANDS:], (1, length), interpolation=cv2.INTER_NEAREST)
    if random.random() < 0.5:
        bands = bands + random.uniform(0, 0.4) * random.standard_normal(bands.shape, np.float32)
    for _ in range(2):
        width = int(random.integers(0, 10))
        at = int(random.integers(0, BANDS - width))
        bands[:, at:at + width] = 0
        long = int(random.integers(0, max(1, len(bands) // 6)))
        at = int(random.integers(0, len(bands) - long))
        bands[at:at + long], line[at:at + long] = 0, 0
    return np.concatenate([bands, line], 1).astype(np.float32)


def logits_of(model: VoiceNetwork, items: list[Spectrum]) -> np.ndarray:
    """(n, 7) logits of the original versions."""
    parts = []
    with torch.no_grad():
        for i in range(0, len(items), 64):
            parts.append(model(*batch_of([standardise(s, model.prior()) for s in items[i:i + 64]]))[1].numpy())
    return np.concatenate(parts)


def fit(data: Path, recipe: dict[str, Any], out: Path) -> Iterator[Epoch]:
    """Train as `recipe` says; writes `voice.safetensors` and `temperature.txt` into `out`."""
    from safetensors.torch import save_file

    sets = {name: spectra(corpus.read(data, name)) for name in recipe["corpora"]}
    seed_all(recipe["seed"])
    model = VoiceNetwork(channels=tuple(recipe["channels"]), hidden=recipe["hidden"], wide=recipe["wide"],
                         dropout=recipe["dropout"])
    training = {name: [s for s in items if s.split == "train"] for name, items in sets.items()}
    main = recipe["main"]
    prior = prior_of(training[main])
    model.prior_mean.copy_(torch.from_numpy(prior[0]))
    model.prior_deviation.copy_(torch.from_numpy(prior[1]))
    held = {name: dev for name, items in sets.items() if name != "ravdess_song"
            and (dev := [s for s in items if s.split == "dev"])}
    there = {name: torch.tensor([float(any(s.label == c for s in items)) for c in range(len(EMOTIONS))])
             for name, items in training.items()}
    batch, names = recipe["batch"], list(recipe["corpora"])
    share = np.array([recipe["corpora"][name] for name in names], float)
    share /= share.sum()
    by_class = {name: [found for c in range(len(EMOTIONS))
                       if (found := [s for s in items if s.label == c])]
                for name, items in training.items()}

    def draw(random: np.random.Generator) -> tuple[np.ndarray, int, Tensor]:
        name = names[random.choice(len(names), p=share)]
        alike = by_class[name][random.integers(len(by_class[name]))]
        item = alike[random.integers(len(alike))]
        own = 1.0 if random.random() < recipe["known_speaker"] else random.random()
        return standardise(item, prior, own), item.label, there[name]

    def batches(epoch: int) -> Iterator[Batch]:
        random = np.random.default_rng(recipe["seed"] * 1000 + epoch)
        for _ in range(recipe["steps"]):
            drawn, labels, known = zip(*(draw(random) for _ in range(batch)), strict=True)
            # Functionals of distorted speech mislead; only the course is made to look past that.
            whole = functionals(*batch_of(list(drawn)))
            mels, lengths = batch_of([augment(mel, random) for mel in drawn])
            classes = torch.stack(known)
            smooth = recipe["smoothing"]
            target = torch.eye(len(EMOTIONS))[list(labels)] * (1 - smooth) + smooth * classes / classes.sum(1)[:, None]
            if random.random() < recipe["mixup"]:
                part = float(random.beta(0.4, 0.4))
                mels, whole, target = (part * x + (1 - part) * x.flip(0) for x in (mels, whole, target))
                lengths, classes = (torch.maximum(x, x.flip(0)) for x in (lengths, classes))
            yield (classes, mels, lengths, whole), target[:, None]

    def forward(inputs: Any) -> Tensor:
        # A corpus without a class says nothing about that class: it stays out of the softmax.
        classes, mels, lengths, whole = inputs
        logits = model.logits(model.follow(mels, lengths), model.whole(whole))
        return logits.masked_fill(classes[:, None] == 0, -30.0)

    def macro_f1(items: list[Spectrum]) -> float:
        return float(metrics.summary(logits_of(model, items), np.array([s.label for s in items]))["macro_f1"])

    def validate() -> dict[str, float]:
        found = {name: macro_f1(items) for name, items in held.items()}
        rest = [v for name, v in found.items() if name != main]
        return {"macro_f1": (found[main] + float(np.mean(rest or found[main]))) / 2, **found}

    yield from train(model, batches, forward=forward, validate=validate, steps_per_epoch=recipe["steps"],
                     schedule=Schedule(**recipe["schedule"]), checkpoint=out / "checkpoint.pt",
                     seed=recipe["seed"])
    # The corpus that asks for the most care decides: a new voice may be like any of them.
    fitted = [metrics.fit_temperature(logits_of(model, items), np.array([s.label for s in items]))
              for items in held.values()]
    (out / "temperature.txt").write_text(f"{max(fitted):.4f}\n")
    part = out / "part.safetensors"
    save_file({k: v.half().contiguous() if v.is_floating_point() else v for k, v in model.state_dict().items()}, part)
    part.replace(out / "voice.safetensors")
