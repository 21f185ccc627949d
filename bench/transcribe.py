"""Words: how many Whisper gets right, whether they stand at their times, and how many it invents.

    python bench/transcribe.py SPEECH [--model base] [--actors 21 22 23 24] [--out bench/results]

SPEECH is a folder with `ravdess.tar` and `emogator.tar` (16 kHz Ogg Opus).
What is heard, all through speech activity and recognition as `emocli analyze` runs them, with the
language left open:

- films of RAVDESS' two sentences, a film an actor, each take cut at 30 dB below its loudest 10 ms and
  followed by 0.5 to 2.5 s of silence: word error rate (`jiwer`), lower case, without punctuation;
- word times: a take's edge is its first word's true start only where the sound rises from -30 dB to -15 dB
  within SHARP s and is not silent again within half a second: a breath or a click before the word makes the
  edge something else.  Other takes are left out by that rule, which knows nothing of any result.  The share
  of these edges with the start of a word within 0.2 s;
- Korean: no recorded Korean speech is at hand, so espeak-ng reads the Korean sentences of
  `tests/data/everyday.tsv`, a machine's voice: the character error rate (without spaces and punctuation) is
  good for comparing versions and says little of people, and the language is given, because
  Whisper takes that voice for Thai (and `base` hardly understands it);
- words where there are none: short takes with 30 s of faint noise around them, synthesised music, EmoGator's
  bursts of happiness (laughter and cries; what spells those, as "ha ha", is counted apart).

Prints tables and writes JSON.  Settings are chosen on actors 19 and 20.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import tempfile
import time
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import soundfile
from footage import Film, takes

from emocli.media.audio import SAMPLE_RATE, decode
from emocli.media.probe import probe
from emocli.timeline.types import Utterance
from emocli.transcript import activity, whisper_weights
from emocli.transcript.faster import FasterWhisper
from emocli.transcript.recognition import recognize
from emocli.transcript.recognizer import Recognizer
from emocli.transcript.torch_whisper import TorchWhisper

SENTENCES = {"01": "kids are talking by the door", "02": "dogs are sitting by the door"}
#: dB below the loudest 10 ms where a take begins, and where its first word is on its way; seconds between.
QUIET, LOUD, SHARP = 30.0, 15.0, 0.15
#: Seconds by which a word may begin early or late.
CLOSE = 0.2
#: How laughter and cries are spelt: such a word is what was to be heard, and counted apart.
CRIES = {"ha", "haha", "hahaha", "he", "hehe", "ho", "hoho", "hey", "oh", "ooh", "ah", "aha", "wow", "whoo",
         "woo", "woohoo", "yay", "yahoo", "yippee", "huh", "hm", "hmm", "uh", "eh"}
KOREAN = Path(__file__).parents[1] / "tests" / "data" / "everyday.tsv"


def listen(film: Film, recognizer: Recognizer, language: str = "auto") -> list[Utterance]:
    """What the recognizer makes of a film, by way of a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.wav"
        soundfile.write(path, np.concatenate(film.parts), SAMPLE_RATE)
        *_, (_, sound) = decode(probe(path))
        with sound:
            return list(recognize(recognizer, sound, activity.find(sound), language=language))


def level(samples: np.ndarray) -> np.ndarray:
    """dB of every 10 ms, the loudest being 0."""
    frames = samples[:len(samples) // 160 * 160].reshape(-1, 160)
    power = np.square(frames).mean(1) + 1e-12
    return np.asarray(10 * np.log10(power / power.max()))


def trimmed(samples: np.ndarray) -> np.ndarray:
    """Without what is quieter at both ends."""
    loud = np.flatnonzero(level(samples) > -QUIET)
    return samples[loud[0] * 160:(loud[-1] + 1) * 160]


def sharp(samples: np.ndarray) -> bool:
    """Whether a trimmed take begins with its first word: it becomes loud at once, and then stays so."""
    heard = level(samples)
    loud = int(np.flatnonzero(heard > -LOUD)[0])
    after = heard[loud:loud + 50]  # a click or a breath is over within half a second, and silence follows
    quiet = np.convolve(after < -QUIET, np.ones(10), "valid")
    return loud <= SHARP * 100 and not (quiet >= 10).any()


def bare(text: str) -> str:
    """Lower case, letters and single spaces."""
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text.lower().replace("'", ""))
    return " ".join(kept.split())


