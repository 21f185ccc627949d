"""Evaluation of the shipped weights on labelled data, split by person; figures and a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax

from emocli.errors import DataError
from emocli.options import VOICE_MODES
from emocli.training import corruptions, metrics, throughput
from emocli.training.corpora import faces, speech, texts
from emocli.training.predictions import Heard, Predictions, hear, read_heads, read_texts, read_voices
from emocli.weights import manifest, resolve

MODALITIES = ("face", "voice", "text", "fusion")
#: Triplets that fusion is tested on, and the seed that draws them.
TRIPLETS, SEED = 2100, 2026

Result = dict[str, Any]


def evaluate(modality: str, data: Path, *, language: str = "en", corrupt: str = "") -> tuple[Result, Predictions]:
    """Figures of one modality, and the readings of the main test set.

    `data` is the project's data folder, a folder with one sub-folder a class (face, voice), or a
    TSV (text, in `language`).  Further test sets stand under "sets", each with the same figures;
    the speed of the data folder's readers is that of one core, of other data what reading took here;
    `corrupt` spoils the pictures or the sound in one of the ways of `corruptions` first.
    """
    if not data.exists():
        raise DataError(data, "no such file or folder", "point --data at the data")
    pools = {"face": partial(_face, data, corrupt), "voice": partial(_voice, data, corrupt),
             "text": partial(_text, data, language), "fusion": partial(_fusion, data)}[modality]()
    if corrupt:
        pools = {f"{name}, {corrupt}": pool for name, pool in pools.items()}
    main, *others = pools

    def figures(pool: Predictions) -> Result:
        return metrics.summary(pool.scores, pool.labels, pool.temperature)

    result = figures(pools[main]) | {
        "reliability": metrics.reliability(pools[main].scores, pools[main].labels)}
    result |= {"set": main, "parameters": throughput.parameters(modality), "bytes": manifest()[modality].size,
               "sets": {name: figures(pools[name]) for name in others}}
    if any((data / part).is_dir() for part in ("faces", "speech", "text")):
        result |= throughput.costs(modality, data)
    else:
        result["items_per_second"] = len(pools[main]) / max(1e-9, pools[main].seconds)
    return result, pools[main]


def _face(data: Path, corrupt: str) -> dict[str, Predictions]:
    corpus = faces.load(data, "private_test")

    def heads(kind: str) -> list[Predictions]:
        return read_heads(replace(corpus, images=corruptions.pictures(corpus.images, kind)) if kind else corpus)

    read = heads(corrupt)
    if not (data / "faces").is_dir():
        return {data.name: read[0]}
    others = [faces.load(data, split) for split in ("train", "public_test")]
    fresh = np.flatnonzero(~(faces.repeated(corpus, others[0]) | faces.repeated(corpus, others[1])))
    voted = np.flatnonzero(corpus.majority >= 0)
    found = {"ferplus_majority": read[0].take(voted),
             "ferplus_majority_without_repeats": read[0].take(np.intersect1d(voted, fresh)),
             "fer2013_private": read[-1], "fer2013_private_without_repeats": read[-1].take(fresh),
             "fer2013_private_by_the_votes_head": replace(read[0], labels=corpus.labels)}
    return found | {f"ferplus_majority, {kind}": heads(kind)[0].take(voted)
                    for kind in ([] if corrupt else corruptions.PICTURES)}


def _voice(data: Path, corrupt: str) -> dict[str, Predictions]:
    @cache
    def heard(name: str, kind: str) -> list[Heard]:
        clips = list(speech.read(data, name, "test") if name else speech.read_folders(data))
        random, others = np.random.default_rng(SEED), [c.samples for c in clips]
        return hear(replace(c, samples=corruptions.noisy(c.samples, kind, corruptions.TEST_DB, random, others))
                    if kind else c for c in clips)

    def test(name: str, kind: str = corrupt, **how: Any) -> Predictions:
        return read_voices(heard(name, kind), **how)

    if not (data / "speech").is_dir():
        return {data.name: test("")}
    found = {"ravdess": test("ravdess"), "ravdess_speaker_unknown": test("ravdess", known_speaker=False),
             "emodb": test("emodb"), "nemo": test("nemo")}
    found |= {f"ravdess, --voice-mode {mode}": test("ravdess", names=names)
              for mode, names in VOICE_MODES.items() if mode != "accurate"}
    found |= {f"{name}, voice-permissive": test(name, names=("voice-permissive",))
              for name in ("ravdess", "emodb", "emogator")}
    return found | {f"ravdess, {kind} at {corruptions.TEST_DB:.0f} dB": test("ravdess", kind)
                    for kind in ([] if corrupt else corruptions.SOUNDS)}


def compare(modality: str, data: Path) -> Result:
    """What takes training to find out: other networks and ways on the same test sets ("compared") and, of the
    voice, the six folds."""
    from emocli.training import baselines
    from emocli.training.recipe import read_recipe

    if modality == "fusion":
        return {"compared": baselines.heads(data, read_recipe("fusion"), TRIPLETS, SEED)}
    if modality == "voice":
        return {"six_fold": six_fold(data), "compared": baselines.voices(data)}
    return {"compared": baselines.sentences(data)} if modality == "text" else {}


def six_fold(data: Path) -> Result:
    """Macro-F1 on RAVDESS by six networks, each trained by the shipped recipe without four actors: of each
    fold, their mean and deviation, and the figures of all clips together."""
    import tempfile

    from emocli.training.recipe import read_recipe
    from emocli.training.tasks import voice

    recipe = read_recipe("voice")
    tables, *_ = voice.prepare(data, recipe)
    with tempfile.TemporaryDirectory() as folder:
        each = list(voice.folds(tables, recipe, Path(folder)))
    found = [{"actors": actors, "macro_f1": metrics.summary(softmax(logits, 1), labels)["macro_f1"]}
             for actors, labels, logits in each]
    labels, logits = (np.concatenate([one[part] for one in each]) for part in (1, 2))
    scores = [one["macro_f1"] for one in found]
    return metrics.summary(softmax(logits, 1), labels) | {
        "folds": found, "mean_macro_f1": float(np.mean(scores)), "deviation_macro_f1": float(np.std(scores))}


def _text(data: Path, language: str) -> dict[str, Predictions]:
    if data.is_file():
        return {data.name: read_texts(texts.read(data), language)}
    if not (data / "text").is_dir():
        raise DataError(data, "holds no text/ with the corpora", "give the data folder or a TSV")
    named = [language, *({"en", "ko"} - {language})]
    found = {f"goemotions_{lang}": read_texts(texts.load(data, f"goemotions_{lang}", "test").single(), lang)
             for lang in named}
    return found | {"meld_en": read_texts(texts.load(data, "meld_en", "test"), "en"),
                    "kote_ko": read_texts(texts.load(data, "kote_ko_vote7", "test"), "ko")}


def _fusion(data: Path) -> dict[str, Predictions]:
    import torch

    from emocli.fusion.head import Fusion
    from emocli.training.tasks import fusion as task

    def fused(name: str, some: task.Pools) -> Iterator[tuple[str, Predictions]]:
        where, labels = task.triplets(some, TRIPLETS, np.random.default_rng(SEED))
        features, log_scores = task.tensors(some, where)
        head = Fusion(resolve(name)).head
        for mask in sorted(task.subsets(tuple(some)), key=lambda m: -sum(m)):
            wide = torch.tensor(mask, dtype=torch.float32).expand(len(labels), -1)
            temperature = float(head.temperatures[head.subset(wide)[0]])
            with torch.no_grad():
                logits = head(features, log_scores, wide) / temperature
            joined = "+".join(m for m, there in zip(task.MODALITIES, mask, strict=True) if there)
            yield joined, Predictions(np.zeros((len(labels), 0)), torch.softmax(logits, 1).numpy(), labels, 0.0,
                                          temperature)
        for m in some:
            yield f"{m} alone, unfused", Predictions(np.zeros((len(labels), 0)), some[m].scores[where[m]], labels)

    found = dict(fused("fusion", task.pools(data, "test")))
    permissive = task.pools(data, "test", voice="voice-permissive", modalities=("voice", "text"))
    return found | {f"{name}, permissive": pool for name, pool in fused("fusion-permissive", permissive)
                    if not name.startswith("text")}
