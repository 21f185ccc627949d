"""What a change of the face must cost for rows to end there, and what finding changes takes for two hours.

    python bench/changes.py DATA [--out bench/results]

Faces of FER2013's public test stay unchanged for 20 s, but for made-up shaking, turns, light and grain, and
are read as an analysis reads them: what is found in them is wrong.  Films of four of them, one after another,
tell how many changes are found within 0.4 s.  Prints a table and writes JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from analyze import machine
from scipy.special import softmax

from emocli import weights
from emocli.face.process import FaceProcess
from emocli.timeline import changes
from emocli.training.corpora import faces

#: Samples a second and of one face, faces of a class, films, seconds that a change may be missed by.
RATE, SAMPLES, EACH, FILMS, NEAR = 5, 100, 40, 150, 0.4
PENALTIES = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
#: Spread of what is made up, and how much of it carries over to the next sample: shift x and y, px; turn,
#: degrees; size; light, grey levels; contrast.
MOTION = ((0.8, 0.5), (0.8, 0.5), (2.0, 0.8), (0.03, 0.8), (10.0, 0.95), (0.08, 0.95))
GRAIN = 4.0


def wandering(random: np.random.Generator, spread: float, kept: float) -> np.ndarray:
    """A first-order autoregressive walk (SAMPLES,)."""
    steps = random.normal(0, 1, SAMPLES)
    for i in range(1, SAMPLES):
        steps[i] = kept * steps[i - 1] + np.sqrt(1 - kept**2) * steps[i]
    return spread * steps


def moved(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Crops (SAMPLES, 48, 48) uint8 of one face that does not change, every other one mirrored."""
    crops = []
    for i, (x, y, turn, size, light, contrast) in enumerate(zip(
            *(wandering(random, *motion) for motion in MOTION), strict=True)):
        matrix = cv2.getRotationMatrix2D((23.5, 23.5), turn, 1 + size)
        matrix[:, 2] += x, y
        crop = cv2.warpAffine(image, matrix, image.shape, borderMode=cv2.BORDER_REPLICATE).astype(float)
        crop = (crop - 128) * (1 + contrast) + 128 + light + random.normal(0, GRAIN, crop.shape)
        crop = np.clip(crop, 0, 255).astype(np.uint8)
        crops.append(crop[:, ::-1] if i % 2 else crop)
    return np.stack(crops)


def unchanging(data: Path, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Scores (n, SAMPLES, 7) of faces, and the class that most said of each (n,)."""
    corpus = faces.load(data, "public_test")
    chosen = np.concatenate([random.permutation(np.flatnonzero(corpus.majority == label))[:EACH]
                             for label in range(7)])
    temperature = weights.manifest()["face-litert"].temperature
    with FaceProcess(weights.resolve("face-litert")) as process:
        logits = [process.classify(moved(corpus.images[i], random)).result()[1] for i in chosen]
    return softmax(np.stack(logits) / temperature, axis=2), corpus.majority[chosen]


def composed(scores: np.ndarray, labels: np.ndarray,
             random: np.random.Generator) -> tuple[np.ndarray, list[float]]:
    """Scores (n, 7) of four faces of different classes, 1.6 to 8 s each, and the seconds of the changes."""
    read, parts, last = scores.mean(1).argmax(1), list[np.ndarray](), -1
    while len(parts) < 4:
        face = random.integers(len(scores))
        if last < 0 or (labels[face] != labels[last] and read[face] != read[last]):
            length = random.integers(8, 40)
            first = random.integers(0, SAMPLES - length)
            parts.append(scores[face, first:first + length])
            last = face
    edges = np.cumsum([len(part) for part in parts])[:-1] / RATE
    return np.concatenate(parts), edges.tolist()


def found(scores: np.ndarray) -> list[float]:
    """The changes in scores at RATE."""
    return changes.change_points((np.arange(len(scores)) + 0.5) / RATE, scores, 0.0, len(scores) / RATE)


def penalties(scores: np.ndarray, labels: np.ndarray) -> list[dict[str, float]]:
    """What each of PENALTIES makes of unchanging faces and of films of several."""
    random = np.random.default_rng(1)
    films = [composed(scores, labels, random) for _ in range(FILMS)]
    rows, kept = [], changes.PENALTY
    for penalty in PENALTIES:
        changes.PENALTY = penalty
        wrong = sum(len(found(one)) for one in scores)
        hits = [min((abs(edge - at) for at in changed), default=np.inf) <= NEAR
                for known, changed in ((known, found(film)) for film, known in films) for edge in known]
        rows.append({"penalty": penalty, "cuts_a_minute": wrong / (scores.shape[0] * SAMPLES / RATE / 60),
                     "found": float(np.mean(hits))})
    changes.PENALTY = kept
    return rows


def two_hours(scores: np.ndarray) -> float:
    """Seconds of one core for two hours of such faces, the median of three."""
    long, took = np.resize(scores.reshape(-1, 7), (2 * 3600 * RATE, 7)), []
    for _ in range(3):
        began = time.process_time()
        found(long)
        took.append(time.process_time() - began)
    return float(np.median(took))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    scores, labels = unchanging(options.data, np.random.default_rng(0))
    result: dict[str, Any] = {"machine": machine(), "faces": len(scores),
                              "penalties": penalties(scores, labels), "two_hours_s": two_hours(scores)}
    print(f"{'penalty':>8} {'cuts a minute of one face':>26} {'changes found':>14}")
    for row in result["penalties"]:
        print(f"{row['penalty']:8.1f} {row['cuts_a_minute']:26.2f} {row['found']:14.3f}")
    print(f"two hours: {result['two_hours_s']:.2f} s of one core")
    (options.out / "changes.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