def said(utterances: Iterable[Utterance]) -> str:
    """The text of utterances, bare."""
    return bare(" ".join(u.text for u in utterances))


def starts(utterances: Iterable[Utterance]) -> np.ndarray:
    """When words begin, s."""
    return np.array([w.start for u in utterances for w in u.words] or [np.inf])


def sentences(archive: Path, actors: list[int], most: int, recognizer: Recognizer) -> dict[str, Any]:
    """Word error rate and word times on films of takes, a film an actor."""
    truth, heard, distances, activities, seconds = [], [], list[float](), list[float](), 0.0
    began = time.process_time()
    for actor in actors:
        film, edges = Film(actor), []
        film.silence(1, 1)
        chosen = takes(archive, lambda name, end=f"-{actor:02d}": name.endswith(end))
        words = []
        for (name, sound), _ in zip(chosen, range(most), strict=False):
            take = trimmed(sound)
            film.add(take)
            film.silence(0.5, 2.5)
            words.append(SENTENCES[name.split("-")[4]])
            edges += [film.edges[-1][0]] if sharp(take) else []
        utterances = listen(film, recognizer)
        truth.append(" ".join(words))
        heard.append(said(utterances))
        distances += [float(np.abs(starts(utterances) - edge).min()) for edge in edges]
        activities += [min(abs(u.start - edge) for u in utterances) for edge in edges]
        seconds += film.seconds
    counts = jiwer.process_words(truth, heard)
    return {"actors": actors, "seconds": seconds, "processor_seconds": time.process_time() - began,
            "word_error_rate": counts.wer, "deletions": counts.deletions, "insertions": counts.insertions,
            "substitutions": counts.substitutions, "words": sum(len(t.split()) for t in truth),
            "edges": len(distances), "starts_within_0.2": float(np.mean(np.array(distances) < CLOSE)),
            "utterances_within_0.2": float(np.mean(np.array(activities) < CLOSE)),
            "median_distance": float(np.median(distances))}


def korean(recognizer: Recognizer, most: int) -> dict[str, Any]:
    """Character error rate on what espeak-ng says."""
    with KOREAN.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["language"] == "ko"]
    texts = [row["text"] for row in rows[:most]]
    film = Film()
    with tempfile.TemporaryDirectory() as folder:
        for text in texts:
            path = Path(folder) / "said.wav"
            subprocess.run(["espeak-ng", "-v", "ko", "-s", "140", "-w", str(path), text], check=True)
            *_, (_, sound) = decode(probe(path))
            with sound:
                film.add(sound.read(0, sound.duration))
            film.silence(0.8, 1.2)
    began = time.process_time()
    utterances = listen(film, recognizer, "ko")
    truth = bare(" ".join(texts)).replace(" ", "")
    return {"sentences": len(texts), "seconds": film.seconds,
            "processor_seconds": time.process_time() - began,
            "character_error_rate": jiwer.cer(truth, said(utterances).replace(" ", ""))}


