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
#: Seconds of silence after the sound of a draft, where Whisper's own windows are filled up to half a minute:
#: that takes the encoder a quarter of the time and changes no more words than it mends (RAVDESS' actors 19
#: and 20: 20 of 100 wrong, by half a minute 23).  With less of it words come twice.
DRAFT_SILENCE = 10.0
#: Tokens of a draft at most, a second of it and beside; nobody speaks so fast, but one in a loop goes on.
TOKENS_PER_SECOND, MORE_TOKENS = 15, 10


class _Encoded:
    """A `WhisperModel` whose windows are encoded already."""

    def __init__(self, model: Any, windows: Any) -> None:
        self._model, self._windows = model, windows

    def encode(self, features: np.ndarray) -> Any:
        return self._windows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


class FasterWhisper:
    """A folder with `model.bin`, `config.json`, `tokenizer.json` and a vocabulary.

    Raises `WeightsError` when it cannot be opened.
    """

    distributions: tuple[str, ...] = ("faster-whisper", "ctranslate2")
    batch = 4  # more take memory, 67 MB a window, and no less time

    def __init__(self, folder: Path) -> None:
        from faster_whisper import WhisperModel

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
        encoded = [self._encode(samples, check) for samples in windows]
        languages = self._languages(encoded) if language == "auto" else [language] * len(windows)
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

        seconds = len(samples) / SAMPLE_RATE
        features = self._model.feature_extractor(samples)[..., :-1]
        silence = round(DRAFT_SILENCE * FRAMES_PER_SECOND) + features.shape[-1] % 2
        padded = np.pad(features, ((0, 0), (0, silence)), constant_values=features.min())
        encoded = np.array(self._model.encode(padded[:, :round(WINDOW * FRAMES_PER_SECOND)]))
        code = self._languages([encoded])[0] if language == "auto" else language
        segments, _ = BatchedInferencePipeline(_Encoded(self._model, _view([encoded]))).transcribe(
            samples, language=code, clip_timestamps=[{"start": 0.0, "end": seconds}], beam_size=1,
            without_timestamps=True, max_new_tokens=round(MORE_TOKENS + TOKENS_PER_SECOND * seconds))
        return " ".join(segment.text.strip() for segment in segments).strip(), code

    def _encode(self, samples: np.ndarray, check: Callable[[], None]) -> np.ndarray:
        """A window as the decoder sees it, (1, positions, width) float32."""
        from faster_whisper.audio import pad_or_trim

        check()
        return np.array(self._model.encode(pad_or_trim(self._model.feature_extractor(samples)[..., :-1])))

    def _languages(self, encoded: Sequence[np.ndarray]) -> list[str]:
        """Each window's own language, or, where that is not clear, the likeliest of those beside it."""
        if not self._model.model.is_multilingual:
            return ["en"] * len(encoded)
        votes: Counter[str] = Counter()
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
            beam_size=BEAM_SIZE, word_timestamps=True, without_timestamps=False)
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


def _view(encoded: Sequence[np.ndarray]) -> Any:
    """Windows side by side, for CTranslate2."""
    import ctranslate2

    return ctranslate2.StorageView.from_array(np.concatenate(encoded))
