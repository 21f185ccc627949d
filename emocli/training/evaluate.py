"""Evaluation of the shipped weights on labelled data, split by person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax

from emocli.errors import DataError
from emocli.options import TEXT_MODES, VOICE_MODES
from emocli.training import corruptions, metrics, throughput
from emocli.training.corpora import faces, meld, speech, texts
from emocli.training.predictions import (
    DescribedClip,
    Predictions,
    describe_clips,
    read_faces,
    read_texts,
    read_voices,
)
from emocli.weights import manifest, resolve

MODALITIES = ("face", "voice", "text", "fusion")
#: What else is evaluated, in ways of their own (`training/diarization.py`, `training/strangers.py`).
SPEAKERS, STRANGERS = "speakers", "strangers"
#: Triplets that fusion is tested on, and the seed that draws them.
TRIPLETS, SEED = 2100, 2026

Result = dict[str, Any]


def evaluate(modality: str, data: Path, *, language: str = "auto",
             corrupt: str = "") -> tuple[Result, Predictions]:
    """Figures of one modality, and the readings of the main test set.

    `data` is the project's data folder, a folder with one sub-folder a class (face, voice), or a
    TSV (text, in `language`).  Further test sets stand under "sets", each with the same figures;
    the speed of the data folder's readers is that of one core, of other data what reading took here;
    `corrupt` spoils the faces or the sound in one of the ways of `corruptions` first.
    """
    if not data.exists():
        raise DataError(data, "no such file or folder", "point --data at the data")
    sets = {"face": partial(_face, data, corrupt), "voice": partial(_voice, data, corrupt),
            "text": partial(_text, data, language), "fusion": partial(_fusion, data)}[modality]()
    if corrupt:
        sets = {f"{name}, {corrupt}": predictions for name, predictions in sets.items()}
    main = next(iter(sets))
    names = TEXT_MODES["accurate"] if modality == "text" else (modality,)
    read = ("face-litert",) if modality == "face" else names  # the same network, in the form that a CPU reads
    independent = modality != "fusion"  # triplets share faces, voices and sentences
    result = figures(sets, intervals=independent) | {
        "parameters": sum(map(throughput.parameters, names)),
        "bytes": sum(manifest()[name].size for name in read)}
    if any((data / part).is_dir() for part in ("faces", "speech", "text")):
        result |= throughput.measure(modality, data)
    else:
        result["items_per_second"] = len(sets[main]) / max(1e-9, sets[main].seconds)
    return result, sets[main]


def figures(sets: dict[str, Predictions], *, intervals: bool = False) -> Result:
    """Figures of the first set, with its name and reliability, and under "sets" those of the others; with
    `intervals` the macro-F1's, too, for items that are independent."""
    each = {name: metrics.summary(p.scores, p.labels, p.temperature) for name, p in sets.items()}
    if intervals:
        for name, p in sets.items():
            each[name]["macro_f1_interval"] = metrics.macro_f1_interval(p.scores, p.labels)
    main = next(iter(sets))
    return each.pop(main) | {"reliability": metrics.reliability(sets[main].scores, sets[main].labels),
                             "set": main, "sets": each}


def _face(data: Path, corrupt: str) -> dict[str, Predictions]:
    corpus = faces.load(data, "private_test")

    whole = (data / "faces").is_dir()
    kinds = [corrupt, *(corruptions.FACES if whole and not corrupt else ())]
    images = [corruptions.spoil_faces(corpus.images, kind) if kind else corpus.images for kind in kinds]
    (heads, *spoilt) = read_faces(*(replace(corpus, images=those) for those in images))
    if not whole:
        return {data.name: heads[0]}
    others = [faces.load(data, split) for split in ("train", "public_test")]
    fresh = np.flatnonzero(~(faces.repeated(corpus, others[0]) | faces.repeated(corpus, others[1])))
    voted = np.flatnonzero(corpus.majority >= 0)
    sets = {"ferplus_majority": heads[0].take(voted),
            "ferplus_majority_without_repeats": heads[0].take(np.intersect1d(voted, fresh)),
            "fer2013_private": heads[-1], "fer2013_private_without_repeats": heads[-1].take(fresh),
            "fer2013_private_by_the_votes_head": replace(heads[0], labels=corpus.labels)}
    return sets | {f"ferplus_majority, {kind}": by_votes.take(voted)
                   for kind, (by_votes, *_) in zip(kinds[1:], spoilt, strict=True)}


