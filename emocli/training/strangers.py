"""How the readers, and their fusion, do on what they are strangers to: whole corpora of speech left out,
MELD's sentences, spoilt faces; and RAVDESS' real pairs of face and voice, by actors left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.special import softmax

from emocli.emotions import EMOTIONS
from emocli.errors import DataError
from emocli.fusion.head import FusionHead
from emocli.timeline.types import MODALITIES
from emocli.training import metrics
from emocli.training.hearing import Heard
from emocli.training.loop import seed_all
from emocli.training.predictions import Predictions, join
from emocli.training.recipe import read_recipe
from emocli.training.tasks import fusion, voice

#: Triplets of a corpus left out, and the seed that draws them.
TRIPLETS, SEED = 2100, 2026
#: Regularisation of the logistic regression over action units.
STRENGTH = 0.1

Sets = dict[str, Predictions]


def evaluate(data: Path, folder: Path, kept: Path | None = None) -> Sets:
    """Readings by set, the main set first; what voice networks make of corpora left out goes into `folder`.

    `kept` is a folder of features, as `emocli data features` fills it.  Raises `DataError` when `data` is not
    the project's data folder.
    """
    if not (data / "speech").is_dir():
        raise DataError(data, "holds no speech/ with several corpora", "give the data folder")
    recipe = read_recipe("voice")
    tables = voice.prepare(data, recipe, kept)
    voices = list(voice.left_out(tables, recipe, folder))
    voice.save_left_out(folder / "left_out.npz", voices)
    singles = fusion.meet_strangers(data, "test", voices)
    heads = {one.corpus: trained_head(data, [v for v in voices if v is not one]) for one in voices}
    by_corpus = {one.corpus: fused(heads[one.corpus], one, voices, singles) for one in voices}
    sets: Sets = {}
    for name in next(iter(by_corpus.values())):
        sets[name] = join(several[name] for several in by_corpus.values())
    for corpus, several in by_corpus.items():
        sets |= {f"{corpus} left out, {name}": p for name, p in several.items() if "voice" in name}
    sets |= voices_left_out(voices) | {"faces, spoilt": singles["face"], "meld_en": singles["text"]}
    return sets | pairs(data, list(voice.folds(tables, recipe, folder)), tables["ravdess"], heads["ravdess"])


def voices_left_out(voices: Sequence[voice.LeftOut]) -> Sets:
    """What the networks make of all clips of the corpora that they were trained without, where all of each
    speaker is known and where each clip is all that is known, calibrated on the others of these corpora."""
    sets = {}
    for one in voices:
        alone, known = voice.temperatures_of(v for v in voices if v is not one)
        for name, logits, temperature in (("known", one.known, known), ("unknown", one.alone, alone)):
            sets[f"{one.corpus} left out, speaker {name}"] = Predictions(
                softmax(logits / temperature, 1), one.labels, temperature=temperature)
    return sets


def fused(head: FusionHead, one: voice.LeftOut, voices: Sequence[voice.LeftOut],
           singles: fusion.Modalities) -> Sets:
    """Triplets whose voices are of a corpus that neither the voice network nor the head has learnt from,
    fused from every subset of two or three, and each reading alone."""
    temperature = voice.temperatures_of(v for v in voices if v is not one)[1]
    heard = Predictions(softmax(one.known / temperature, 1), one.labels)
    readings = {"face": singles["face"], "voice": heard, "text": singles["text"]}
    there = np.all([np.bincount(p.labels, minlength=len(EMOTIONS)) > 0 for p in readings.values()], axis=0)
    where, labels = fusion.triplets(readings, TRIPLETS, np.random.default_rng(SEED), there / there.sum())
    log_scores = fusion.tensors(readings, where)
    sets = {}
    for mask in sorted(fusion.MASKS, key=sum, reverse=True):
        name = "+".join(m for m, known in zip(MODALITIES, mask, strict=True) if known)
        if sum(mask) == 1:
            sets[f"{name} alone"] = Predictions(readings[name].scores[where[name]], labels)
        else:
            sets[name] = Predictions(_scores(head, log_scores, mask), labels)
    return sets


def trained_head(data: Path, voices: Sequence[voice.LeftOut]) -> FusionHead:
    """A head by the shipped recipe that has met only these `voices`, and of the known ones none of a corpus
    beside them."""
    recipe = read_recipe("fusion")
    recipe["speech"] = [name for name in recipe["speech"] if name in {v.corpus for v in voices}]
    seed_all(recipe["seed"])
    head = FusionHead()
    for _ in fusion.learn(head, fusion.load_dataset(data, recipe, voices), recipe, None):
        pass
    return head


@torch.inference_mode()
def _scores(head: FusionHead, log_scores: torch.Tensor, mask: tuple[int, ...]) -> np.ndarray:
    """Fused scores (n, 7) of log scores (n, 3, 7), with the modalities of `mask`."""
    wide = torch.tensor(mask, dtype=torch.float32).expand(len(log_scores), -1)
    temperature = head.temperatures[head.subset(wide)][:, None]
    return np.asarray(torch.softmax(head(log_scores, wide) / temperature, 1).numpy())


def pairs(data: Path, by_actors: Sequence[voice.Fold], table: Heard, head: FusionHead) -> Sets:
    """RAVDESS' actors of `table` seen and heard at once, in folds by actor: a logistic regression over
    OpenFace's action units against the actor's own mean and deviation, and the voice network without these
    actors, each calibrated on the other folds; and both fused by a `head` that has met nobody of RAVDESS."""
    units = action_units(data)
    folds = [(tested, heard, _seen(units, table, actors, tested)) for actors, tested, heard in by_actors]
    readings = {"face alone": [seen for *_, seen in folds], "voice alone": [heard for _, heard, _ in folds]}
    labels, sets = [tested.labels for tested, *_ in folds], {}
    for name, logits in readings.items():
        parts = []
        for at in range(len(folds)):
            rest = [i for i in range(len(folds)) if i != at]
            temperature = metrics.fit_temperature(np.concatenate([logits[i] for i in rest]),
                                                  np.concatenate([labels[i] for i in rest]))
            scores = softmax(logits[at] / temperature, 1)
            parts.append(Predictions(scores, labels[at]))
        sets[f"ravdess pairs, {name}"] = join(parts)
    face, heard = sets.values()
    where = np.arange(len(face))
    both = fusion.tensors({"face": face, "voice": heard}, {"face": where, "voice": where})
    return sets | {"ravdess pairs, face+voice": Predictions(_scores(head, both, (1, 1, 0)), face.labels)}


def action_units(data: Path) -> dict[str, np.ndarray]:
    """OpenFace's action units (35,) of RAVDESS' clips, standardised by actor, under the clips' names without
    the first part, which says whether they are seen or heard."""
    with np.load(data / "av" / "ravdess_action_units.npz") as file:
        names, units = [str(name)[3:] for name in file["name"]], file["au"].astype(float)
    actors = np.array([name[-2:] for name in names])
    for actor in np.unique(actors):
        own = units[actors == actor]
        units[actors == actor] = (own - own.mean(0)) / (own.std(0) + 1e-3)
    return dict(zip(names, units, strict=True))


def _seen(units: Mapping[str, np.ndarray], table: Heard, actors: Sequence[int],
          tested: Heard) -> np.ndarray:
    """Logits (n, 7) of the faces of the clips `tested`, learnt from the other actors; those of a clip whose
    face OpenFace did not find are all 0."""
    from sklearn.linear_model import LogisticRegression

    own = [f"ravdess{actor:02d}" for actor in actors]
    known = [i for i, name in enumerate(table.names) if name[3:] in units and table.speakers[i] not in own]
    model = LogisticRegression(C=STRENGTH, max_iter=500).fit(
        np.stack([units[table.names[i][3:]] for i in known]), table.labels[known])
    found = [i for i, name in enumerate(tested.names) if name[3:] in units]
    logits = np.zeros((len(tested), len(EMOTIONS)))
    logits[found] = model.decision_function(np.stack([units[tested.names[i][3:]] for i in found]))
    return logits
