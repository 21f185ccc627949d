"""Readings of voice and words by foreign models, and of ensembles.

A model that cannot be loaded, or fails on a file, costs its own readings, with a note; the rest of the
analysis goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from emocli import weights
from emocli.adapters.kinds import KINDS
from emocli.adapters.registry import Loaded, failure, one_line
from emocli.errors import EmocliError, InputError
from emocli.timeline.run import (
    UNHEARD,
    Read,
    Reader,
    Run,
    Speech,
    StoppedError,
    between_utterances,
    of_utterances,
)
from emocli.timeline.run import log as logger
from emocli.timeline.types import Reading, Segment
from emocli.voice.described import SHORTEST, SILENT

#: Inputs that are read at once.
BATCH = 8
#: Seconds of which the middle of a longer stretch is read.
LONGEST = 30.0
QUIET, NO_WORDS = "the sound is silent here", "no words"
NO_NUMBERS = "gave no finite numbers"


class ForeignReader:
    """Reads voice or words with the model `name` that `load` gives, which is called at once, and again after
    `close`; where it cannot be loaded, no run has readings, and each is told why."""

    def __init__(self, modality: str, name: str, load: Callable[[], Loaded]) -> None:
        self.modality, self._name, self._load = modality, name, load
        self._loaded: Loaded | EmocliError | None = load_or_error(modality, load)

    @property
    def failures(self) -> Sequence[EmocliError | None]:
        """Why the model cannot be used, if so."""
        return [self._loaded if isinstance(self._loaded, EmocliError) else None]

    def observe(self, run: Run) -> Read:
        """Read every utterance, beside the pictures."""
        if self._loaded is None:
            self._loaded = load_or_error(self.modality, self._load)
        if not isinstance(self._loaded, Loaded):
            run.notes.append(unread(self.modality, self._loaded))
            absent = Reading(self.modality, reason=f"{self._name} cannot be used")
            return lambda segments: [absent] * len(segments)
        say_labels(run, self._loaded)
        with run.stage(f"reading the {self.modality} by {self._loaded.reference}"):
            read = (_voice if self.modality == "voice" else _text)(run, self._loaded)
        run.progress(self.modality, run.info.duration)
        return read

    def close(self) -> None:
        """End what the model has started."""
        if isinstance(self._loaded, Loaded):
            self._loaded.classifier.close()
        self._loaded = None


class EnsembleReader:
    """The weighted mean of the scores of several readers of one modality, over those that have something to
    say of a segment."""

    def __init__(self, readers: Sequence[Reader], shares: Sequence[float]) -> None:
        self.modality = readers[0].modality
        self._readers, self._shares = tuple(readers), tuple(shares)

    @property
    def failures(self) -> Sequence[EmocliError | None]:
        """Why each of them cannot be used, if so."""
        return [error for reader in self._readers for error in failures(reader)]

    def observe(self, run: Run) -> Read:
        """Let each read, one after the other."""
        reads = [reader.observe(run) for reader in self._readers]
        return lambda segments: [mean_reading(answers, self._shares)
                                 for answers in zip(*(read(segments) for read in reads), strict=True)]

    def close(self) -> None:
        """Close all of them."""
        for reader in self._readers:
            reader.close()


def failures(reader: object) -> Sequence[EmocliError | None]:
    """An item a model of a reader: why it cannot be used, or None."""
    return getattr(reader, "failures", [None])


def load_or_error(modality: str, load: Callable[[], Loaded]) -> Loaded | EmocliError:
    """The model, or, logged once, why it cannot be used.  Raises what is wrong with an option or an input,
    not with the model."""
    try:
        return load()
    except EmocliError as error:
        if isinstance(error, InputError) or error.subject.startswith("--"):
            raise
        logger.warning("%s", unread(modality, error))
        return error


def unread(modality: str, error: EmocliError) -> str:
    """That a model reads nothing, and why."""
    return f"the {modality} is not read: {error}"


def mean_reading(readings: Sequence[Reading], shares: Sequence[float]) -> Reading:
    """One reading of several of the same segment, the first one where all are absent."""
    present = [(r, r.scores, share) for r, share in zip(readings, shares, strict=True)
               if r.scores is not None]
    if not present:
        return readings[0]
    scores = np.average([own for _, own, _ in present], axis=0, weights=[share for *_, share in present])
    return replace(present[0][0], features=scores, logits=log(scores), scores=scores.astype(np.float32),
                   quality=max(r.quality for r, *_ in present))


def log(scores: np.ndarray) -> np.ndarray:
    """Logits of scores, float32; those of a class that is ruled out stay finite."""
    return np.log(np.maximum(scores, 1e-6)).astype(np.float32)


def read_inputs(run: Run, modality: str, loaded: Loaded, inputs: Iterable[Any]) -> list[Reading]:
    """One reading an input, in batches; all absent, with a note, if the model fails at one."""
    readings: list[Reading] = []
    left, name = iter(inputs), str(loaded.reference)
    while batch := list(islice(left, BATCH)):
        run.check()
        try:
            own = np.asarray(loaded.classifier.scores(batch), np.float32)
            if own.shape != (len(batch), len(loaded.classifier.labels)):
                raise EmocliError(name, f"gave scores of the shape {own.shape} for {len(batch)} inputs and "
                                  f"{len(loaded.classifier.labels)} labels", "check its labels")
        except StoppedError:
            raise
        except Exception as error:  # of any library
            run.note(unread(modality, error if isinstance(error, EmocliError)
                            else failure(name, f"failed ({one_line(error)})")))
            missed = Reading(modality, reason=f"{name} failed")
            return [missed] * (len(readings) + len(batch) + sum(1 for _ in left))
        readings += [_reading(modality, name, *pair)
                     for pair in zip(own, loaded.labels.seven(own), strict=True)]
    if readings:
        run.uses("numpy", *KINDS[loaded.reference.kind].libraries, weights=record(loaded))
    if strange := sum(r.reason == f"{name} {NO_NUMBERS}" for r in readings):
        why = failure(name, f"{NO_NUMBERS} for {strange} of {len(readings)} inputs")
        run.note(unread(modality, why))
    return readings


def _reading(modality: str, name: str, own: np.ndarray, seven: np.ndarray) -> Reading:
    if not np.isfinite(seven).all():
        return Reading(modality, reason=f"{name} {NO_NUMBERS}")
    if not seven.any():
        return Reading(modality, reason=f"{name} names none of the seven classes here")
    return Reading(modality, own, log(seven), seven, quality=1.0)


def say_labels(run: Run, loaded: Loaded) -> None:
    """Note what the model says of itself, which labels are left out and which classes are never named."""
    labels, name = loaded.labels, str(loaded.reference)
    for text in loaded.classifier.notes:
        run.note(text)
    if labels.unmapped:
        shown = ", ".join(labels.unmapped[:12]) + (", ..." if len(labels.unmapped) > 12 else "")
        run.note(f"{name}: labels that stand for none of the seven classes are left out: {shown}")
    if labels.missing:
        run.note(f"{name} never names {', '.join(labels.missing)}")


def record(loaded: Loaded) -> dict[str, Any]:
    """The model's files, as the provenance tells of them."""
    name, files = str(loaded.reference), loaded.classifier.files
    licence = KINDS[loaded.reference.kind].licence
    several = len(files) > 1
    return {key: entry for path in files for key, entry in weights.of_file(
        f"{name} {path.name}" if several else name, path, licence).items()}


