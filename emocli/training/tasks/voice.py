"""Training of the voice network over what the pretrained ear heard of several corpora, split by person.

A batch is made of recordings: some utterances of one speaker, made under one condition, of which the network
knows the speaker as well as it would know one who has said no more than these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from emocli import quantized as store
from emocli.emotions import EMOTIONS
from emocli.encoders.whisper_encoder import FEATURES
from emocli.errors import UsageError
from emocli.options import EAR
from emocli.storage import atomic
from emocli.training import metrics
from emocli.training.checkpoint import Checkpoint, origin
from emocli.training.hearing import COPIES, Heard, hear
from emocli.training.loop import Batch, Epoch, Schedule, seed_all, train
from emocli.voice.network import Statistics, VoiceNetwork, standardise
from emocli.weights import manifest

#: Utterances of a recording at most.
GROUP = 24
#: Share of the pool in utterances of speakers who are well, half, and not at all known; and how many
#: utterances of them there are.
KNOWN = ((0.5, (12, GROUP)), (0.25, (2, 12)), (0.25, (1, 1)))
#: Actors of RAVDESS, and those of one fold.
ACTORS, FOLD = 24, 4
#: Ways in which the development speakers are read.
WATCHED: tuple[dict[str, Any], ...] = ({}, {"known": False}, {"copy": 1})
#: Logit of a class that a corpus does not have: it says nothing about that class.
ABSENT = -30.0

Tables = Mapping[str, Heard]


@dataclass(frozen=True)
class Pool:
    """Utterances to learn from: `inputs` (n, INPUTS), `labels` (n,), and which classes the corpus of each has
    (n, 7)."""

    inputs: Tensor
    labels: Tensor
    there: Tensor


def prepare(data: Path, recipe: Mapping[str, Any], kept: Path | None = None) -> dict[str, Heard]:
    """Every corpus of a recipe as the ear hears it; `kept` is a folder of what it heard, as `emocli data
    features` fills it.  Raises `UsageError` where the recipe does not say how often each copy is learnt."""
    if len(recipe["copies"]) != COPIES or not np.isclose(sum(recipe["copies"]), 1):
        raise UsageError("copies", f"the recipe gives the shares {recipe['copies']}",
                         f"give {COPIES} that add up to 1: as it is, in conditions (two), slower, faster")
    return {name: hear(data, name, recipe["seed"], kept) for name in recipe["corpora"]}


def speakers_of(table: Heard, copy: int = 0) -> list[np.ndarray]:
    """Positions of the clips of each recording of a copy; but for made-up conditions, of each speaker."""
    recordings = table.recordings[copy]
    return [np.flatnonzero(recordings == number) for number in dict.fromkeys(recordings)]


def usual_of(tables: Tables) -> Statistics:
    """Mean and deviation (FEATURES,) of the usual speaker: the means over the speakers of each corpus, and of
    these over the corpora."""
    by_corpus = [np.mean([(x.mean(0), x.std(0)) for group in speakers_of(table) if len(group) > 3
                          for x in [table.features[0, group]]], axis=0)
                 for table in tables.values() if any(len(group) > 3 for group in speakers_of(table))]
    mean, deviation = np.mean(by_corpus, axis=0)
    return mean.astype(np.float32), deviation.astype(np.float32)


def draw(training: Tables, usual: Statistics, recipe: Mapping[str, Any]) -> Pool:
    """What a network learns from: recordings of known and unknown speakers, each corpus as often as `recipe`
    says."""
    random, names = np.random.default_rng(recipe["seed"]), list(training)
    share = np.array([recipe["corpora"][name] for name in names], float)
    grouped = {n: [speakers_of(t, copy) for copy in range(COPIES)] for n, t in training.items()}
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for part, (fewest, most) in KNOWN:
        wanted = part * recipe["pool"]
        while wanted > 0:
            corpus = int(random.choice(len(names), p=share / share.sum()))
            table, copy = training[names[corpus]], int(random.choice(COPIES, p=recipe["copies"]))
            group = grouped[names[corpus]][copy][random.integers(len(grouped[names[corpus]][copy]))]
            where = pick(table.labels, group, int(random.integers(fewest, most + 1)), random)
            parts.append((standardise(table.features[copy, where], usual), table.labels[where],
                          np.full(len(where), corpus)))
            wanted -= len(where)
    inputs, labels, corpora = (torch.from_numpy(np.concatenate(part)) for part in zip(*parts, strict=True))
    there = np.stack([np.isin(np.arange(len(EMOTIONS)), training[n].labels) for n in names])
    return Pool(inputs, labels, torch.from_numpy(there).float()[corpora])


def sampler(pool: Pool, recipe: Mapping[str, Any]) -> Callable[[int], Iterator[Batch]]:
    """Batches of an epoch: inputs (n, INPUTS) and a mask (n, 7) of the classes that the corpus has, targets
    (n, 1, 7)."""
    smooth, eye = recipe["smoothing"], torch.eye(len(EMOTIONS))

    def batches(epoch: int) -> Iterator[Batch]:
        random = np.random.default_rng(recipe["seed"] * 1000 + epoch)
        order = torch.from_numpy(random.permutation(len(pool.labels))[:recipe["steps"] * recipe["batch"]])
        for where in order.split(recipe["batch"]):
            mask = pool.there[where]
            target = eye[pool.labels[where]] * (1 - smooth) + smooth * mask / mask.sum(1, keepdim=True)
            yield (pool.inputs[where], mask), target[:, None]

    return batches


def pick(labels: np.ndarray, group: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """At most `count` clips of a group, half the time with its classes alike often, else some of them rare,
    as people talk."""
    of_group = np.bincount(labels[group], minlength=len(EMOTIONS))
    weight = 1.0 / of_group[labels[group]]
    if random.random() < 0.5:
        weight *= random.dirichlet(np.full(len(EMOTIONS), 0.7))[labels[group]] + 0.01
    return np.asarray(random.choice(group, min(count, len(group)), replace=False, p=weight / weight.sum()))


@torch.no_grad()
def logits_of(model: VoiceNetwork, table: Heard, *, known: bool = True, copy: int = 0) -> np.ndarray:
    """(n, 7) logits of one copy, each recording read as one speaker's, or each clip alone; uncalibrated, as
    long as the model is."""
    mean, deviation = model.usual.numpy()
    groups = speakers_of(table, copy) if known else np.arange(len(table))[:, None]
    logits = np.zeros((len(table), len(EMOTIONS)), np.float32)
    for group in groups:
        inputs = torch.from_numpy(standardise(table.features[copy, group], (mean, deviation)))
        logits[group] = model.of_speaker(inputs)[1].numpy()
    return logits


def fit_members(model: VoiceNetwork, training: Tables, watched: Tables, recipe: Mapping[str, Any],
                path: Path) -> Iterator[Epoch]:
    """Train the members of an ensemble as `fit_tables` does, each from a seed and by a checkpoint of its own,
    and make `model`, as `untrained` gives it, answer with their mean."""
    members = []
    for number, view in enumerate(recipe["members"]):
        own = {**recipe, "seed": recipe["seed"] + number}
        seed_all(own["seed"])
        members.append(VoiceNetwork(wide=recipe["wide"], dropout=recipe["dropout"], view=view))
        yield from fit_tables(members[-1], training, watched, own, path.with_stem(f"{path.stem}_{number}"))
    model.load_state_dict(merged(members))
    model.eval()


def merged(members: Sequence[VoiceNetwork]) -> dict[str, Tensor]:
    """The state of one network that answers with the mean of several: their hidden layers stand side by side,
    and what a member does not read weighs nothing in it."""
    states = [member.state_dict() for member in members]
    for member, state in zip(members, states, strict=True):
        for name in ("linear.weight", "hidden.weight"):
            read = state[name]
            state[name] = torch.zeros(len(read), FEATURES).index_copy_(1, member.columns, read)
    together = {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]
                if not name.startswith(("hidden", "answer.weight"))}
    return together | {name: torch.cat([state[name] for state in states])
                       for name in ("hidden.weight", "hidden.bias")} | {
        "answer.weight": torch.cat([state["answer.weight"] for state in states], 1) / len(states)}


def fit_tables(model: VoiceNetwork, training: Tables, watched: Tables, recipe: Mapping[str, Any],
               path: Path) -> Iterator[Epoch]:
    """Train `model`, choosing the epoch by the corpora that are `watched`, each read as it is by known and by
    unknown speakers and under conditions; the checkpoint lies at `path`."""
    tables = [*training.values(), *watched.values()]
    heard_by = manifest()[EAR].sha256
    checkpoint = Checkpoint(path, origin("voice", recipe, [heard_by, list(training), list(watched)], *(
        column for t in tables for column in (t.labels, t.speakers, t.splits, t.recordings))))
    usual = usual_of(training)
    model.usual.copy_(torch.from_numpy(np.stack(usual)))

    def forward(inputs: tuple[Tensor, Tensor]) -> Tensor:
        return model.each(inputs[0])[1].masked_fill(inputs[1][:, None] == 0, ABSENT)

    def validate() -> dict[str, float]:
        f1 = {name: float(np.mean([metrics.macro_f1(logits_of(model, t, **how), t.labels)
                                   for how in WATCHED])) for name, t in watched.items()}
        return {"macro_f1": float(np.mean(list(f1.values()))), **f1}

    pool = draw(training, usual, recipe)
    yield from train(model, sampler(pool, recipe), forward=forward, validate=validate,
                     steps_per_epoch=recipe["steps"], schedule=Schedule(**recipe["schedule"]),
                     checkpoint=checkpoint, seed=recipe["seed"])


def untrained(recipe: Mapping[str, Any]) -> VoiceNetwork:
    """The network that a recipe describes, all its members in one."""
    return VoiceNetwork(wide=recipe["wide"] * len(recipe["members"]), dropout=recipe["dropout"])


def split(tables: Tables) -> tuple[dict[str, Heard], dict[str, Heard]]:
    """The training speakers of each corpus, and the development speakers; song is only for training."""
    training, held = ({name: table.take(table.splits == part) for name, table in tables.items()
                       if np.any(table.splits == part) and (part == "train" or name != "ravdess_song")}
                      for part in ("train", "dev"))
    return training, held


def fit(data: Path, recipe: dict[str, Any], out: Path, kept: Path | None = None) -> Iterator[Epoch]:
    """Train as `recipe` says; writes into `out` what networks make of corpora that they know nothing of
    (`left_out.npz`), and `voice.safetensors`, calibrated on these, or where none is left out on the
    development speakers.  `kept` as in `prepare`."""
    tables = prepare(data, recipe, kept)
    model = untrained(recipe)
    training, held = split(tables)
    yield from fit_members(model, training, held, recipe, out / "checkpoint.pt")
    strangers = list(left_out(tables, recipe, out))
    save_left_out(out / "left_out.npz", strangers)
    known = [judged(model, name, table) for name, table in held.items()]
    model.temperatures.copy_(torch.tensor(temperatures_of(strangers or known)))
    store.write(out / "voice.safetensors", model.state_dict(), int8=True)


@dataclass(frozen=True)
class LeftOut:
    """What a network trained without a corpus makes of it: `labels`, `speakers`, `splits` (n,) and logits
    (n, 7), where all of each speaker's speech is known, and where each clip is all that is known."""

    corpus: str
    labels: np.ndarray
    speakers: np.ndarray
    splits: np.ndarray
    known: np.ndarray
    alone: np.ndarray


