"""Where somebody speaks: silero-vad, whose weights come in its package, over streamed sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from emocli import weights
from emocli.media.audio import SAMPLE_RATE, Sound, decode
from emocli.media.probe import probe
from emocli.timeline.run import Run, Speech
from emocli.timeline.types import Utterance

#: Samples of one decision (32 ms) and of what the model sees before them; seconds that are read together.
STEP, CONTEXT, BLOCK = 512, 64, 30.0
#: Speech probability that starts an utterance, and the one below which it may end.
ON, OFF = 0.5, 0.35
#: Seconds: silence that ends an utterance, shortest utterance, padding, longest utterance.
SILENCE, SHORTEST, PAD, LONGEST = 0.4, 0.25, 0.06, 15.0


def find(sound: Sound, run: Run | None = None) -> list[Utterance]:
    """Utterances without words of a sound; a run hears of the progress and of what took part."""
    if run is None:
        return utterances(probabilities(sound.blocks(BLOCK)), sound.duration)
    with run.stage("finding speech"):
        speech = probabilities(sound.blocks(BLOCK), lambda seconds: run.progress("speech", seconds))
    if len(speech):
        files = weights.of_package("silero_vad", "data/silero_vad_16k_sequence.onnx")
        run.uses("numpy", "onnxruntime", "silero-vad", weights=dict.fromkeys(["silero-vad"], *files.values()))
    return utterances(speech, sound.duration)


@contextmanager
def listen(recording: Path) -> Iterator[Speech]:
    """The speech of a recording, open while it is used."""
    *_, (_, sound) = decode(probe(recording))
    with sound:
        yield Speech(find(sound), "", sound)


def probabilities(blocks: Iterable[tuple[float, np.ndarray]],
                  progress: Callable[[float], None] = lambda seconds: None) -> np.ndarray:
    """Speech probability of every 32 ms of the sound, (n,) float32."""
    session = _model().session
    speech = [np.zeros(0, np.float32)]
    rest = np.zeros(CONTEXT, np.float32)  # the model sees the end of the step before, at first silence
    hidden, cell = np.zeros((2, 1, 1, 128), np.float32)
    for start, block in blocks:
        joined = np.concatenate([rest, block])
        steps = (len(joined) - CONTEXT) // STEP
        if steps:
            frames = np.lib.stride_tricks.sliding_window_view(joined, CONTEXT + STEP)[::STEP]
            found, hidden, cell = session.run(
                ["speech_probs", "hn", "cn"], {"input": np.ascontiguousarray(frames), "h": hidden, "c": cell})
            speech.append(found)
        rest = joined[steps * STEP:]
        progress(start + len(block) / SAMPLE_RATE)
    return np.concatenate(speech)


@cache
def _model() -> Any:
    """silero-vad for many steps a call, a tenth of the time of one step a call; kept."""
    from silero_vad import load_silero_vad

    return load_silero_vad(sequence=True)


def utterances(speech: np.ndarray, duration: float) -> list[Utterance]:
    """Utterances without words from the probabilities of 32 ms steps."""
    step = STEP / SAMPLE_RATE
    spans: list[list[int]] = []
    speaking, last = False, 0
    for i, p in enumerate(speech):
        if p >= ON and not speaking:
            spans.append([i, i + 1])
            speaking = True
        if speaking and p >= OFF:
            spans[-1][1] = last = i + 1
        elif speaking and (i + 1 - last) * step >= SILENCE:
            speaking = False
    whole = [part for a, b in spans if (b - a) * step >= SHORTEST for part in _cut(speech, a, b)]
    padded = [(max(0.0, a * step - PAD), min(duration, b * step + PAD)) for a, b in whole]
    return [Utterance(a, b, source="speech") for a, b in padded if b > a]


def _cut(speech: np.ndarray, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Cut a long stretch where it is most nearly silent."""
    most = round(LONGEST * SAMPLE_RATE / STEP)
    while last - first > most:
        at = first + most // 2 + int(speech[first + most // 2:first + most].argmin())
        yield first, at
        first = at
    yield first, last


def overlap(start: float, end: float, speech: Iterable[Utterance]) -> float:
    """Share of a stretch that is speech."""
    shared = sum(max(0.0, min(end, u.end) - max(start, u.start)) for u in speech)
    return shared / max(1e-6, end - start)