def music(seconds: float) -> np.ndarray:
    """Four chords over and over, with overtones, a bass and a drum of noise, (n,) float32."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    bar = (t // 2).astype(int) % 4
    sound = np.zeros_like(t)
    for note in range(3):
        pitch = np.array([[261.6, 329.6, 392.0], [220.0, 261.6, 329.6], [174.6, 220.0, 261.6],
                          [196.0, 246.9, 293.7]])[bar, note]
        phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.004 * np.sin(2 * np.pi * 5 * t))) / SAMPLE_RATE
        sound += sum(np.sin(k * phase) / k ** 1.5 for k in range(1, 6)) * np.exp(-(t % 1) * 2)
    drum = np.random.default_rng(0).normal(0, 1, len(t)) * np.exp(-(t % 0.5) * 30)
    return np.asarray((sound + drum) * 0.08, np.float32)


def invented(speech: Path, actors: list[int], recognizer: Recognizer) -> dict[str, dict[str, Any]]:
    """Words where nobody says any."""
    silence = Film(noise=0.001)
    for actor in actors:
        chosen = takes(speech / "ravdess.tar", lambda name, end=f"-{actor:02d}": name.endswith(end))
        for (_, sound), _ in zip(chosen, range(3), strict=False):
            silence.silence(30, 30)
            silence.add(trimmed(sound))
    silence.silence(30, 30)
    laughter = Film(noise=0.0005)
    testing = takes(speech / "emogator.tar",
                    lambda name: "_happiness_" in name and int(name.split("_")[0]) % 10 == 0)
    for (_, sound), _ in zip(testing, range(40), strict=False):
        laughter.silence(1, 3)
        laughter.add(sound)
    band = Film()
    band.add(music(120))
    figures = {}
    for name, film in {"long silence": silence, "laughter": laughter, "music": band}.items():
        utterances = listen(film, recognizer)
        near = film.edges if film is silence else []
        words = [w.text for u in utterances for w in u.words
                 if not any(a - 0.5 < (w.start + w.end) / 2 < b + 0.5 for a, b in near)]
        cries = [word for word in words if all(part in CRIES for part in bare(word).split())]
        figures[name] = {"seconds": film.seconds, "sounds": len(film.edges), "cries": len(cries),
                         "invented": len(words) - len(cries), "words": words[:50]}
    return figures


def load(model: str, engine: str) -> Recognizer:
    """Whisper, as `emocli analyze` finds it."""
    path = whisper_weights.locate(model, engine, offline=False)
    return FasterWhisper(path) if engine == "faster" else TorchWhisper(path)


def show(result: dict[str, Any]) -> None:
    """Print the figures as tables."""
    from rich.console import Console
    from rich.table import Table

    table = Table("what", "how much", "figure", title=f"{result['model']}, {result['engine']}")
    said, ko = result["ravdess"], result["korean"]
    if said:
        sound = f"{said['seconds']:.0f} s, {said['words']} words"
        table.add_row(f"RAVDESS {said['actors']}", sound, f"word error rate {said['word_error_rate']:.3f}")
        table.add_row("", f"{said['edges']} edges",
                      f"a word's start within {CLOSE} s {said['starts_within_0.2']:.1%}")
        table.add_row("", "", f"{said['processor_seconds']:.0f} processor seconds")
    if ko:
        table.add_row("Korean, espeak-ng", f"{ko['seconds']:.0f} s, {ko['sentences']} sentences",
                      f"character error rate {ko['character_error_rate']:.3f}")
    for name, figures in result["invented"].items():
        table.add_row(name, f"{figures['seconds']:.0f} s, {figures['sounds']} sounds",
                      f"{figures['invented']} words invented, {figures['cries']} cries")
    Console().print(table)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("speech", type=Path)
    parser.add_argument("--model", default="base", help="a size of Whisper, a folder or a .pt")
    parser.add_argument("--engine", default="faster", choices=["faster", "openai"])
    parser.add_argument("--actors", type=int, nargs="+", default=[21, 22, 23, 24])
    parser.add_argument("--takes", type=int, default=60, help="of an actor, at most")
    parser.add_argument("--only", choices=["sentences", "rest"], help="half of the figures")
    parser.add_argument("--out", type=Path, default=Path("bench/results"))
    args = parser.parse_args()
    recognizer = load(args.model, args.engine)
    result = {"model": Path(args.model).name, "engine": args.engine,
              "ravdess": {}, "korean": {}, "invented": {}}
    if args.only != "rest":
        result["ravdess"] = sentences(args.speech / "ravdess.tar", args.actors, args.takes, recognizer)
    if args.only != "sentences":
        result["korean"] = korean(recognizer, 60)
        result["invented"] = invented(args.speech, args.actors, recognizer)
    show(result)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "transcribe.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