def left_out(tables: Tables, recipe: Mapping[str, Any], folder: Path) -> Iterator[LeftOut]:
    """One network after another, each trained without one of the recipe's `left_out`, nor a corpus of the
    same speakers.  The epoch is chosen by the other corpora."""
    for name in recipe["left_out"]:
        others = {n: t for n, t in tables.items() if not n.startswith(name)}
        training, watched = split(others)
        model = untrained(recipe)
        for _ in fit_members(model, training, watched, recipe, folder / f"without_{name}.pt"):
            pass
        yield judged(model, name, tables[name])


def judged(model: VoiceNetwork, name: str, table: Heard) -> LeftOut:
    """What a network makes of a corpus that it has not learnt from."""
    return LeftOut(name, table.labels, table.speakers, table.splits, logits_of(model, table),
                   logits_of(model, table, known=False))


_LEFT_OUT_COLUMNS = ("labels", "speakers", "splits", "known", "alone")


def save_left_out(path: Path, strangers: Iterable[LeftOut]) -> None:
    """Write them into one `.npz`, the columns called `CORPUS.labels`, and so on."""
    columns: dict[str, Any] = {f"{s.corpus}.{name}": getattr(s, name) for s in strangers
                               for name in _LEFT_OUT_COLUMNS}
    with atomic(path) as part:
        np.savez(part, **columns)


