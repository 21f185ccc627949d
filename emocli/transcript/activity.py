"""Where somebody speaks: silero-vad, whose weights come in its package, over streamed sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from emocli import weights
from emocli.media.audio import SAMPLE_RATE, Sound, decode
from emocli.media.probe import probe
from emocli.timeline.run import Run, Speech
from emocli.timeline.types import Utterance

#: Samples of one decision (32 ms) and of the sound before it that the network sees too, and seconds of sound
#: that are read together.
STEP, BEFORE, BLOCK = 512, 64, 30.0
#: Speech probability that starts an utterance, and the one below which it may end.
ON, OFF = 0.5, 0.35
#: Seconds: silence that ends an utterance, shortest utterance, padding, longest utterance.
SILENCE, SHORTEST, PAD, LONGEST = 0.4, 0.25, 0.06, 15.0
_STEP_SECONDS = STEP / SAMPLE_RATE


def find(sound: Sound, run: Run | None = None) -> list[Utterance]:
    """Utterances without words of a sound; a run hears of the progress and of what took part."""
    if run is None:
        return utterances(probabilities(sound.blocks(BLOCK)), sound.duration)
    with run.stage("finding speech"):
        speech = probabilities(sound.blocks(BLOCK), lambda seconds: run.progress("speech", seconds))
    if len(speech):
        run.uses("numpy", "silero-vad", "torch",
                 weights=weights.of_package("silero_vad", "data/silero_vad.jit"))
    return utterances(speech, sound.duration)


@contextmanager
def listen(recording: Path) -> Iterator[Speech]:
    """The speech of a recording, open while it is used."""
    *_, (_, sound) = decode(probe(recording))
    with sound:
        yield Speech(find(sound), "", sound)


def probabilities(blocks: Iterable[tuple[float, np.ndarray]],
                  progress: Callable[[float], None] = lambda seconds: None) -> np.ndarray:
    """Speech probability of every 32 ms of the sound, (n,) float32.

    silero-vad takes one step a call.  Here its parts are called for a block at a time, with the same answers
    in a fraction of the time: what does not depend on earlier steps for all steps at once, then its LSTM.
    (Its ONNX file takes whole sequences too, but onnxruntime writes into the temporary folder at import.)
    """
    stream = SpeechStream()
    speech = [np.zeros(0, np.float32)]
    for start, block in blocks:
        speech.append(stream.feed(block))
        progress(start + len(block) / SAMPLE_RATE)
    return np.concatenate(speech)


class SpeechStream:
    """silero-vad over sound that comes in blocks of any length."""

    def __init__(self) -> None:
        self._vad, self._lstm = _model()
        self._state: Any = None
        self._rest = np.zeros(BEFORE, np.float32)

    def feed(self, block: np.ndarray) -> np.ndarray:
        """Speech probability of every step of 32 ms that is now whole, (n,) float32."""
        import torch

        joined = np.concatenate([self._rest, block])
        whole = (len(joined) - BEFORE) // STEP * STEP
        self._rest = joined[whole:]
        if not whole:
            return np.zeros(0, np.float32)
        with torch.inference_mode():
            steps = torch.from_numpy(joined[:whole + BEFORE]).unfold(0, BEFORE + STEP, STEP)
            told = self._vad.encoder(self._vad.run_extractors(steps)).squeeze(-1)
            hidden, self._state = self._lstm(told, self._state)
            return np.asarray(self._vad.decoder.decoder(hidden.unsqueeze(-1)).flatten(1).mean(1).numpy())


@cache
def _model() -> tuple[Any, Any]:
    """The network for 16 kHz, and its recurrent cell as one that follows many steps; kept, because loading
    takes a quarter of a second."""
    from silero_vad import load_silero_vad
    from torch.nn import LSTM

    vad = load_silero_vad()._model
    cell = vad.decoder.rnn.state_dict()
    lstm = LSTM(cell["weight_ih"].shape[1], cell["weight_hh"].shape[1])
    lstm.load_state_dict({f"{name}_l0": values for name, values in cell.items()})
    return vad, lstm.eval()


def utterances(speech: np.ndarray, duration: float) -> list[Utterance]:
    """Utterances without words from the probabilities of 32 ms steps."""
    segmenter = Segmenter()
    return [*segmenter.feed(speech), *segmenter.finish(duration)]


class Segmenter:
    """Utterances without words as they end, from probabilities that come a few at a time.  One ends after
    `silence` s, and one longer than `longest` s is cut where it is most nearly silent."""

    def __init__(self, silence: float = SILENCE, longest: float = LONGEST) -> None:
        self._silence, self._most = silence, round(longest / _STEP_SECONDS)
        self._steps, self._last = 0, 0  # all steps, and those up to the end of the last speech
        self._first: int | None = None
        self._cut = False
        self._since: list[float] = []  # probabilities from `_first` on

    @property
    def going_on(self) -> tuple[Utterance, float] | None:
        """The utterance that has not ended, as it would be if it had, and the seconds of silence after it;
        None where nobody speaks, or not for long enough yet."""
        if self._first is None or not self._enough():
            return None
        return _padded(self._first, self._last), (self._steps - self._last) * _STEP_SECONDS

    def feed(self, speech: np.ndarray) -> list[Utterance]:
        """Those that end within the steps (n,) that follow."""
        return [ended for probability in speech.tolist() for ended in self._step(probability)]

    def finish(self, duration: float) -> list[Utterance]:
        """What was being said when the sound ended at `duration`, s."""
        return [replace(u, end=min(duration, u.end)) for u in self._close() if u.start < duration]

    def _step(self, probability: float) -> Iterator[Utterance]:
        self._steps += 1
        if self._first is None:
            if probability < ON:
                return
            self._first, self._cut, self._since = self._steps - 1, False, []
        self._since.append(probability)
        if probability >= OFF:
            self._last = self._steps
            if self._last - self._first > self._most:
                half = self._most // 2
                at = half + int(np.argmin(self._since[half:self._most]))
                yield _padded(self._first, self._first + at)
                self._first, self._cut, self._since = self._first + at, True, self._since[at:]
        elif (self._steps - self._last) * _STEP_SECONDS >= self._silence:
            yield from self._close()

    def _close(self) -> Iterator[Utterance]:
        if self._first is not None and self._enough():
            yield _padded(self._first, self._last)
        self._first = None

    def _enough(self) -> bool:
        return self._cut or (self._last - (self._first or 0)) * _STEP_SECONDS >= SHORTEST


def _padded(first: int, last: int) -> Utterance:
    """Of steps, with a little of what is around them."""
    return Utterance(max(0.0, first * _STEP_SECONDS - PAD), last * _STEP_SECONDS + PAD, source="speech")


def overlap(start: float, end: float, speech: Iterable[Utterance]) -> float:
    """Share of a stretch that is speech."""
    shared = sum(max(0.0, min(end, u.end) - max(start, u.start)) for u in speech)
    return shared / max(1e-6, end - start)
