"""Whisper by faster-whisper (CTranslate2), with int8 weights: the recognizer of a CPU.

The same weights as OpenAI's, converted by Systran; several windows go through the network together.
"""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emocli.errors import WeightsError
from emocli.media.audio import SAMPLE_RATE
from emocli.timeline.types import Word
from emocli.transcript.recognizer import RecognizedSegment

#: Windows of one forward pass: more take memory (67 MB each) and no less time.
BATCH = 4
#: Hypotheses that are followed at once, as OpenAI's own program does.
BEAM_SIZE = 5
#: Whisper's spectrogram frames a second; a segment's `seek` is its window's start in them.
FRAMES_PER_SECOND = 100
#: Probability from which a window's own language counts; others are taken to be in the talk's.
SURE_LANGUAGE = 0.7


class FasterWhisper:
    """A folder with `model.bin`, `config.json`, `tokenizer.json` and `vocabulary.txt`.

    Raises `WeightsError` when it cannot be opened.
    """

    name = "faster-whisper"
    batch = BATCH

    def __init__(self, folder: Path) -> None:
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        logging.getLogger("faster_whisper").setLevel(logging.WARNING)
        try:
            self._model: Any = WhisperModel(str(folder), device="cpu", compute_type="int8",
                                            cpu_threads=os.cpu_count() or 1, local_files_only=True)
        except (RuntimeError, ValueError, OSError) as error:
            raise WeightsError(folder, f"is no Whisper model of faster-whisper ({str(error)[:120]})",
                               "fetch it again, or give another --asr-model") from error
        self._pipeline = BatchedInferencePipeline(self._model)
        self._language_votes: dict[str, float] = defaultdict(float)

    def recognize(self, windows: Sequence[np.ndarray], language: str) -> list[list[RecognizedSegment]]:
        """The segments of each window."""
        languages = [self._language(samples) if language == "auto" else language for samples in windows]
        segments: list[list[RecognizedSegment]] = [[] for _ in windows]
        for code in sorted(set(languages)):
            numbers = [i for i, own in enumerate(languages) if own == code]
            for number, result in zip(numbers, self._decode([windows[i] for i in numbers], code), strict=True):
                segments[number] = result
        return segments

    def _language(self, samples: np.ndarray) -> str:
        """The window's own language, or, where that is not clear, the likeliest so far."""
        own, probability, everything = self._model.detect_language(samples)
        for code, share in everything:
            self._language_votes[code] += share
        return str(own if probability >= SURE_LANGUAGE else
                   max(self._language_votes, key=lambda code: self._language_votes[code]))

    def _decode(self, windows: Sequence[np.ndarray], language: str) -> list[list[RecognizedSegment]]:
        edges = np.cumsum([0, *map(len, windows)]) / SAMPLE_RATE
        clips = [{"start": start, "end": end} for start, end in zip(edges, edges[1:], strict=False)]
        found, _ = self._pipeline.transcribe(
            np.concatenate(windows), language=language, clip_timestamps=clips, batch_size=BATCH,
            beam_size=BEAM_SIZE, word_timestamps=True, without_timestamps=False)
        segments: list[list[RecognizedSegment]] = [[] for _ in windows]
        for segment in found:
            number = int(np.abs(edges[:-1] - segment.seek / FRAMES_PER_SECOND).argmin())
            offset = edges[number]
            words = tuple(Word(float(w.start - offset), float(w.end - offset), w.word.strip())
                          for w in segment.words or () if w.word.strip())
            segments[number].append(RecognizedSegment(
                float(segment.start - offset), float(segment.end - offset), segment.text.strip(), words, language,
                float(segment.no_speech_prob), float(segment.avg_logprob)))
        return segments