def load_left_out(path: Path) -> list[LeftOut]:
    """Read what `save_left_out` has written."""
    with np.load(path) as file:
        names = dict.fromkeys(key.split(".")[0] for key in file)
        return [LeftOut(name, *(file[f"{name}.{column}"] for column in _LEFT_OUT_COLUMNS)) for name in names]


def temperatures_of(strangers: Iterable[LeftOut]) -> tuple[float, float]:
    """What calibrates a network on speech of a kind that it has not heard, where the speaker is unknown and
    known: the mean, in logarithms, of the temperatures for each corpus left out, its test speakers aside."""
    fitted = [[metrics.fit_temperature(logits[rest], s.labels[rest]) for logits in (s.alone, s.known)]
              for s in strangers for rest in [s.splits != "test"]]
    alone, known = np.exp(np.mean(np.log(fitted), axis=0))
    return float(alone), float(known)


#: Actors left out of training, their clips, and what a network makes of these, (n, 7) logits.
Fold = tuple[list[int], Heard, np.ndarray]


def folds(tables: Tables, recipe: Mapping[str, Any], folder: Path) -> Iterator[Fold]:
    """Six networks, each trained without four actors of RAVDESS: those actors, their clips, and the
    logits (n, 7) of these.  The epoch is chosen by the other corpora."""
    watched = {name: t.take(t.splits == "dev") for name, t in tables.items() if not name.startswith("ravdess")
               and np.any(t.splits == "dev")}
    for first in range(1, ACTORS + 1, FOLD):
        actors = list(range(first, first + FOLD))
        names = [f"ravdess{actor:02d}" for actor in actors]
        training = {name: t.take(~np.isin(t.speakers, names) if name.startswith("ravdess")
                                 else t.splits == "train")
                    for name, t in tables.items()}
        model = untrained(recipe)
        for _ in fit_members(model, training, watched, recipe, folder / f"fold{first}.pt"):
            pass
        tested = tables["ravdess"].take(np.isin(tables["ravdess"].speakers, names))
        yield actors, tested, logits_of(model, tested)
