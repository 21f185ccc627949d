"""How often `emocli link` errs: acted voices of RAVDESS, of whom it is known who is who.

    python bench/link_people.py --data DIR [--out bench/results]

Of each of the 24 actors four made-up recordings, each of four clips (6 to 9 s of speech): two of one sentence
and two of another; one of each calm, sad, afraid and surprised, the other neutral, happy, angry and
disgusted, so that somebody is to be found again in other moods. All share one room and microphone, as videos
of one study may; others will err more. The threshold is the lowest at which of pairs of different actors at
most one in a hundred passes; it is chosen on actors 1 to 20, whom the likeness model has met, and tried on 21
to 24, whom nothing has met; and, for all 24, each four by the threshold of the other twenty. Prints a table,
writes JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from analyze import machine
from scipy import signal

from emocli import weights
from emocli.speakers.clustering import Likeness
from emocli.speakers.encoder import SpeakerEncoder
from emocli.speakers.linking import THRESHOLD, join
from emocli.training.corpora import speech
from emocli.training.corruptions import add_noise
from emocli.voice.features import trim

#: Share of pairs of different people that may pass; actors of a fold.
FALSE, FOLD = 0.01, 4


def telephone(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Sound as over a telephone: its band alone, and noise 15 dB below it."""
    band = signal.butter(4, (300, 3400), "bandpass", fs=16_000, output="sos")
    return add_noise(signal.sosfilt(band, samples).astype(np.float32), "white", 15.0, random)


def recordings(data: Path, *, by_telephone: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Mean embeddings (96, d) of all recordings, and the actor (96,) of each; those of the second sentence
    `by_telephone` if wanted."""
    random = np.random.default_rng(2026)
    encoder = SpeakerEncoder(weights.resolve("speaker"))
    pieces: dict[tuple[int, int, int], list[np.ndarray]] = {}
    for clip in speech.read(data, "ravdess"):
        emotion, intensity, statement, repetition, actor = map(int, Path(clip.name).stem.split("-")[2:])
        if intensity == repetition == 1:
            samples = trim(clip.samples)
            if by_telephone and statement == 2:
                samples = telephone(samples, random)
            windows = [piece for _, piece in encoder.windows(samples)]
            pieces.setdefault((actor, statement, emotion % 2), []).extend(windows)
    keys = sorted(pieces)
    return np.stack([encoder.embed(pieces[key]).mean(0) for key in keys]), np.array([k[0] for k in keys])


def choose(ratios: np.ndarray, actors: np.ndarray) -> float:
    """The lowest threshold at which at most FALSE of the pairs of different actors pass."""
    different = actors[:, None] != actors
    return float(np.quantile(ratios[different], 1 - FALSE, method="higher"))


def errors(ratios: np.ndarray, actors: np.ndarray, threshold: float) -> dict[str, Any]:
    """Of pairs: how many are wrongly passed or missed; of the groups that `join` makes: how many pairs in
    them are of different actors, and how many of one actor's pairs are in one."""
    first, second = np.triu_indices(len(actors), 1)
    same, women = actors[first] == actors[second], actors % 2 == 0
    alike = ~same & (women[first] == women[second])
    passed = ratios[first, second] >= threshold
    groups = join(ratios, [str(i) for i in range(len(actors))], threshold)
    joined = groups[first] == groups[second]
    return {"actors": len(set(actors.tolist())), "recordings": len(actors), "threshold": threshold,
            "same": int(same.sum()), "different": int((~same).sum()),
            "missed": float((~passed)[same].mean()), "false": float(passed[~same].mean()),
            "false_of_one_sex": float(passed[alike].mean()),
            "joined": int(joined.sum()), "joined_wrongly": int((joined & ~same).sum()),
            "found": float(joined[same].mean())}


def crossed(ratios: np.ndarray, actors: np.ndarray) -> dict[str, Any]:
    """All actors, each fold by the threshold of the others: mean shares, sums of pairs."""
    folds = []
    for start in range(1, actors.max() + 1, FOLD):
        own = (actors >= start) & (actors < start + FOLD)
        threshold = choose(ratios[np.ix_(~own, ~own)], actors[~own])
        folds.append(errors(ratios[np.ix_(own, own)], actors[own], threshold))
    summed = ("actors", "recordings", "same", "different", "joined", "joined_wrongly")
    return {key: sum(fold[key] for fold in folds) if key in summed else
            float(np.mean([fold[key] for fold in folds])) for key in folds[0]}


def show(name: str, found: Mapping[str, Any]) -> None:
    """A line of the table."""
    print(f"{name:<34} {found['threshold']:>9.1f} {found['missed']:>7.1%} of {found['same']:<4} "
          f"{found['false']:>7.1%} of {found['different']:<5} {found['false_of_one_sex']:>7.1%} "
          f"{found['found']:>7.1%} {found['joined_wrongly']:>4} of {found['joined']}")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    args = parser.parse_args()
    vectors, actors = recordings(args.data)
    likeness = Likeness.load(weights.resolve("speaker-plda"))
    ratios, known = likeness.ratios(likeness.project(vectors)), actors <= 20
    chosen = choose(ratios[np.ix_(known, known)], actors[known])
    test = np.ix_(~known, ~known)
    results = {"actors 1 to 20, chosen here": errors(ratios[np.ix_(known, known)], actors[known], chosen),
               "actors 21 to 24": errors(ratios[test], actors[~known], chosen),
               "all, by the others' threshold": crossed(ratios, actors)}
    vectors, actors = recordings(args.data, by_telephone=True)
    ratios = likeness.ratios(likeness.project(vectors))
    results["all, half of each by telephone"] = errors(ratios, actors, chosen)
    print(f"as shipped: {THRESHOLD}")
    print(f"{'':<34} threshold  missed       false         of one sex  found  wrong in groups")
    for name, found in results.items():
        show(name, found)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "link-people.json").write_text(
        json.dumps({"machine": machine(), "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
