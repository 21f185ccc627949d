"""Whisper by faster-whisper (CTranslate2) with int8 weights: the recognizer of a CPU.

The weights are OpenAI's, converted; several windows go through the decoder together, and each through the
encoder once, for its language and its words.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from emocli.errors import WeightsError
from emocli.media.audio import SAMPLE_RATE
from emocli.timeline.types import Word
from emocli.transcript.recognizer import WINDOW, Phrase

#: Hypotheses that are followed at once, as OpenAI's own program does.
BEAM_SIZE = 5
#: Whisper's spectrogram frames a second; a segment's `seek` is its window's start in them.
FRAMES_PER_SECOND = 100
#: Probability from which a window's own language counts; others are taken to be in the talk's.
SURE_LANGUAGE = 0.7
#: Seconds of silence after what must be read at once, where other windows are filled up to half a minute: a
#: third of the encoder's time for 2 s of speech, and as many words right.  With less of it words come twice,
#: and so they do with zeros, as faster-whisper fills windows up, for silence.
BRIEF_SILENCE = 10.0
#: Seconds of which such windows have a multiple: libraries keep memory for every length that comes.
BRIEF_STEP = 4.0
#: Tokens of a window at most, a second of it and beside: Whisper goes on for seconds where it is caught in a
#: loop, and scripts that it knows little of take two to three tokens a letter.  All that its decoder has room
#: for, with the prompt.
TOKENS_PER_SECOND, MORE_TOKENS, MOST_TOKENS = 40, 50, 440


class _Encoded:
    """A `WhisperModel` whose windows are encoded already."""

    def __init__(self, model: Any, windows: Any) -> None:
        self._model, self._windows = model, windows

    def encode(self, features: np.ndarray) -> Any:
        return self._windows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


class FasterWhisper:
    """A folder with `model.bin`, `config.json`, `tokenizer.json` and a vocabulary; with `brief`, for what
    must be read at once, windows are not filled up to half a minute.

    Raises `WeightsError` when it cannot be opened.
    """

    distributions: tuple[str, ...] = ("faster-whisper", "ctranslate2")
    batch = 4  # more take memory, 67 MB a window, and no less time

    def __init__(self, folder: Path, *, brief: bool = False) -> None:
        from faster_whisper import WhisperModel

        self._brief, self._votes = brief, Counter[str]()
        logging.getLogger("faster_whisper").setLevel(logging.WARNING)
        try:
            self._model: Any = WhisperModel(str(folder), device="cpu", compute_type="int8",
                                            cpu_threads=os.cpu_count() or 1, local_files_only=True)
        except Exception as error:  # of CTranslate2, of tokenizers, of JSON
            raise WeightsError(folder, f"is no Whisper model of faster-whisper ({str(error)[:120]})",
                               "fetch it again, or give another --asr-model") from error

    def recognize(self, windows: Sequence[np.ndarray], language: str,
                  check: Callable[[], None]) -> list[list[Phrase]]:
        """The phrases of each window."""
        seconds = self._filled(windows) if self._brief else WINDOW
        encoded = [self._encode(samples, check, seconds) for samples in windows]
        votes = self._votes if self._brief else Counter[str]()
        languages = self._languages(encoded, votes) if language == "auto" else [language] * len(windows)
        phrases: list[list[Phrase]] = [[] for _ in windows]
        for code in sorted(set(languages)):
            numbers = [i for i, own in enumerate(languages) if own == code]
            for first in range(0, len(numbers), self.batch):
                check()
                some = numbers[first:first + self.batch]
                decoded = self._decode([windows[i] for i in some], [encoded[i] for i in some], code, check)
                for number, result in zip(some, decoded, strict=True):
                    phrases[number] = result
        return phrases

    def draft(self, samples: np.ndarray, language: str) -> tuple[str, str]:
        """The likeliest words and their language, without times."""
        from faster_whisper import BatchedInferencePipeline

        encoded = self._encode(samples, lambda: None, self._filled([samples]))
        code = self._languages([encoded], votes=self._votes.copy())[0] if language == "auto" else language
        segments, _ = BatchedInferencePipeline(_Encoded(self._model, _view([encoded]))).transcribe(
            samples, language=code, clip_timestamps=[{"start": 0.0, "end": len(samples) / SAMPLE_RATE}],
            beam_size=1, without_timestamps=True, max_new_tokens=_most_tokens([samples]))
        return " ".join(segment.text.strip() for segment in segments).strip(), code

    def _filled(self, windows: Sequence[np.ndarray]) -> float:
        """Seconds to which windows are filled up to be read at once."""
        least = max(map(len, windows)) / SAMPLE_RATE + BRIEF_SILENCE
        return min(WINDOW, ceil(least / BRIEF_STEP) * BRIEF_STEP)

    def _encode(self, samples: np.ndarray, check: Callable[[], None], seconds: float) -> np.ndarray:
        """A window, filled up to some seconds, as the decoder sees it, (1, positions, width) float32."""
        from faster_whisper.audio import pad_or_trim

        check()
        features = self._model.feature_extractor(samples)[..., :-1]
        if seconds < WINDOW:
            silence = round(seconds * FRAMES_PER_SECOND) - features.shape[-1]
            features = np.pad(features, ((0, 0), (0, silence)), constant_values=features.min())
        else:
            features = pad_or_trim(features)
        return np.array(self._model.encode(features))

    def _languages(self, encoded: Sequence[np.ndarray], votes: Counter[str]) -> list[str]:
        """Each window's own language, or, where that is not clear, the likeliest of `votes`, to which they
        are added, and those beside it."""
        if not self._model.model.is_multilingual:
            return ["en"] * len(encoded)
        own: list[tuple[str, float]] = []
        for shares in self._model.model.detect_language(_view(encoded)):
            every = [(token.strip("<|>"), share) for token, share in shares]
            own.append(every[0])
            for code, share in every:
                votes[code] += share
        likeliest = max(votes, key=lambda code: votes[code])
        return [code if probability >= SURE_LANGUAGE else likeliest for code, probability in own]

    def _decode(self, windows: Sequence[np.ndarray], encoded: Sequence[np.ndarray], language: str,
                check: Callable[[], None]) -> list[list[Phrase]]:
        from faster_whisper import BatchedInferencePipeline

        edges = np.cumsum([0, *map(len, windows)]) / SAMPLE_RATE
        clips = [{"start": start, "end": end} for start, end in pairwise(edges.tolist())]
        pipeline = BatchedInferencePipeline(_Encoded(self._model, _view(encoded)))
        segments, _ = pipeline.transcribe(
            np.concatenate(windows), language=language, clip_timestamps=clips, batch_size=len(windows),
            beam_size=BEAM_SIZE, word_timestamps=True, without_timestamps=False,
            max_new_tokens=_most_tokens(windows))
        phrases: list[list[Phrase]] = [[] for _ in windows]
        for segment in segments:
            check()
            number = int(np.abs(edges[:-1] - segment.seek / FRAMES_PER_SECOND).argmin())
            start = float(edges[number])
            words = tuple(Word(word.start - start, word.end - start, word.word.strip())
                          for word in segment.words or () if word.word.strip())
            phrases[number].append(Phrase(segment.start - start, segment.end - start, segment.text.strip(),
                                          words, language, segment.no_speech_prob, segment.avg_logprob))
        return phrases


def _most_tokens(windows: Sequence[np.ndarray]) -> int:
    return min(MOST_TOKENS, MORE_TOKENS + round(TOKENS_PER_SECOND * max(map(len, windows)) / SAMPLE_RATE))


def _view(encoded: Sequence[np.ndarray]) -> Any:
    """Windows side by side, for CTranslate2."""
    import ctranslate2

    return ctranslate2.StorageView.from_array(np.concatenate(encoded))