def _voice(data: Path, corrupt: str) -> dict[str, Predictions]:
    @cache
    def described(name: str, kind: str, names: tuple[str, ...]) -> list[DescribedClip]:
        clips = list(speech.read(data, name, "test") if name else speech.read_folders(data))
        random, others = np.random.default_rng(SEED), [c.samples for c in clips]
        return describe_clips([
            replace(c, samples=corruptions.add_noise(c.samples, kind, corruptions.TEST_DB, random, others))
            if kind else c for c in clips], names)

    def test(name: str, kind: str = corrupt, names: tuple[str, ...] = ("voice",), **how: Any) -> Predictions:
        return read_voices(described(name, kind, names), names=names, **how)

    if not (data / "speech").is_dir():
        return {data.name: test("")}
    known = ("ravdess", "emodb", "nemo")
    sets = {"ravdess": test("ravdess"), "ravdess_speaker_unknown": test("ravdess", known_speaker=False)}
    sets |= {name: test(name) for name in known[1:]}
    sets |= {f"{name}_speaker_unknown": test(name, known_speaker=False) for name in known[1:]}
    sets |= {f"ravdess, --voice-mode {mode}": test("ravdess", names=names)
             for mode, names in VOICE_MODES.items() if mode != "accurate"}
    sets |= {f"{name}, voice-permissive": test(name, names=("voice-permissive",))
             for name in ("ravdess", "emodb", "emogator")}
    return sets | {f"ravdess, {kind} at {corruptions.TEST_DB:.0f} dB": test("ravdess", kind)
                   for kind in ([] if corrupt else corruptions.NOISES)}


def compare(modality: str, data: Path, folder: Path, kept: Path | None = None) -> Result:
    """What takes training to find out: other networks and ways on the same test sets ("compared") and, of the
    voice, the six folds, whose checkpoints go into `folder`; `kept` is a folder of features, as `emocli data
    features` fills it."""
    from emocli.training import baselines

    if modality == "fusion":
        return {"compared": baselines.heads(data, TRIPLETS, SEED)}
    if modality == "voice":
        return {"six_fold": six_fold(data, folder, kept), "compared": baselines.voices(data)}
    return {"compared": baselines.sentences(data)} if modality == "text" else {}


def six_fold(data: Path, folder: Path, kept: Path | None = None) -> Result:
    """Macro-F1 on RAVDESS by six networks, each trained by the shipped recipe without four actors: of each
    fold, their mean and deviation, and the figures of all clips together."""
    from emocli.training.recipe import read_recipe
    from emocli.training.tasks import voice

    recipe = read_recipe("voice")
    tables = voice.prepare(data, recipe, kept)
    folds = list(voice.folds(tables, recipe, folder))
    f1 = [metrics.macro_f1(logits, tested.labels) for _, tested, logits in folds]
    by_fold = [{"actors": actors, "macro_f1": value} for (actors, *_), value in zip(folds, f1, strict=True)]
    labels = np.concatenate([tested.labels for _, tested, _ in folds])
    logits = np.concatenate([logits for *_, logits in folds])
    return metrics.summary(softmax(logits, 1), labels) | {
        "folds": by_fold, "mean_macro_f1": float(np.mean(f1)), "deviation_macro_f1": float(np.std(f1))}


def meet_strangers(data: Path, folder: Path, kept: Path | None = None) -> tuple[Result, Predictions]:
    """Figures on what nothing was trained on (`emocli.training.strangers`), and the readings of the main set;
    those of voices left out go into `folder`.  `kept` as in `compare`."""
    from emocli.training import strangers

    sets = strangers.evaluate(data, folder, kept)
    return figures(sets), next(iter(sets.values()))


def _text(data: Path, language: str) -> dict[str, Predictions]:
    if data.is_file():
        return {data.name: read_texts(texts.read(data), language)}
    if not (data / "text").is_dir():
        raise DataError(data, "holds no text/ with the corpora", "give the data folder or a TSV")
    named = ["ko", "en"] if language == "ko" else ["en", "ko"]
    sets = {f"goemotions_{lang}": read_texts(texts.load(data, f"goemotions_{lang}", "test").single(), lang)
            for lang in named}
    sets |= {"meld_en": read_texts(meld.load(data), "en"),
             "kote_ko": read_texts(texts.load(data, "kote_ko_vote7", "test"), "ko")}
    return sets | {f"goemotions_{lang}, --text-mode fast": read_texts(
        texts.load(data, f"goemotions_{lang}", "test").single(), lang, TEXT_MODES["fast"]) for lang in named}


def _fusion(data: Path) -> dict[str, Predictions]:
    import torch

    from emocli.fusion.head import Fusion
    from emocli.training.tasks import fusion as task

    def fused(name: str, single: task.Modalities) -> Iterator[tuple[str, Predictions]]:
        where, labels = task.triplets(single, TRIPLETS, np.random.default_rng(SEED))
        log_scores = task.tensors(single, where)
        head = Fusion(resolve(name)).head
        for mask in sorted(task.subsets(tuple(single)), key=lambda m: -sum(m)):
            wide = torch.tensor(mask, dtype=torch.float32).expand(len(labels), -1)
            temperature = float(head.temperatures[head.subset(wide)[0]])
            with torch.no_grad():
                logits = head(log_scores, wide) / temperature
            joined = "+".join(m for m, there in zip(task.MODALITIES, mask, strict=True) if there)
            yield joined, Predictions(torch.softmax(logits, 1).numpy(), labels, 0.0, temperature)
        for m in single:
            yield f"{m} alone, unfused", Predictions(single[m].scores[where[m]], labels)

    sets = dict(fused("fusion", task.predict(data, "test")))
    permissive = task.predict(data, "test", voice="voice-permissive", modalities=("voice", "text"))
    return sets | {f"{name}, permissive": predictions
                   for name, predictions in fused("fusion-permissive", permissive)
                   if not name.startswith("text")}