def _text(run: Run, loaded: Loaded) -> Read:
    utterances = run.speech.utterances
    readings = [Reading("text", reason=NO_WORDS)] * len(utterances)
    said = [i for i, u in enumerate(utterances) if any(c.isalnum() for c in u.text)]
    inputs: Iterator[Any] = (utterances[i].text for i in said)
    if loaded.classifier.with_sound:  # type: ignore[attr-defined]
        inputs = ((utterances[i].text, run.speech.sound.read(utterances[i].start, utterances[i].end))
                  for i in said)
    answers = read_inputs(run, "text", loaded, inputs)
    for i, reading in zip(said, answers, strict=True):
        readings[i] = reading
    return of_utterances(readings, [u.end - u.start for u in utterances], Reading("text", reason=NO_WORDS))


def _voice(run: Run, loaded: Loaded) -> Read:
    speech = run.speech
    stretches = [(u.start, u.end) if speech.speaks(u.start, u.end) else None for u in speech.utterances]
    readings = _hear(run, loaded, speech, stretches)
    seconds = [min(LONGEST, u.end - u.start) for u in speech.utterances]
    read = between_utterances(speech, of_utterances(readings, seconds, Reading("voice")))
    if not loaded.classifier.hears_gaps:  # type: ignore[attr-defined]
        return read

    def everywhere(segments: Sequence[Segment]) -> list[Reading]:
        gaps = [None if s.utterance else (s.start, s.end) for s in segments]
        return [said if said.present or gap is None or not heard.present else heard for said, gap, heard
                in zip(read(segments), gaps, _hear(run, loaded, speech, gaps), strict=True)]

    return everywhere


def _hear(run: Run, loaded: Loaded, speech: Speech,
          stretches: Sequence[tuple[float, float] | None]) -> list[Reading]:
    """One reading a stretch, s, absent where there is None, too little of it or silence."""
    rate: int = loaded.classifier.rate  # type: ignore[attr-defined]
    readings, loud = [Reading("voice", reason=UNHEARD) if s is None else Reading("voice", reason=QUIET)
                      for s in stretches], list[int]()

    def sounds() -> Iterator[np.ndarray]:
        for i, stretch in enumerate(stretches):
            samples = _samples(speech, *stretch) if stretch else np.zeros(0, np.float32)
            if len(samples):
                loud.append(i)
                yield resampled(samples, rate)

    answers = read_inputs(run, "voice", loaded, sounds())
    for i, reading in zip(loud, answers, strict=True):
        readings[i] = reading
    return readings


def _samples(speech: Speech, start: float, end: float) -> np.ndarray:
    """16 kHz sound of a stretch, of its middle where it is long; none where it is short or silent."""
    spare = max(0.0, end - start - LONGEST) / 2
    samples = speech.sound.read(start + spare, end - spare)
    level = float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
    return samples if end - start >= SHORTEST and level > SILENT else samples[:0]


def resampled(samples: np.ndarray, rate: int, from_rate: int = 16_000) -> np.ndarray:
    """Sound at another rate, Hz, (n,) float32."""
    if rate == from_rate:
        return samples
    from math import gcd

    from scipy.signal import resample_poly

    shared = gcd(rate, from_rate)
    return np.asarray(resample_poly(samples, rate // shared, from_rate // shared), np.float32)
