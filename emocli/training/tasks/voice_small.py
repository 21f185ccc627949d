"""Training of the small voice network on several corpora of acted speech, split by person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from emocli import quantized as store
from emocli.emotions import EMOTIONS
from emocli.storage import write_text
from emocli.training import cache, metrics
from emocli.training.cache import Spectrum
from emocli.training.checkpoint import Checkpoint, origin
from emocli.training.loop import Batch, Epoch, Schedule, seed_all, train
from emocli.voice.features import Statistics, blend, normalise
from emocli.voice.functionals import functionals, relative
from emocli.voice.small_network import SmallNetwork

#: How much of a speaker's own statistics is known in each version of a clip, and whether it is noisy.
VERSIONS = ((1.0, False), (0.5, False), (0.15, False), (1.0, True))


@dataclass(frozen=True)
class Table:
    """A corpus as the network takes it: `inputs` (versions, n, INPUTS) float32 with the plain functionals in
    the first half; `labels`, `speakers`, `splits`, `frames` (n,), the last the length of each clip."""

    inputs: np.ndarray
    labels: np.ndarray
    speakers: np.ndarray
    splits: np.ndarray
    frames: np.ndarray

    def take(self, where: np.ndarray) -> Table:
        """The clips under a mask."""
        return Table(self.inputs[:, where], self.labels[where], self.speakers[where], self.splits[where],
                     self.frames[where])


def tabulate(clips: list[Spectrum], prior: Statistics,
             usual: Statistics | None = None) -> tuple[Table, Statistics]:
    """All VERSIONS of a corpus, and the usual functionals of its training speakers, which stand in
    where `usual` is not given."""
    speakers, splits = (np.array([getattr(c, name) for c in clips]) for name in ("speaker", "split"))
    own_of = [cache.statistics(clips, noisy=noisy) for noisy in (False, True)]
    plain = np.stack([[functionals(normalise((c.noisy if noisy else c.clean).astype(np.float32),
                                             blend(own_of[noisy][c.speaker], prior, share)))
                       for c in clips] for share, noisy in VERSIONS])
    groups = [np.flatnonzero(speakers == name) for name in dict.fromkeys(speakers)]
    known = [plain[0, g] for g in groups if splits[g[0]] == "train"]
    own = (np.mean([f.mean(0) for f in known], axis=0), np.mean([f.std(0) for f in known], axis=0))
    against = np.zeros_like(plain)
    for group in groups:
        for version, (share, _) in enumerate(VERSIONS):
            against[version, group] = relative(plain[version, group], usual or own, share)
    labels, frames = np.array([c.label for c in clips]), np.array([len(c.clean) for c in clips])
    return Table(np.concatenate([plain, against], 2), labels, speakers, splits, frames), own


def prepare(data: Path, recipe: Mapping[str, Any],
            kept: Path | None = None) -> tuple[dict[str, Table], Statistics, Statistics]:
    """Every corpus of a recipe, and the usual columns and functionals of the main one's training speakers;
    `kept` is a folder of spectrograms, as `emocli data features` fills it."""
    main = recipe["main"]
    names = sorted(recipe["corpora"], key=lambda name: name != main)
    tables: dict[str, Table] = {}
    prior = usual = None
    for name in names:
        clips = cache.spectra(data, name, recipe["seed"], kept)
        training = [c for c in clips if c.split == "train"]
        prior = prior or cache.prior_of(list(cache.statistics(training).values()))
        tables[name], own = tabulate(clips, prior, usual)
        usual = usual or own
    assert prior
    assert usual
    return tables, prior, usual


def logits_of(model: SmallNetwork, table: Table, version: int = 0) -> np.ndarray:
    """(n, 7) logits of one version."""
    with torch.no_grad():
        return model(torch.from_numpy(table.inputs[version]))[1].numpy()


def sampler(training: Mapping[str, Table], recipe: Mapping[str, Any]) -> Callable[[int], Iterator[Batch]]:
    """Batches of an epoch: each corpus as often as `recipe` says, its classes alike often, some batches
    mixed.

    The inputs are (n, INPUTS) and a mask (n, 7) of the classes that the corpus has, the targets (n, 1, 7).
    """
    names, classes = list(training), len(EMOTIONS)
    share = np.array([recipe["corpora"][name] for name in names], float)
    share /= share.sum()
    by_class = {name: [f for c in range(classes) if len(f := np.flatnonzero(t.labels == c))]
                for name, t in training.items()}
    there = {name: np.isin(np.arange(classes), t.labels).astype(np.float32) for name, t in training.items()}

    def batches(epoch: int) -> Iterator[Batch]:
        random = np.random.default_rng(recipe["seed"] * 1000 + epoch)
        for _ in range(recipe["steps"]):
            inputs, labels, known = [], [], []
            for name in random.choice(names, recipe["batch"], p=share):
                alike = by_class[name][random.integers(len(by_class[name]))]
                at = alike[random.integers(len(alike))]
                inputs.append(training[name].inputs[random.choice(len(VERSIONS), p=recipe["versions"]), at])
                labels.append(training[name].labels[at])
                known.append(there[name])
            x, mask = torch.from_numpy(np.stack(inputs)), torch.from_numpy(np.stack(known))
            smooth = recipe["smoothing"]
            target = torch.eye(classes)[labels] * (1 - smooth) + smooth * mask / mask.sum(1, keepdim=True)
            if random.random() < recipe["mixup"]:
                part = float(random.beta(0.4, 0.4))
                x, target = (part * v + (1 - part) * v.flip(0) for v in (x, target))
                mask = torch.maximum(mask, mask.flip(0))
            yield (x, mask), target[:, None]

    return batches


def fit_tables(model: SmallNetwork, training: Mapping[str, Table], watched: Mapping[str, Table],
               recipe: Mapping[str, Any], path: Path) -> Iterator[Epoch]:
    """Train `model`, choosing the epoch by the corpora that are `watched`, the main one counting half; the
    checkpoint lies at `path`."""
    tables = [*training.values(), *watched.values()]
    checkpoint = Checkpoint(path, origin("voice_small", recipe, [list(training), list(watched)], *(
        column for t in tables for column in (t.labels, t.speakers, t.splits, t.frames))))
    everything = np.concatenate([t.inputs[0] for t in training.values()])
    model.centre.copy_(torch.from_numpy(everything.mean(0)))
    model.scale.copy_(torch.from_numpy(everything.std(0) + 1e-3))
    def forward(inputs: tuple[Tensor, Tensor]) -> Tensor:
        # A corpus without a class says nothing about that class: it stays out of the softmax.
        return model.each(inputs[0])[1].masked_fill(inputs[1][:, None] == 0, -30.0)

    def validate() -> dict[str, float]:
        f1 = {name: metrics.macro_f1(logits_of(model, t), t.labels) for name, t in watched.items()}
        rest = float(np.mean([v for name, v in f1.items() if name != recipe["main"]] or list(f1.values())))
        return {"macro_f1": (f1.get(recipe["main"], rest) + rest) / 2, **f1}

    yield from train(model, sampler(training, recipe), forward=forward, validate=validate,
                     steps_per_epoch=recipe["steps"],
                     schedule=Schedule(**recipe["schedule"]), checkpoint=checkpoint, seed=recipe["seed"])


def untrained(recipe: Mapping[str, Any]) -> SmallNetwork:
    """The network that a recipe describes."""
    return SmallNetwork(**{key: recipe[key] for key in ("members", "wide", "view", "dropout")})


def fit(data: Path, recipe: dict[str, Any], out: Path, kept: Path | None = None) -> Iterator[Epoch]:
    """Train as `recipe` says; writes `voice_small.safetensors` into `out`, as int8, and the temperature of
    what was written.  `kept` as in `prepare`."""
    tables, *usual = prepare(data, recipe, kept)
    seed_all(recipe["seed"])
    model = untrained(recipe)
    for name, statistics in zip(("columns", "functionals"), usual, strict=True):
        model.get_buffer(f"usual_{name}").copy_(torch.from_numpy(np.stack(statistics).astype(np.float32)))
    training, held = ({name: table.take(table.splits == split) for name, table in tables.items()
                       if np.any(table.splits == split) and (split == "train" or name != "ravdess_song")}
                      for split in ("train", "dev"))
    yield from fit_tables(model, training, held, recipe, out / "checkpoint.pt")
    path = out / "voice_small.safetensors"
    store.write(path, model.state_dict(), int8=True)
    stored = SmallNetwork.like(store.read(path)).eval()
    stored.load_state_dict(store.read(path))
    # The corpus that asks for the most care decides: a new voice may be like any of them.
    fitted = [metrics.fit_temperature(logits_of(stored, t), t.labels) for t in held.values()]
    write_text(out / "temperature.txt", f"{max(fitted):.4f}\n")
